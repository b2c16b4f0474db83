"""How long records are kept, the certificates of what was deleted, and the data inventory."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from admintool.access import AdminRequest, admintool_page
from admintool.visits import record_reading
from audit.certificates import body_of, certificate_document, deleted_counts, is_genuine
from audit.chain import chain_state
from audit.holds import holds_in_force
from audit.models import DeletionCertificate, Disclosure
from audit.retention import view_horizon
from tenants.inventory import ENTRIES, Owner
from tenants.models import Tenant

ON_PAGE = 50


@admintool_page
@require_safe
def overview(request: AdminRequest, admintool_key: str) -> HttpResponse:
    now, tenant = timezone.now(), request.tenant
    waiting = [each for each in Disclosure.objects.for_tenant(tenant).filter(refused_at=None) if each.is_waiting]
    horizon = view_horizon(tenant, now=now)
    shown = {
        "days": (now - horizon).days,
        "horizon": horizon,
        "holds": holds_in_force(tenant).count(),
        "waiting": len(waiting),
        "latest": _certificates(tenant).first(),
        "chain": chain_state(tenant, now=now),
    }
    return render(request, "admintool/records/overview.html", shown)


@admintool_page
@require_safe
def certificate_list(request: AdminRequest, admintool_key: str) -> HttpResponse:
    page = Paginator(_certificates(request.tenant), ON_PAGE).get_page(request.GET.get("page"))
    rows = [_described(certificate) for certificate in page]
    return render(request, "admintool/records/certificates.html", {"page": page, "rows": rows})


@admintool_page
@require_safe
def certificate(request: AdminRequest, admintool_key: str, certificate_id: str) -> HttpResponse:
    """The certificate as a file: body, signature and public key."""
    found = get_object_or_404(_certificates(request.tenant), public_id=certificate_id)
    record_reading(request, "certificate_downloaded", certificate=found.public_id)
    content = json.dumps(certificate_document(found), indent=1, ensure_ascii=False)
    name = f"attachment; filename=certificate-{found.public_id}.json"
    return HttpResponse(content, content_type="application/json", headers={"Content-Disposition": name})


@admintool_page
@require_safe
def inventory(request: AdminRequest, admintool_key: str) -> HttpResponse:
    tables = {owner.value: [entry for entry in ENTRIES if entry.owner is owner] for owner in Owner}
    return render(request, "admintool/records/inventory.html", {"tables": tables})


def _certificates(tenant: Tenant) -> Any:
    """The signed ones, newest first."""
    rows = DeletionCertificate.objects.for_tenant(tenant).exclude(signature="").select_related("tenant")
    return rows.order_by("-created_at", "-pk")


def _described(certificate: DeletionCertificate) -> dict[str, Any]:
    times = sorted(_times(body_of(certificate)))
    return {
        "certificate": certificate,
        "rows": sum(deleted_counts(certificate).values()),
        "oldest": times[0] if times else None,
        "newest": times[-1] if times else None,
        "is_genuine": is_genuine(certificate),
    }


def _times(body: dict[str, Any]) -> Iterator[datetime]:
    for entry in (*body["deleted"].values(), *body["months"]):
        for name in ("oldest", "newest"):
            if entry.get(name):
                yield datetime.fromisoformat(entry[name])
