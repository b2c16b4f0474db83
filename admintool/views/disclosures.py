"""Disclosures: ask, approve, refuse, download. Who may approve is decided by audit/disclosure.py."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import opens_own_context
from accounts.actors import actor_of
from accounts.models import Role, User
from admintool.access import AdminRequest, admintool_page, reauthenticated
from admintool.record_forms import DisclosureForm
from audit.disclosure import approve_disclosure, disclose, refuse_disclosure, request_disclosure
from audit.models import Disclosure
from tenants.context import tenant_context

MOST_SHOWN = 200
DECISIONS: dict[str, tuple[Callable[..., None], Any]] = {
    "approve": (approve_disclosure, gettext_lazy("Your approval is recorded.")),
    "refuse": (refuse_disclosure, gettext_lazy("Refused. Nothing is disclosed.")),
}


@admintool_page
@require_safe
def disclosure_list(request: AdminRequest, admintool_key: str) -> HttpResponse:
    found = Disclosure.objects.for_tenant(request.tenant).order_by("-requested_at", "-pk")[:MOST_SHOWN]
    return render(request, "admintool/records/disclosures.html", {"disclosures": found})


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: AdminRequest, admintool_key: str) -> HttpResponse:
    form = DisclosureForm(request.POST if request.method == "POST" else None, tenant=request.tenant)
    if form.is_valid():
        try:
            asked = request_disclosure(request.tenant, actor=actor_of(request), wanted=form.wanted, **form.case)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Two other administrators must approve it now."))
            return redirect("admintool:disclosure", admintool_key, asked.public_id)
    admins = User.objects.for_tenant(request.tenant).filter(role=Role.ADMIN, is_active=True).count()
    return render(request, "admintool/records/disclosure_request.html", {"form": form, "admins": admins})


@admintool_page
@require_safe
def disclosure(request: AdminRequest, admintool_key: str, disclosure_id: str) -> HttpResponse:
    found = _disclosure_of(request, disclosure_id)
    own = found.requested_by_id == request.user.public_id
    approved = any(each["id"] == request.user.public_id for each in found.approvals)
    shown = {"disclosure": found, "own": own, "may_approve": found.is_waiting and not own and not approved}
    return render(request, "admintool/records/disclosure.html", shown)


@admintool_page
@reauthenticated
@require_POST
def decide(request: AdminRequest, admintool_key: str, disclosure_id: str) -> HttpResponse:
    found = _disclosure_of(request, disclosure_id)
    act, text = DECISIONS.get(request.POST.get("decision", ""), (None, ""))
    try:
        if act is None:
            raise ValidationError(_("Choose to approve or to refuse."))
        act(found, actor=actor_of(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, text)
    return redirect("admintool:disclosure", admintool_key, disclosure_id)


@admintool_page
@reauthenticated
@require_safe
@opens_own_context
def download(request: AdminRequest, admintool_key: str, disclosure_id: str) -> HttpResponseBase:
    with tenant_context(request.tenant):
        found = _disclosure_of(request, disclosure_id)
    try:
        _check_approvers(found)
        file = disclose(found, actor=actor_of(request), language=get_language() or "")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("admintool:disclosure", admintool_key, disclosure_id)
    return FileResponse(file, as_attachment=True, filename=f"disclosure-{disclosure_id}.zip")


def _check_approvers(found: Disclosure) -> None:
    """Raises ValidationError when one who approved is no administrator any more."""
    with tenant_context(found.tenant):
        admins = User.objects.for_tenant(found.tenant).filter(role=Role.ADMIN, is_active=True)
        still = admins.filter(username__in=[each["id"] for each in found.approvals]).count()
    if still < len(found.approvals):
        raise ValidationError(_("Somebody who approved this is no longer an administrator. Ask for it anew."))


def _disclosure_of(request: AdminRequest, disclosure_id: str) -> Disclosure:
    rows = Disclosure.objects.for_tenant(request.tenant).select_related("tenant")
    found: Disclosure = get_object_or_404(rows, public_id=disclosure_id)
    return found
