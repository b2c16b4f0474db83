"""Whose tenant: asked by the web process of a login, before anything else is known."""

from tenants.narrow import lookup

TENANT_OF_USER = lookup("tenant_of_user", "SELECT tenant_id FROM accounts_user WHERE id = %s", "bigint")
