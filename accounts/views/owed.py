"""What a login by password still owes: a code, a new password, a second factor. Nobody is signed in yet.

Each page is there twice: below the organisation's login and below Admintool's (admintool/views/entrance.py).
"""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.access import signed_in_user
from accounts.errors import PasskeyRefused
from accounts.forms import NewPasswordForm, ProofForm
from accounts.network import client_ip
from accounts.passkeys import begin_proving, finish_proving
from accounts.proofs import read_credential
from accounts.services.factors import record_wrong_passkey, use_code, ways_to_prove
from accounts.services.passwords import why_password_is_due
from accounts.services.users import set_password
from accounts.sign_in import target_when_signed_in
from accounts.stages import OwedStage, login_address, pending_stage
from accounts.views.adding import adding_page
from accounts.views.entrance import page
from audit.events import Actor
from tenants.context import tenant_context
from tenants.middleware import TenantRequest


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: TenantRequest, tenant_slug: str) -> HttpResponseBase:
    return _member_page(request, tenant_slug, "login-code")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: TenantRequest, tenant_slug: str) -> HttpResponseBase:
    return _member_page(request, tenant_slug, "login-password")


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def factor(request: TenantRequest, tenant_slug: str) -> HttpResponseBase:
    return _member_page(request, tenant_slug, "login-factor")


def owed_page(request: TenantRequest, slug: str, name: str, *, admins_only: bool = False) -> HttpResponseBase:
    """The page `name` for a pending login that owes it; everybody else is led to the login page."""
    stage = pending_stage(request, name)
    if stage is None or (admins_only and not stage.login.user.is_admin):
        return redirect(login_address(request, slug))
    return PAGES[name](request, stage)


def _member_page(request: TenantRequest, slug: str, name: str) -> HttpResponseBase:
    if signed_in_user(request) is None:
        return owed_page(request, slug, name)
    target = target_when_signed_in(request)
    if target is None:
        raise Http404
    return redirect(target)


def _code_page(request: TenantRequest, stage: OwedStage) -> HttpResponseBase:
    user = stage.login.user
    if "begin" in request.POST:
        return JsonResponse(begin_proving(request, user))
    form, refusal = ProofForm(request.POST or None), None
    if form.is_valid():
        try:
            return _go_on(request, stage, _prove(request, stage, form.cleaned_data))
        except ValidationError as error:
            refusal = error
    context = {"form": form, "ways": ways_to_prove(user), "person": user}
    return page(request, "accounts/login_code.html", context, refusal)


def _prove(request: TenantRequest, stage: OwedStage, proof: dict[str, Any]) -> str:
    """Which kind of factor was proven."""
    user = stage.login.user
    if proof["credential"]:
        return _prove_passkey(request, stage, proof)
    return str(use_code(user, code=proof["code"], actor=_actor(request, stage)).type)


def _prove_passkey(request: TenantRequest, stage: OwedStage, proof: dict[str, Any]) -> str:
    user = stage.login.user
    try:
        credential = read_credential(proof["credential"])
        return str(finish_proving(request, user, state=proof["state"], credential=credential).type)
    except PasskeyRefused:
        record_wrong_passkey(user, actor=_actor(request, stage))
        raise


def _password_page(request: TenantRequest, stage: OwedStage) -> HttpResponseBase:
    user = stage.login.user
    form, refusal = NewPasswordForm(request.POST or None, tenant=user.tenant), None
    if form.is_valid():
        try:
            set_password(user, actor=_actor(request, stage), password=form.cleaned_data["password"])
        except ValidationError as error:
            refusal = error
        else:
            stage.login.state["proof"] = user.get_session_auth_hash()
            return _go_on(request, stage)
    context = {"form": form, "why": why_password_is_due(user), "person": user}
    return page(request, "accounts/login_password.html", context, refusal)


def _factor_page(request: TenantRequest, stage: OwedStage) -> HttpResponseBase:
    return adding_page(
        request,
        stage.login.user,
        actor=_actor(request, stage),
        template="accounts/login_factor.html",
        go_on=lambda kind: _go_on(request, stage, kind),
    )


def _go_on(request: TenantRequest, stage: OwedStage, proven: str = "") -> HttpResponse:
    """To whatever the login owes next, or into the product; `proven` is the kind of factor that was used."""
    user = stage.login.user
    with tenant_context(user.tenant):
        if proven:
            record_authentication(request, user, "mfa", type=proven)
        answer: HttpResponse = stage.exit()
        return answer


def _actor(request: TenantRequest, stage: OwedStage) -> Actor:
    user = stage.login.user
    return Actor(id=user.public_id, name=user.name, ip_address=client_ip(request) or None)


PAGES = {"login-code": _code_page, "login-password": _password_page, "login-factor": _factor_page}
