"""Pages of single sign-on: the offer, the way to the provider and back.

An unknown organisation, provider or sign-on gets the same answer everywhere, except at the start: its button is only
on the page that offers the provider.
"""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in_user
from accounts.models import SsoProvider
from accounts.services.sso import enabled_providers, provider_with_app
from accounts.sign_in import target_when_signed_in
from accounts.sso.addresses import acs_url, entity_id
from accounts.sso.flow import begin, finish, receive_saml
from accounts.sso.forms import SsoOfferForm, SsoStartForm
from accounts.sso.pending import CONFIRM, LOGIN, TEST, name_browser
from accounts.sso.refusals import SsoRefused
from accounts.sso.saml_metadata import our_metadata
from tenants.middleware import TenantRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: TenantRequest, tenant_slug: str) -> HttpResponse:
    """After the user ID: the organisation's providers, the same for every ID. With only one, at once to it."""
    target = target_when_signed_in(request)
    if target:
        return redirect(target)
    form = SsoOfferForm(request.POST or None, initial={"next": request.GET.get("next", "")})
    providers = enabled_providers(request.tenant) if form.is_valid() else []
    if len(providers) == 1:
        return _leave(request, providers[0], purpose=LOGIN, **form.cleaned_data)
    context = {"form": form, "organisation": tenant_slug, "providers": providers, "is_answered": form.is_valid()}
    return render(request, "accounts/sso_offer.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: TenantRequest, tenant_slug: str, app: str) -> HttpResponse:
    """To the provider: to sign in, to confirm to be there, or for an administrator to test it."""
    if request.method != "POST":  # a reload
        return redirect("login", tenant_slug)
    form = SsoStartForm(request.POST)
    if not form.is_valid():
        raise Http404
    try:
        provider = provider_with_app(request.tenant, app)
    except SsoRefused as refusal:
        raise Http404 from refusal
    purpose = form.cleaned_data.pop("purpose")
    _require_allowed(request, provider, purpose)
    return _leave(request, provider, purpose=purpose, **form.cleaned_data)


@never_cache
@require_safe
def callback(request: TenantRequest, tenant_slug: str, app: str) -> HttpResponse:
    """Back from the provider."""
    try:
        return finish(request, provider_with_app(request.tenant, app))
    except SsoRefused:
        return _failed(request, tenant_slug)


@csrf_exempt  # it comes from the provider's site; what it says is signed and was asked for by RelayState
@never_cache
@require_POST
def acs(request: TenantRequest, tenant_slug: str, app: str) -> HttpResponse:
    """SAML's answer, without the browser's cookies: they come with the redirect."""
    try:
        ticket = receive_saml(request, provider_with_app(request.tenant, app))
    except SsoRefused:
        return _failed(request, tenant_slug)
    return redirect(f"{reverse('sso-callback', args=[tenant_slug, app])}?{urlencode({'ticket': ticket})}")


@require_safe
def metadata(request: TenantRequest, tenant_slug: str, app: str) -> HttpResponse:
    """What a SAML provider needs to know of us: it follows from the address, whether there is a provider or not."""
    place = (request, tenant_slug, app)
    text = our_metadata(entity_id=entity_id(*place), acs_url=acs_url(*place))
    return HttpResponse(text, content_type="application/samlmetadata+xml")


def _leave(request: TenantRequest, provider: SsoProvider, *, purpose: str, login_id: str, next: str) -> HttpResponse:
    """A page that goes on to the provider by itself: a redirect after a form is what `form-action 'self'` forbids."""
    try:
        begun = begin(request, provider, purpose=purpose, target=next, login_hint=login_id)
    except SsoRefused:
        return _failed(request, provider.tenant.slug)
    response = render(request, "accounts/sso_leave.html", {"address": begun.address, "provider": provider})
    name_browser(response, begun.browser)
    return response


def _require_allowed(request: TenantRequest, provider: SsoProvider, purpose: str) -> None:
    user = signed_in_user(request)
    is_own = user is not None and user.tenant_id == provider.tenant_id
    allowed = {
        LOGIN: provider.is_enabled,
        CONFIRM: provider.is_enabled and is_own,
        TEST: user is not None and is_own and user.is_admin,
    }
    if not allowed[purpose]:
        raise Http404


def _failed(request: TenantRequest, tenant_slug: str) -> HttpResponse:
    return render(request, "accounts/sso_failed.html", {"organisation": tenant_slug}, status=400)
