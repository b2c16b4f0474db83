"""Every request: a login that is over by itself ends here, and one that goes on is noted as active."""

from collections.abc import Callable
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts.access import signed_in_user
from accounts.actors import actor_of
from accounts.limits import NOTED_EVERY, TEXTS, look_at
from accounts.models import User
from accounts.services.logins import end_login
from tenants.context import tenant_context


class LoginLimitsMiddleware:
    """The page then meets somebody who is signed out, and whose login page says why."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = signed_in_user(request) if settings.SESSION_COOKIE_NAME in request.COOKIES else None
        if user is not None:
            state = look_at(request.session, user)
            if state.why_over:
                end_login(user, actor=actor_of(request), session_key=request.session.session_key, why=state.why_over)
                logout(request)
                messages.warning(request, TEXTS[state.why_over])
            elif not refreshes_itself(request):
                _note_active(request, user, state.seen_at)
        return self.get_response(request)


def refreshes_itself(request: HttpRequest) -> bool:
    """Whether a page asked for news on its own: somebody who left it open is not there because of that."""
    return "HX-Request" in request.headers


def _note_active(request: HttpRequest, user: User, seen_at: datetime | None) -> None:
    """Note from where and when, at most once a minute."""
    if seen_at is not None and timezone.now() - seen_at > NOTED_EVERY:
        with tenant_context(user.tenant):
            UserSession.objects.create_from_request(request)
