"""The security settings: shown and explained; a change is asked about before it takes effect."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_of
from accounts.network import client_ip
from accounts.services.approvals import act_or_ask, needs_approval
from accounts.services.security import check_own_network
from accounts.services.settings_changes import SETTINGS, changed_settings, check_settings, current_settings
from admintool.access import AdminRequest, admintool_page, reauthenticated
from admintool.consequences import consequences
from admintool.security_forms import SecurityForm, setting_label, setting_text

Differences = dict[str, tuple[Any, Any]]


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def security(request: AdminRequest, admintool_key: str) -> HttpResponse:
    """GET the form; POST it to see what follows; POST it again with `confirmed` to have it so."""
    form = SecurityForm(request.POST or None, current=current_settings(request.tenant))
    differences = _wanted(request, form) if form.is_valid() else {}
    if form.errors or request.method != "POST":
        return render(request, "admintool/security.html", {"form": form})
    if not differences:
        messages.info(request, _("Nothing was changed."))
        return redirect("admintool:security", admintool_key)
    if "confirmed" not in request.POST:
        return render(request, "admintool/security_confirm.html", _question(request, form, differences))
    return _carry_out(request, admintool_key, form, differences)


def _wanted(request: AdminRequest, form: SecurityForm) -> Differences:
    """What the form would change; what is refused is shown at its field."""
    wanted = {name: form.cleaned_data[name] for name in SETTINGS}
    try:
        check_settings(request.tenant, wanted)
        check_own_network(wanted["admintool_networks"], ip_address=client_ip(request))
    except ValidationError as error:
        form.add_error(None, error)
    return changed_settings(request.tenant, wanted)


def _question(request: AdminRequest, form: SecurityForm, differences: Differences) -> dict[str, Any]:
    return {
        "form": form,
        "changes": described(differences),
        "sentences": consequences(request.tenant, differences),
        "asks": needs_approval(request.tenant),
    }


def described(differences: Differences) -> list[dict[str, str]]:
    """Each change as label, from and to, in words."""
    return [
        {"label": setting_label(name), "was": setting_text(name, was), "to": setting_text(name, to)}
        for name, (was, to) in differences.items()
    ]


def _carry_out(request: AdminRequest, admintool_key: str, form: SecurityForm, differences: Differences) -> HttpResponse:
    changes = [f"{each['label']}: {each['was']} → {each['to']}" for each in described(differences)]
    try:
        waits = act_or_ask(
            request.tenant,
            actor=actor_of(request),
            requested_by=request.user,
            kind="security_settings",
            summary=_("Change security settings. %(changes)s") % {"changes": "; ".join(changes)},
            payload={name: to for name, (_was, to) in differences.items()},
        )
    except ValidationError as error:
        form.add_error(None, error)
        return render(request, "admintool/security.html", {"form": form})
    if waits:
        messages.info(request, _("A second administrator has been asked. The settings change when they agree."))
        return redirect("admintool:approvals", admintool_key)
    messages.success(request, _("The settings are in force."))
    return redirect("admintool:security", admintool_key)
