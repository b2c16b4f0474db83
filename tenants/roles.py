"""The three database roles of a hardened installation, and what PostgreSQL grants them (docs/operations.md).

*owner* migrates and owns everything; *app* is the web process; *system* is Celery, the sealer and the operators'
commands. With LIVEON_DATABASE_URL alone one role is all three, and there is nothing to grant.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.backends.utils import CursorWrapper

from tenants.models import WEB_MAY
from tenants.narrow import LOOKUPS
from tenants.policies import names

EVERYTHING = frozenset(("SELECT", "INSERT", "UPDATE", "DELETE"))

Grants = dict[tuple[str, str], frozenset[str]]  # role, table → privileges


class UnsafeRole(Exception):
    """A role could get around row-level security; the text says how."""


@dataclass(frozen=True)
class Roles:
    """The names of the three roles."""

    owner: str
    app: str
    system: str


def configured_roles() -> Roles | None:
    """The roles that the three URLs name, or None for a single-role installation."""
    found = settings.DATABASE_ROLES
    return Roles(**found) if found else None


def refuse_unsafe(cursor: CursorWrapper, roles: Roles) -> None:
    """Raise UnsafeRole when app or system could get around row-level security or act as another of the three."""
    if len({roles.owner, roles.app, roles.system}) < 3:
        raise UnsafeRole("owner, app and system must be three different roles.")
    for role, others in ((roles.app, (roles.owner, roles.system)), (roles.system, (roles.owner,))):
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = %s", [role])
        attributes = cursor.fetchone()
        if attributes is None:
            raise UnsafeRole(f"There is no role {role!r}.")
        if any(attributes):
            raise UnsafeRole(f"{role!r} is a superuser or has BYPASSRLS.")
        for other in others:
            cursor.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", [role, other])
            if cursor.fetchone() == (True,):
                raise UnsafeRole(f"{role!r} is a member of {other!r}.")


def grant(cursor: CursorWrapper, roles: Roles) -> list[str]:
    """Give app and system what they need and nothing else; what was changed, as SQL."""
    cursor.execute("SELECT quote_ident(current_schema())")
    [(schema,)] = cursor.fetchall()
    both = names((roles.app, roles.system))
    cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {both}")
    cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {both}")
    changes = _table_changes(cursor, roles)
    for change in changes:
        cursor.execute(change)
    _grant_functions(cursor, roles)
    return changes


def _wanted(roles: Roles) -> Grants:
    found: Grants = {}
    for model in apps.get_models(include_auto_created=True):
        found[roles.app, model._meta.db_table] = frozenset(_web_may(model))
        found[roles.system, model._meta.db_table] = EVERYTHING
    return found


def _web_may(model: type[models.Model]) -> Iterable[str]:
    return getattr(model, "web_may", WEB_MAY)


def _table_changes(cursor: CursorWrapper, roles: Roles) -> list[str]:
    """From what is granted to what should be. A table that is no model's (a partition, say) is granted to nobody."""
    tables, granted, wanted = _tables(cursor), _granted(cursor, roles), _wanted(roles)
    changes = []
    for role in (roles.app, roles.system):
        for table in tables:
            has, needs = granted.get((role, table), frozenset()), wanted.get((role, table), frozenset())
            if has - needs:
                changes.append(f'REVOKE {", ".join(sorted(has - needs))} ON "{table}" FROM {names([role])}')
            if needs - has:
                changes.append(f'GRANT {", ".join(sorted(needs - has))} ON "{table}" TO {names([role])}')
    return changes


def _tables(cursor: CursorWrapper) -> list[str]:
    cursor.execute("""
        SELECT relname FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') ORDER BY 1""")
    return [name for (name,) in cursor.fetchall()]


def _granted(cursor: CursorWrapper, roles: Roles) -> Grants:
    cursor.execute(
        """
        SELECT pg_get_userbyid(grantee)::text, relname::text, array_agg(privilege_type)
        FROM pg_class, aclexplode(relacl)
        WHERE relnamespace = current_schema()::regnamespace AND pg_get_userbyid(grantee) IN (%s, %s)
        GROUP BY 1, 2""",
        [roles.app, roles.system],
    )
    return {(role, table): frozenset(privileges) for role, table, privileges in cursor.fetchall()}


def _grant_functions(cursor: CursorWrapper, roles: Roles) -> None:
    """The lookups for both; the owner's other functions, which act for all tenants, for the system alone."""
    cursor.execute("""
        SELECT proname, oid::regprocedure::text FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace AND prosecdef AND proname LIKE 'liveon\\_%%'""")
    for name, signature in cursor.fetchall():
        may = (roles.app, roles.system) if name in {each.function for each in LOOKUPS} else (roles.system,)
        cursor.execute(f"REVOKE ALL ON FUNCTION {signature} FROM {names([roles.app])}")
        cursor.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {names(may)}")
