"""Rules at the door: a login that a rule forbids is refused, and one that goes on is ended at its next request.

The person reads that it is not allowed from here or at this time; which rule it was is in the log only.
"""

from collections.abc import Callable

from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import signed_in_user
from accounts.actors import actor_of
from accounts.models import User
from accounts.network import client_ip
from accounts.services.restriction_changes import end_forbidden_login
from accounts.services.restrictions import Decision, Scope, decide, record_refused
from audit.events import SYSTEM, Actor
from tenants.context import tenant_context


def refuse_restricted(request: HttpRequest, user: User) -> None:
    """Refuse a login that the rules forbid: nobody is signed in. Raises ImmediateHttpResponse with the page."""
    decision = _decide(request, user)
    if decision.allowed:
        return
    actor = Actor(id=user.public_id, name=user.name, ip_address=client_ip(request) or None)
    record_refused(user, "login_restricted", actor=actor, decision=decision)
    request.session.flush()
    page = render(request, "accounts/restricted.html", {"organisation": user.tenant.slug}, status=403)
    raise ImmediateHttpResponse(page)


class RestrictionMiddleware:
    """End the login of a request that the rules forbid by now; the page then meets somebody who is signed out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:  # without one nobody is asked, and nothing varies by it
            self._check(request)
        return self.get_response(request)

    def _check(self, request: HttpRequest) -> None:
        user = signed_in_user(request)
        if user is None or (decision := _decide(request, user)).allowed:
            return
        where = actor_of(request).ip_address
        key = request.session.session_key or ""
        end_forbidden_login(user, session_key=key, ip_address=where, decision=decision, actor=SYSTEM)
        logout(request)
        messages.error(
            request, _("Your login has ended: it is not allowed from here or at this time. Ask your administrator.")
        )


def _decide(request: HttpRequest, user: User) -> Decision:
    with tenant_context(user.tenant):
        return decide(Scope.LOGIN, user=user, ip_address=client_ip(request), now=timezone.now())
