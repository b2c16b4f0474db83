"""How much an organisation uses of what it means to use at most. Soft caps warn; they forbid nothing."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.models import SoftCaps, User
from audit.events import SYSTEM, Actor, record_about_tenant
from audit.usage import bytes_of_month, peak_of_month
from conferences.models import Room
from tenants.context import tenant_context
from tenants.models import Tenant

CAPS = ("users", "rooms", "connections", "bytes_a_month")
NEAR, REACHED = 80, 100  # percent


@dataclass(frozen=True)
class CapUse:
    """One cap: what is used, and the limit (0 = none)."""

    cap: str
    used: int
    limit: int

    @property
    def percent(self) -> int:
        return self.used * 100 // self.limit if self.limit else 0

    @property
    def level(self) -> int:
        """100 when it is reached, 80 when it is near, else 0."""
        return max((level for level in (NEAR, REACHED) if self.percent >= level), default=0)


def caps_of(tenant: Tenant) -> SoftCaps:
    """The tenant's soft caps, or unsaved ones without any limit."""
    return SoftCaps.objects.for_tenant(tenant).first() or SoftCaps(tenant=tenant)


def cap_uses(tenant: Tenant, *, now: datetime) -> list[CapUse]:
    """All four; connections are the most of this month at the same time, bytes those of this month."""
    caps = caps_of(tenant)
    used = {
        "users": User.objects.for_tenant(tenant).filter(is_active=True).count(),
        "rooms": Room.objects.for_tenant(tenant).filter(closed_at=None).count(),
        "connections": peak_of_month(tenant, now=now),
        "bytes_a_month": bytes_of_month(tenant, now=now),
    }
    return [CapUse(cap, used[cap], getattr(caps, cap)) for cap in CAPS]


def set_soft_caps(tenant: Tenant, *, actor: Actor, **limits: int) -> None:
    """Change any of `CAPS`; 0 lifts one. A changed cap warns anew. Raises TypeError for another name."""
    if unknown := set(limits) - set(CAPS):
        raise TypeError(f"set_soft_caps does not change {', '.join(sorted(unknown))}.")
    with transaction.atomic(), tenant_context(tenant):
        caps = _locked(tenant)
        before = {cap: getattr(caps, cap) for cap in limits}
        changed = {cap: {"from": before[cap], "to": limit} for cap, limit in limits.items() if before[cap] != limit}
        if not changed:
            return
        for cap in changed:
            setattr(caps, cap, limits[cap])
            caps.warned.pop(cap, None)
        caps.full_clean(exclude=["tenant"], validate_unique=False, validate_constraints=False)
        caps.save(update_fields=[*changed, "warned"])
        record_about_tenant(tenant, "soft_caps_changed", actor=actor, details={"changed": changed})


def due_warnings(tenant: Tenant, *, now: datetime) -> list[CapUse]:
    """Caps at a level of which nobody was warned this month."""
    with tenant_context(tenant):
        warned = caps_of(tenant).warned
        return [use for use in cap_uses(tenant, now=now) if use.level > _warned_level(warned, use.cap, tenant, now)]


def mark_warned(tenant: Tenant, use: CapUse, *, now: datetime) -> None:
    """Note that the administrators were warned of this level of the cap."""
    with transaction.atomic(), tenant_context(tenant):
        caps = _locked(tenant)
        caps.warned = {
            **caps.warned,
            use.cap: {"month": _month(tenant, now), "level": use.level, "at": now.isoformat()},
        }
        caps.save(update_fields=["warned"])
        about = {"cap": use.cap, "used": use.used, "limit": use.limit, "percent": use.percent}
        record_about_tenant(tenant, "soft_cap_warned", actor=SYSTEM, details=about)


def _warned_level(warned: dict[str, dict[str, object]], cap: str, tenant: Tenant, now: datetime) -> int:
    last = warned.get(cap, {})
    return int(str(last["level"])) if last.get("month") == _month(tenant, now) else 0


def _month(tenant: Tenant, now: datetime) -> str:
    return f"{now.astimezone(ZoneInfo(tenant.time_zone)):%Y-%m}"


def _locked(tenant: Tenant) -> SoftCaps:
    caps: SoftCaps
    caps, _made = SoftCaps.objects.for_tenant(tenant).select_for_update().get_or_create(tenant=tenant)
    return caps
