"""allauth's questions to us, and what we add to a login."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.actors import actor_of
from accounts.addresses import is_page_of, with_key
from accounts.break_glass import announce_break_glass
from accounts.models import User
from accounts.network import client_ip
from accounts.restricting import refuse_restricted
from accounts.services.records import record_about
from accounts.services.security import settings_of
from accounts.sessions import methods_of, provider_of
from tenants.context import tenant_context

NO_ADDRESS = "0.0.0.0"  # noqa: S104 - allauth's row of a login needs some address; a unix socket has none


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up is closed, texts are our pages', and a login is recorded where it succeeds: after all of its stages."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request) or NO_ADDRESS

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """allauth's messages name the user by `username`, which nobody has ever seen."""

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        assert isinstance(user, User)
        refuse_restricted(request, user)
        with transaction.atomic(), tenant_context(user.tenant):
            super().login(request, user)
            demands, actor = settings_of(user.tenant), actor_of(request)
            request.session.set_expiry(demands.login_hours * 3600)
            methods, provider = methods_of(request.session), provider_of(request.session)
            record_about(user, "login_succeeded", actor=actor, methods=methods, provider=provider)
            if demands.sso_only and not provider:
                announce_break_glass(user, actor=actor)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        assert isinstance(user, User)
        target = with_key(request, kwargs.pop("redirect_url") or "")
        if not is_page_of(user.tenant, target):
            target = reverse("rooms", args=[user.tenant.slug])
        with tenant_context(user.tenant):
            response = super().post_login(request, user, redirect_url=target, **kwargs)
        if user.language:
            remember_language(response, user.language)
        return response

    def get_login_stages(self) -> list[str]:
        return [f"accounts.stages.{stage}" for stage in ("CodeStage", "PasswordStage", "FactorStage")]


def remember_language(response: HttpResponse, language: str) -> None:
    """Set the language cookie, if the language is one of ours."""
    if language not in dict(settings.LANGUAGES):
        return
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )
