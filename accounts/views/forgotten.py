"""A forgotten password. Everybody gets the same answer, whether the organisation, the user or a mail address exists."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.errors import ResetLinkInvalid, TooManyTries
from accounts.forms import ForgottenForm, NewPasswordForm
from accounts.network import client_ip
from accounts.services.resets import ask_for_reset, reset_password, user_of_reset
from accounts.throttle import Throttle
from accounts.views.entrance import page
from audit.events import Actor
from tenants.middleware import TenantRequest

_throttle = Throttle("forgotten", free=3)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: TenantRequest, tenant_slug: str) -> HttpResponse:
    form, refusal = ForgottenForm(request.POST or None), None
    if form.is_valid():
        login_id, ip_address = form.cleaned_data["login_id"], client_ip(request)
        try:
            _ask_for_try(tenant_slug, login_id.lower(), ip_address)
        except TooManyTries as error:
            refusal = error
        else:
            ask_for_reset(tenant_slug, login_id=login_id, ip_address=ip_address)
            return render(request, "accounts/forgotten_sent.html", {"organisation": tenant_slug})
    return page(request, "accounts/forgotten.html", {"form": form, "organisation": tenant_slug}, refusal)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: TenantRequest, tenant_slug: str, reset_token: str) -> HttpResponse:
    try:
        user = user_of_reset(request.tenant, reset_token)
    except ResetLinkInvalid:
        return _unlinked(render(request, "accounts/reset_invalid.html", {"organisation": tenant_slug}, status=404))
    form, refusal = NewPasswordForm(request.POST or None, tenant=user.tenant), None
    if form.is_valid():
        actor = Actor(id=user.public_id, name=user.name, ip_address=client_ip(request) or None)
        try:
            reset_password(user, password=form.cleaned_data["password"], actor=actor)
        except ValidationError as error:
            refusal = error
        else:
            messages.success(request, _("Your password is changed. Log in with the new one."))
            return redirect("login", tenant_slug)
    return _unlinked(page(request, "accounts/reset.html", {"form": form, "person": user}, refusal))


def _ask_for_try(*keys: str) -> None:
    wait = _throttle.retry_after(*keys)
    if wait > 0:
        raise TooManyTries(wait)
    _throttle.failed(*keys)


def _unlinked(response: HttpResponse) -> HttpResponse:
    """The address is a secret while it is good: no page that this one leads to learns it."""
    response["Referrer-Policy"] = "no-referrer"
    return response
