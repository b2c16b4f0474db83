"""Identity providers, and who may come in without them."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import actor_of
from accounts.models import Approval, SsoIdentity, SsoProvider
from accounts.services import sso_changes
from accounts.services.approvals import needs_approval
from accounts.services.security import settings_of
from accounts.services.sso import provider_with_app
from accounts.services.sso_changes import add_provider, change_provider, switch_break_glass, switch_provider
from accounts.sso.addresses import acs_url, callback_url, entity_id
from accounts.sso.certificates import describe
from accounts.sso.flow import test_result
from admintool.access import AdminRequest, admintool_page, reauthenticated
from admintool.sso_forms import FORMS, ProviderForm
from admintool.views.users import user_of
from tenants.models import Tenant


@admintool_page
@require_safe
def provider_list(request: AdminRequest, admintool_key: str) -> HttpResponse:
    demands_sso = settings_of(request.tenant).sso_only
    context = {"providers": providers_of(request.tenant), "demands_sso": demands_sso}
    return render(request, "admintool/sso.html", context)


@admintool_page
@reauthenticated
@sensitive_post_parameters("client_secret")
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: AdminRequest, admintool_key: str, protocol: str) -> HttpResponse:
    if protocol not in FORMS:
        raise Http404
    form = FORMS[protocol](request.POST or None, request.FILES or None, provider=None)
    if form.is_valid():
        try:
            waits = add_provider(request.tenant, **_who(request), values={**form.values, "protocol": protocol})
        except ValidationError as error:
            form.add_error(None, error)
        else:
            text = _("The provider is set up. Enter our addresses there, test it here, then use it.")
            return _done(request, admintool_key, waits, text, app=form.cleaned_data["app"])
    return render(request, "admintool/sso_form.html", {"form": form, "protocol": protocol, **_asks(request)})


@admintool_page
@reauthenticated
@sensitive_post_parameters("client_secret")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: AdminRequest, admintool_key: str, provider_id: str) -> HttpResponse:
    provider = provider_of(request, provider_id)
    form = FORMS[provider.protocol](request.POST or None, request.FILES or None, provider=provider)
    if form.is_valid():
        try:
            waits = change_provider(provider, **_who(request), values=form.values)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _done(request, admintool_key, waits, _("The changes are saved."), app=provider.app)
    return render(request, "admintool/sso_form.html", _shown(request, provider, form))


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def enable(request: AdminRequest, admintool_key: str, provider_id: str) -> HttpResponse:
    provider = provider_of(request, provider_id)
    if request.method != "POST":
        return render(request, "admintool/sso_enable.html", {"provider": provider, **_asks(request)})
    waits = switch_provider(provider, **_who(request), active=True)
    text = _("%(name)s is offered on the login page.") % {"name": provider.name}
    return _done(request, admintool_key, waits, text, app=provider.app)


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def disable(request: AdminRequest, admintool_key: str, provider_id: str) -> HttpResponse:
    provider = provider_of(request, provider_id)
    if request.method != "POST":
        return render(request, "admintool/sso_disable.html", {"provider": provider, **_asks(request)})
    try:
        waits = switch_provider(provider, **_who(request), active=False)
    except ValidationError as error:
        messages.error(request, error.message)
        return redirect("admintool:sso-edit", admintool_key, provider_id)
    text = _("%(name)s is no longer offered.") % {"name": provider.name}
    return _done(request, admintool_key, waits, text, app=provider.app)


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def break_glass(request: AdminRequest, admintool_key: str, user_id: str) -> HttpResponse:
    person = user_of(request, user_id)
    if request.method != "POST":
        return render(request, "admintool/user_break_glass.html", {"person": person, **_asks(request)})
    try:
        waits = switch_break_glass(person, **_who(request), active=not person.is_break_glass)
        _say(request, waits, _("The changes are saved."))
    except ValidationError as error:
        messages.error(request, error.message)
    return redirect("admintool:user-edit", admintool_key, user_id)


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def unlink_person(request: AdminRequest, admintool_key: str, user_id: str, provider_id: str) -> HttpResponse:
    person, provider = user_of(request, user_id), provider_of(request, provider_id)
    identities = SsoIdentity.objects.for_tenant(request.tenant).select_related("user__tenant", "provider", "tenant")
    identity = get_object_or_404(identities, user=person, provider=provider)
    if request.method != "POST":
        return render(request, "admintool/user_unlink.html", {"person": person, "identity": identity})
    waits = sso_changes.unlink_person(identity, **_who(request))
    _say(request, waits, _("The link is removed."))
    return redirect("admintool:user-edit", admintool_key, user_id)


def providers_of(tenant: Tenant) -> QuerySet[SsoProvider]:
    """By name, each with `people`, the number of users linked to it."""
    return SsoProvider.objects.for_tenant(tenant).annotate(people=Count("identities")).order_by("name", "pk")


def provider_of(request: AdminRequest, provider_id: str) -> SsoProvider:
    """The tenant's provider with this public id. Unknown and foreign are the same 404."""
    providers = SsoProvider.objects.for_tenant(request.tenant).select_related("tenant")
    return get_object_or_404(providers, public_id=provider_id)


def _who(request: AdminRequest) -> dict[str, Any]:
    return {"actor": actor_of(request), "requested_by": request.user}


def _asks(request: AdminRequest) -> dict[str, bool]:
    return {"asks": needs_approval(request.tenant)}


def _done(request: AdminRequest, admintool_key: str, waits: Approval | None, text: str, *, app: str) -> HttpResponse:
    """To the provider; to the approvals when a second administrator has to agree first."""
    _say(request, waits, text)
    if waits:
        return redirect("admintool:approvals", admintool_key)
    return redirect("admintool:sso-edit", admintool_key, provider_with_app(request.tenant, app.lower()).public_id)


def _say(request: AdminRequest, waits: Approval | None, text: str) -> None:
    if waits:
        messages.info(request, _("A second administrator has been asked. Nothing changes before they agree."))
    else:
        messages.success(request, text)


def _shown(request: AdminRequest, provider: SsoProvider, form: ProviderForm) -> dict[str, Any]:
    place = (request, request.tenant.slug, provider.app)
    addresses = {"callback": callback_url(*place), "acs": acs_url(*place), "entity_id": entity_id(*place)}
    return {
        "form": form,
        "provider": provider,
        "protocol": provider.protocol,
        "addresses": addresses,
        "certificates": [describe(pem) for pem in provider.config.get("certificates", [])],
        "result": test_result(request, provider),
        **_asks(request),
    }
