"""Rows about many users for tests: a group, an import in preview."""

from typing import Any

from accounts.models import Group, User, UserImport
from tenants.models import Tenant


def make_group(tenant: Tenant, name: str = "Sales", *members: User) -> Group:
    group = Group.objects.create(tenant=tenant, name=name)
    group.users.set(members)
    return group


def make_import(asking: User, **fields: Any) -> UserImport:
    """A file without lines that `asking` uploaded."""
    values = {"file_name": "people.csv", "encoding": "utf-8-sig", **fields}
    return UserImport.objects.create(tenant=asking.tenant, requested_by=asking, **values)
