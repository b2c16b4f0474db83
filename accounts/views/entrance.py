"""Pages of accounts: organisation, login, logout, password, language."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.datastructures import MultiValueDictKeyError
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import MemberRequest, member_page, opens_own_context, signed_in_user
from accounts.adapter import remember_language
from accounts.addresses import is_local
from accounts.errors import LoginRefused, TooManyTries
from accounts.forms import LoginForm, OrganisationForm, PasswordForm
from accounts.passkeys import begin_proving
from accounts.services.users import set_language
from accounts.sign_in import (
    change_own_password,
    check_passkey,
    log_in,
    sign_in,
    sign_out,
    target_of,
    target_when_signed_in,
)
from tenants.middleware import TenantRequest
from tenants.models import Tenant


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def organisation(request: TenantRequest) -> HttpResponse:
    """The way in: to the rooms, to the only organisation's login, or the question which organisation."""
    user = signed_in_user(request)
    if user:
        return redirect("rooms", user.tenant.slug)
    slugs = list(Tenant.objects.filter(is_active=True).values_list("slug", flat=True)[:2])
    if len(slugs) == 1:
        return redirect("login", slugs[0])
    form = OrganisationForm(request.POST or None)
    if form.is_valid():
        return redirect("login", form.cleaned_data["organisation"])
    return render(request, "accounts/organisation.html", {"form": form})


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: TenantRequest, tenant_slug: str) -> HttpResponse:
    """The same page for every organisation, known or not, and the same answer to every wrong login."""
    target = target_when_signed_in(request)
    if target:
        return redirect(target)
    form = LoginForm(request.POST or None)
    error = None
    if form.is_valid():
        try:
            return sign_in(request, slug=tenant_slug, **form.cleaned_data)
        except (LoginRefused, TooManyTries) as refusal:
            error = refusal
    return page(request, "accounts/login.html", {"form": form, "organisation": tenant_slug}, error)


@never_cache
@sensitive_post_parameters("credential")
@require_POST
def passkey(request: TenantRequest, tenant_slug: str) -> HttpResponse:
    """Signing in with a passkey alone: the question for the browser, and its answer."""
    if "begin" in request.POST:
        return JsonResponse(begin_proving(request, None))
    target = target_when_signed_in(request)
    if target:
        return redirect(target)
    try:
        user = check_passkey(request, state=request.POST["state"], answer=request.POST["credential"])
    except MultiValueDictKeyError:
        return HttpResponseBadRequest()
    except LoginRefused as refusal:
        messages.error(request, refusal.message)
        return redirect(f"{reverse('login', args=[tenant_slug])}?{request.GET.urlencode()}")
    return log_in(request, user, target=target_of(request, user), method="passkey")


@require_POST
@member_page
def logout(request: TenantRequest, tenant_slug: str) -> HttpResponse:
    sign_out(request)
    return redirect("login", tenant_slug)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
@opens_own_context
def password(request: MemberRequest, tenant_slug: str) -> HttpResponse:
    """A user's own password. Every other login of the user ends."""
    form = PasswordForm(request.POST or None, tenant=request.tenant)
    error = None
    if form.is_valid():
        old, new = form.cleaned_data["old_password"], form.cleaned_data["password"]
        try:
            change_own_password(request, old_password=old, password=new)
        except ValidationError as refusal:
            error = refusal
        else:
            messages.success(request, _("Your password is changed. All other logins have ended."))
            return redirect("rooms", tenant_slug)
    return page(request, "accounts/password.html", {"form": form}, error)


@require_POST
def language(request: TenantRequest) -> HttpResponse:
    """Show pages in another language from now on, and remember it for a signed-in user."""
    wanted = request.POST.get("language", "")
    if wanted not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest()
    user = signed_in_user(request)
    if user:
        set_language(user, language=wanted)
    wanted_page = request.POST.get("next", "")
    response = redirect(wanted_page if is_local(wanted_page) else "/")
    remember_language(response, wanted)
    return response


def page(request: HttpRequest, template: str, context: dict[str, Any], error: ValidationError | None) -> HttpResponse:
    """The page with its form; `error`, if any, is shown on it. A throttled try is status 429."""
    if error is not None:
        context["form"].add_error(None, error)
    response = render(request, template, context)
    if isinstance(error, TooManyTries):
        response.status_code = 429
        response["Retry-After"] = str(error.seconds)
    return response
