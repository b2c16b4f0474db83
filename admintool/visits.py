"""What administrators look at, in the audit log. The Admintool key is never part of it."""

from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.actors import actor_of
from accounts.models import User
from accounts.network import client_ip
from audit.events import Actor, record_about_tenant
from tenants.context import tenant_context
from tenants.models import Tenant

VISIT_LENGTH = 1800  # s: a login that goes on looking is a new visit
SESSION_NAME = "admintool_visit"
SEARCHES_NAME = "admintool_searches"


def note_visit(request: HttpRequest) -> None:
    """Record the first page of a login, and the first after each half hour, as `admintool_visited`."""
    now = timezone.now().timestamp()
    if now - request.session.get(SESSION_NAME, 0) < VISIT_LENGTH:
        return
    record_reading(request, "admintool_visited")
    request.session[SESSION_NAME] = now


def record_refusal(request: HttpRequest, tenant: Tenant, why: str) -> None:
    """Record that somebody knows the address and may not come in: `why` is "network", "role" or "tenant".

    At most once a minute for the same person and address. Who belongs to another tenant is not named.
    """
    is_ours = isinstance(request.user, User) and request.user.tenant == tenant
    actor = actor_of(request) if is_ours else Actor(ip_address=client_ip(request) or None)
    if not cache.add(f"admintool-refused:{tenant.pk}:{why}:{actor.id}:{actor.ip_address}", 1, timeout=60):
        return
    with transaction.atomic(), tenant_context(tenant):
        record_about_tenant(
            tenant,
            "admintool_refused",
            actor=actor,
            details={"why": why},
        )


def record_search(request: HttpRequest, action: str, *, search: dict[str, str]) -> None:
    """Record that a log was searched: once per search and half hour, not for each page and each refresh of it."""
    now = timezone.now().timestamp()
    searches = request.session.get(SEARCHES_NAME, {})
    last = searches.get(action, {})
    if last.get("search") == search and now - last["at"] < VISIT_LENGTH:
        return
    record_reading(request, action, search=search)
    request.session[SEARCHES_NAME] = {**searches, action: {"search": search, "at": now}}


def record_reading(request: HttpRequest, action: str, **details: Any) -> None:
    """Record that the signed-in administrator read or took out what others should know was read."""
    assert isinstance(request.user, User)
    tenant = request.user.tenant
    with transaction.atomic(), tenant_context(tenant):
        record_about_tenant(
            tenant,
            action,
            actor=actor_of(request),
            details=details,
        )
