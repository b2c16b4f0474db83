"""Signing in at an organisation's own identity provider: OpenID Connect and SAML 2.0 (docs/sso.md, docs/adr).

A sign-on begins at `flow.begin` and ends at `flow.finish`. In between the browser is at the provider, and `pending`
remembers what was begun: for which tenant, which provider and which browser. `oidc` and `saml` turn the provider's
answer into `Asserted`, `accounts.services.sso` turns that into one of the tenant's users.
"""
