"""A sign-on from its beginning to its end. Nothing here runs inside a transaction while a provider is asked."""

import time
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.access import signed_in_user
from accounts.actors import actor_of
from accounts.addresses import is_page_of
from accounts.confirming import confirm_by_sso
from accounts.models import SsoProvider, User
from accounts.services.sso_people import Preview, person_for, person_linked, preview, record_refusal
from accounts.sign_in import log_in
from accounts.sso import oidc, saml
from accounts.sso.asserted import Asserted
from accounts.sso.pending import (
    CONFIRM,
    LOGIN,
    TEST,
    Pending,
    Ticket,
    browser_secret,
    hide_target,
    leave_ticket,
    look,
    look_at_ticket,
    remember,
    require_browser,
    take,
    take_ticket,
    target_of,
)
from accounts.sso.refusals import REASONS, SsoRefused
from tenants.ids import hash_secret, new_secret

TEST_RESULT = "sso_test"  # in the session of the administrator who tests
TEST_VALUES = 50  # of attributes and of values that a test shows


@dataclass(frozen=True)
class Begun:
    """Where the browser has to go, and the secret that names it from now on (`pending.name_browser`)."""

    address: str
    browser: str


def begin(request: HttpRequest, provider: SsoProvider, *, purpose: str, target: str, login_hint: str = "") -> Begun:
    """Begin a sign-on in this browser. Raises SsoRefused when the provider cannot be asked."""
    secret = browser_secret(request)
    pending = Pending(
        tenant_id=provider.tenant_id,
        provider_id=provider.pk,
        purpose=purpose,
        target=hide_target(target, secret),
        browser=hash_secret(secret),
        nonce=f"_{new_secret()}",  # an XML id begins with a letter or underscore
        verifier=new_secret(),
        begun_at=time.time(),
    )
    state = remember(pending)
    if provider.is_saml:
        return Begun(saml.request_url(request, provider, pending, state=state), secret)
    return Begun(oidc.authorization_url(request, provider, pending, state=state, login_hint=login_hint), secret)


def receive_saml(request: HttpRequest, provider: SsoProvider) -> str:
    """Verify the posted answer of a provider; the ticket with which its browser may fetch it. Raises SsoRefused."""
    if not provider.is_saml:
        raise SsoRefused("not_begun_here")
    state = request.POST.get("RelayState", "")
    look(state).require(provider)
    pending = take(state)
    ticket = Ticket(pending, None)
    try:
        asserted = saml.asserted_by_response(request, provider, pending, response=request.POST.get("SAMLResponse", ""))
        return leave_ticket(replace(ticket, asserted=asserted))
    except SsoRefused as refusal:
        return leave_ticket(replace(ticket, refused=refusal.reason, detail=refusal.detail))


def finish(request: HttpRequest, provider: SsoProvider) -> HttpResponse:
    """The end of what this browser began: a login, a confirmation, or the result of a test. Raises SsoRefused.

    What was begun elsewhere, or not at all, is refused before anything else; every later refusal is recorded.
    """
    ticket = _ticket(request, provider)
    pending, asserted = ticket.pending, ticket.asserted
    try:
        asserted = _asserted(request, provider, ticket)
        return _ENDS[pending.purpose](request, provider, pending, asserted)
    except SsoRefused as refusal:
        subject = asserted.subject if asserted else ""
        record_refusal(provider, refusal, actor=actor_of(request), subject=subject, is_test=pending.purpose == TEST)
        if pending.purpose == TEST:
            return _show_test(request, provider, pending, {"refused": refusal.reason, "detail": refusal.detail})
        raise


def _ticket(request: HttpRequest, provider: SsoProvider) -> Ticket:
    """What this browser began at this provider, taken once. Raises SsoRefused."""
    name = request.GET.get("ticket" if provider.is_saml else "state", "")
    ticket = look_at_ticket(name) if provider.is_saml else Ticket(look(name), None)
    require_browser(request, ticket.pending.require(provider))
    return take_ticket(name) if provider.is_saml else Ticket(take(name), None)


def _asserted(request: HttpRequest, provider: SsoProvider, ticket: Ticket) -> Asserted:
    if not provider.is_enabled and ticket.pending.purpose != TEST:
        raise SsoRefused("provider_said_no", "not in use")
    if ticket.refused:
        raise SsoRefused(ticket.refused, ticket.detail)
    return ticket.asserted or oidc.asserted_by_code(request, provider, ticket.pending)


def _log_in(request: HttpRequest, provider: SsoProvider, pending: Pending, asserted: Asserted) -> HttpResponse:
    person = person_for(provider, asserted, actor=actor_of(request))
    return log_in(request, person, target=_target(request, pending, person), method="sso", provider=provider.name)


def _confirm(request: HttpRequest, provider: SsoProvider, pending: Pending, asserted: Asserted) -> HttpResponse:
    """Only whoever is signed in already can confirm to be there."""
    person = person_linked(provider, asserted)
    if person is None or person != signed_in_user(request):
        raise SsoRefused("unknown_person", "another person than the one signed in")
    confirm_by_sso(request, person)
    return redirect(_target(request, pending, person))


def _test(request: HttpRequest, provider: SsoProvider, pending: Pending, asserted: Asserted) -> HttpResponse:
    shown = [[name, list(values[:TEST_VALUES])] for name, values in sorted(asserted.attributes.items())]
    result: dict[str, object] = {"subject": asserted.subject, "attributes": shown[:TEST_VALUES]}
    try:
        result |= _described(preview(provider, asserted, actor=actor_of(request)))
    except SsoRefused as refusal:
        result |= {"refused": refusal.reason, "detail": refusal.detail}
    return _show_test(request, provider, pending, result)


def _described(found: Preview) -> dict[str, object]:
    return {
        "login_id": found.login_id,
        "name": found.name,
        "role": found.role,
        "groups": list(found.groups),
        "is_new": found.is_new,
    }


def _show_test(
    request: HttpRequest, provider: SsoProvider, pending: Pending, result: dict[str, object]
) -> HttpResponse:
    """On the provider's page in Admintool, once, to the administrator who began it."""
    user = signed_in_user(request)
    if user is None or user.tenant_id != provider.tenant_id or not user.is_admin:
        raise SsoRefused("not_begun_here")
    at = timezone.now().isoformat()
    request.session[TEST_RESULT] = {"provider": provider.public_id, "at": at, **result}
    return redirect(_target(request, pending, user))


def test_result(request: HttpRequest, provider: SsoProvider) -> dict[str, object] | None:
    """What the last test of `provider` in this login found, if it was not shown yet."""
    found = request.session.get(TEST_RESULT)
    if not found or found["provider"] != provider.public_id:
        return None
    del request.session[TEST_RESULT]
    return {**found, "why": REASONS.get(found.get("refused", ""), "")}


def _target(request: HttpRequest, pending: Pending, user: User) -> str:
    wanted = target_of(request, pending)
    return wanted if is_page_of(user.tenant, wanted) else reverse("rooms", args=[user.tenant.slug])


_ENDS = {LOGIN: _log_in, CONFIRM: _confirm, TEST: _test}
