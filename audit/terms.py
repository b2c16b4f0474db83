"""Names that occur in no record any more are forgotten: a purge must not leave them behind."""

from typing import Any

from django.db.models import CharField, Exists, Field, GenericIPAddressField, Model, OuterRef
from django.db.models.functions import Cast

from audit.models import Attendance, AuditEvent, LogTerm
from tenants.context import tenant_context
from tenants.models import Tenant

Kind = LogTerm.Kind
# where a term comes from: its kind, the model, the columns of its key and its text
SOURCES: tuple[tuple[Kind, type[Model], str, str], ...] = (
    (Kind.PERSON, Attendance, "login_id", "name"),
    (Kind.ROOM, Attendance, "room_id", "room_name"),
    (Kind.IP, Attendance, "", "ip_address"),
    (Kind.IP, AuditEvent, "", "ip_address"),
    (Kind.ACTOR, AuditEvent, "actor_id", "actor_name"),
    (Kind.TARGET, AuditEvent, "target_id", "target_name"),
    (Kind.ACTION, AuditEvent, "", "action"),
)


def forget_terms(tenant: Tenant) -> int:
    """Delete the tenant's terms that no record holds; how many."""
    forgotten = 0
    for kind in Kind:
        terms = LogTerm.objects.for_tenant(tenant).filter(kind=kind)
        for source in SOURCES:
            if source[0] == kind:
                terms = terms.exclude(_occurs(tenant, *source[1:]))
        with tenant_context(tenant):
            forgotten += terms.delete()[0]
    return forgotten


def _occurs(tenant: Tenant, model: type[Model], key: str, text: str) -> Exists:
    output: Field[Any, Any] = GenericIPAddressField() if text == "ip_address" else CharField()
    conditions: dict[str, Any] = {"tenant": tenant, text: Cast(OuterRef("text"), output)}
    if key:
        conditions[key] = OuterRef("key")
    return Exists(model._default_manager.filter(**conditions))
