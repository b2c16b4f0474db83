"""What a login by password still owes before it is one: a code, a new password, a second factor.

allauth keeps the pending login in the session, where nobody is signed in until every stage is done: pages, Admintool
and WebSockets see a stranger. A login by passkey or single sign-on owes nothing: both are more than a password.
"""

from allauth.account.internal.flows.login import clear_authentication_records
from allauth.account.internal.stagekit import clear_login, unstash_login
from allauth.account.stages import LoginStage, LoginStageController
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import User
from accounts.proofs import forget_seed
from accounts.services.factors import has_factor
from accounts.services.passwords import why_password_is_due
from accounts.services.security import demands_factor
from tenants.context import tenant_context
from tenants.middleware import TenantRequest

BY_PASSWORD = "password"  # noqa: S105 - a way to sign in


class OwedStage(LoginStage):
    """A stage with a page of ours, `page`, below the organisation's or Admintool's login."""

    key = ""
    page = ""

    def handle(self) -> tuple[HttpResponse | None, bool]:
        if self.login.state.get("method") != BY_PASSWORD or not self.is_owed(self.login.user):
            return None, True
        return redirect(login_address(self.request, self.login.user.tenant.slug, self.page)), True

    def is_owed(self, user: User) -> bool:
        raise NotImplementedError


class CodeStage(OwedStage):
    key = "mfa_authenticate"
    page = "login-code"

    def is_owed(self, user: User) -> bool:
        return has_factor(user)


class PasswordStage(OwedStage):
    key = "new_password"
    page = "login-password"

    def is_owed(self, user: User) -> bool:
        return bool(why_password_is_due(user))


class FactorStage(OwedStage):
    key = "new_factor"
    page = "login-factor"

    def is_owed(self, user: User) -> bool:
        return demands_factor(user) and not has_factor(user)


STAGES = {stage.page: stage for stage in (CodeStage, PasswordStage, FactorStage)}


def login_address(request: HttpRequest, slug: str, page: str = "login") -> str:
    """The address of a page of signing in: below Admintool's key when `request` is, else below the organisation."""
    match = request.resolver_match
    if match is not None and "admintool_key" in match.kwargs:
        return reverse(f"admintool:{page}", args=[match.kwargs["admintool_key"]])
    return reverse(page, args=[slug])


def pending_stage(request: TenantRequest, page: str) -> OwedStage | None:
    """The stage with this page, when a login to this request's tenant owes it now, and its user may still sign in."""
    if request.tenant is None:
        return None
    with tenant_context(request.tenant):
        stage = LoginStageController.enter(request, STAGES[page].key)
        if stage is None:
            return None
        user = stage.login.user
        is_theirs = user is not None and user.is_active and user.tenant == request.tenant
    if not is_theirs or stage.login.state.get("proof") != user.get_session_auth_hash():
        clear_login(request)
        return None
    assert isinstance(stage, OwedStage)
    return stage


def forget_pending(request: HttpRequest) -> None:
    """A login begins anew: what an unfinished one proved does not count, and its seed is offered to nobody else."""
    unstash_login(request)
    clear_authentication_records(request)
    forget_seed(request)
