"""Admintool's own login, below the key."""

from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from accounts.access import signed_in_user
from accounts.addresses import is_page_of
from accounts.errors import LoginRefused, TooManyTries
from accounts.forms import LoginForm
from accounts.sign_in import check_login, log_in
from admintool.access import guarded, known_tenant, require_admin
from tenants.middleware import TenantRequest


@sensitive_post_parameters("password")
def login(request: TenantRequest, admintool_key: str) -> HttpResponseBase:
    """Only administrators get in; a member's right password is refused like a wrong one."""
    tenant, user = known_tenant(request), signed_in_user(request)
    target = _target(request, admintool_key)
    if user is not None:
        require_admin(user, tenant)
        return guarded(redirect(target))
    form, refusal = LoginForm(request.POST or None), None
    if form.is_valid():
        try:
            person = check_login(request, slug=tenant.slug, admins_only=True, **form.cleaned_data)
            return guarded(log_in(request, person, target=target))
        except (LoginRefused, TooManyTries) as error:
            refusal = error
            form.add_error(None, error)
    return guarded(_page(request, form, refusal))


def _page(request: TenantRequest, form: LoginForm, refusal: ValidationError | None) -> HttpResponse:
    response = render(request, "admintool/login.html", {"form": form})
    if isinstance(refusal, TooManyTries):
        response.status_code = 429
        response["Retry-After"] = str(refusal.seconds)
    return response


def _target(request: TenantRequest, admintool_key: str) -> str:
    """The page that was asked for, when it is one of Admintool's, else the first one."""
    first = reverse("admintool:overview", args=[admintool_key])
    wanted = first + request.GET.get("next", "")
    return wanted if is_page_of(known_tenant(request), wanted) else first
