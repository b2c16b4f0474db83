"""Admintool's own login, below the key, with what it may still owe."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from accounts.access import signed_in_user
from accounts.addresses import is_page_of
from accounts.forms import LoginForm
from accounts.passkeys import begin_proving
from accounts.sign_in import check_login, check_passkey, log_in
from accounts.views.entrance import page
from accounts.views.owed import owed_page
from admintool.access import guarded, known_tenant, require_admin
from tenants.middleware import TenantRequest
from tenants.models import Tenant


@sensitive_post_parameters("password", "credential")
def login(request: TenantRequest, admintool_key: str) -> HttpResponseBase:
    """Only administrators get in; a member's right password is refused like a wrong one."""
    tenant, user = known_tenant(request), signed_in_user(request)
    if user is not None:
        require_admin(request, user, tenant)
        return guarded(redirect(target_of(request, tenant, admintool_key)))
    if "begin" in request.POST:
        return guarded(JsonResponse(begin_proving(request, None)))
    by_passkey = "credential" in request.POST
    form, refusal = LoginForm(None if by_passkey else request.POST or None), None
    if by_passkey or form.is_valid():
        try:
            target = target_of(request, tenant, admintool_key)
            return guarded(_log_in(request, tenant, target, {} if by_passkey else form.cleaned_data))
        except ValidationError as error:
            refusal = error
    context = {"form": form, "next_page": target_of(request, tenant, admintool_key)}
    return guarded(page(request, "admintool/login.html", context, refusal))


@sensitive_post_parameters("code")
def code(request: TenantRequest, admintool_key: str) -> HttpResponseBase:
    return _owed(request, admintool_key, "login-code")


@sensitive_post_parameters()
def password(request: TenantRequest, admintool_key: str) -> HttpResponseBase:
    return _owed(request, admintool_key, "login-password")


@sensitive_post_parameters("code")
def factor(request: TenantRequest, admintool_key: str) -> HttpResponseBase:
    return _owed(request, admintool_key, "login-factor")


def target_of(request: HttpRequest, tenant: Tenant, admintool_key: str) -> str:
    """The page that was asked for, when it is one of Admintool's, else the first one."""
    first = reverse("admintool:overview", args=[admintool_key])
    wanted = first + request.GET.get("next", "")
    return wanted if is_page_of(tenant, wanted) else first


def _log_in(request: TenantRequest, tenant: Tenant, target: str, typed: dict[str, Any]) -> HttpResponseBase:
    """By user ID and password as `typed`; without, by the passkey that the browser answered with."""
    if typed:
        person = check_login(request, slug=tenant.slug, admins_only=True, **typed)
        return log_in(request, person, target=target)
    answer, state = request.POST["credential"], request.POST.get("state", "")
    person = check_passkey(request, state=state, answer=answer, admins_only=True)
    return log_in(request, person, target=target, method="passkey")


def _owed(request: TenantRequest, admintool_key: str, name: str) -> HttpResponseBase:
    tenant, user = known_tenant(request), signed_in_user(request)
    if user is not None:
        require_admin(request, user, tenant)
        return guarded(redirect(target_of(request, tenant, admintool_key)))
    return guarded(owed_page(request, tenant.slug, name, admins_only=True))
