"""Sign-ons under way: begun here, while the browser is at the provider.

What was begun lies in the cache under the hash of a random `state`, which the provider hands back. It is taken out
once. A cookie names the browser, so that nobody can finish in another's browser what they began in their own.

SAML's answer arrives as a POST from the provider's site, to which a browser adds no cookies (SameSite=Lax). So it is
verified without knowing the browser, put into the cache under a `ticket`, and a redirect brings the browser, with its
cookie, to take it.
"""

import base64
import hashlib
from dataclasses import asdict, dataclass
from typing import Any, Self

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from accounts.models import SsoProvider
from accounts.sso.asserted import Asserted
from accounts.sso.refusals import SsoRefused
from tenants.ids import hash_secret, new_secret

SIGN_ON_TIME = 600  # s to sign in at the provider
TICKET_TIME = 60  # s for a redirect
COOKIE = "liveon_sso"
COOKIE_PATH = "/t/"
COOKIE_LENGTH = 43  # characters of `new_secret`

LOGIN, TEST, CONFIRM = "login", "test", "confirm"


@dataclass(frozen=True)
class Pending:
    """`purpose`: LOGIN; TEST, which signs nobody in; CONFIRM: the person signed in proves to be there.

    `nonce` is OIDC's nonce or the id of SAML's request, `verifier` is PKCE's, `begun_at` in epoch s, `browser` the hash
    of its cookie. `target`, an address of ours or nothing, may hold Admintool's key: it is encrypted with the cookie.
    """

    tenant_id: int
    provider_id: int
    purpose: str
    target: str
    browser: str
    nonce: str
    verifier: str
    begun_at: float

    def require(self, provider: SsoProvider) -> Self:
        """Refuse an answer that came to another tenant's or provider's address than the one that was begun."""
        if (self.tenant_id, self.provider_id) != (provider.tenant_id, provider.pk):
            raise SsoRefused("not_begun_here")
        return self


@dataclass(frozen=True)
class Ticket:
    """A verified answer that waits for its browser. `refused` is the reason instead of an answer."""

    pending: Pending
    asserted: Asserted | None
    refused: str = ""
    detail: str = ""


def remember(pending: Pending) -> str:
    """The `state` under which `pending` can be taken once."""
    return _put("begun", asdict(pending), SIGN_ON_TIME)


def look(state: str) -> Pending:
    """What was begun as `state`, which stays. Raises SsoRefused."""
    return Pending(**_get("begun", state))


def take(state: str) -> Pending:
    """What was begun as `state`, once. Raises SsoRefused."""
    return Pending(**_take("begun", state))


def leave_ticket(ticket: Ticket) -> str:
    return _put("ticket", ticket, TICKET_TIME)


def look_at_ticket(name: str) -> Ticket:
    found: Ticket = _get("ticket", name)
    return found


def take_ticket(name: str) -> Ticket:
    found: Ticket = _take("ticket", name)
    return found


def browser_secret(request: HttpRequest) -> str:
    """This browser's name: the one it brings, so that several tabs can sign on, or a new one."""
    brought = request.COOKIES.get(COOKIE, "")
    return brought if len(brought) == COOKIE_LENGTH else new_secret()


def hide_target(target: str, secret: str) -> str:
    """`target` for whoever has the browser's secret."""
    return _cipher(secret).encrypt(target.encode()).decode()


def target_of(request: HttpRequest, pending: Pending) -> str:
    """Where the sign-on leads, as it was begun in this request's browser."""
    return _cipher(request.COOKIES.get(COOKIE, "")).decrypt(pending.target.encode()).decode()


def name_browser(response: HttpResponse, secret: str) -> None:
    response.set_cookie(
        COOKIE,
        secret,
        max_age=SIGN_ON_TIME,
        path=COOKIE_PATH,
        secure=settings.SECURE,
        httponly=True,
        samesite="Lax",
    )


def require_browser(request: HttpRequest, pending: Pending) -> None:
    """Refuse to finish in another browser than the one that began."""
    brought = hash_secret(request.COOKIES.get(COOKIE, ""))
    if not constant_time_compare(brought, pending.browser):
        raise SsoRefused("not_begun_here")


def use_once(name: str, *, seconds: int) -> None:
    """Refuse what was used before. `name` is remembered for so many seconds."""
    if not cache.add(f"sso:used:{hash_secret(name)}", 1, timeout=max(1, seconds)):
        raise SsoRefused("answered_before")


def _cipher(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"target:{secret}".encode()).digest()))


def _put(kind: str, value: Any, seconds: int) -> str:
    secret = new_secret()
    cache.set(_key(kind, secret), value, timeout=seconds)
    return secret


def _get(kind: str, secret: str) -> Any:
    found = cache.get(_key(kind, secret))
    if found is None:
        raise SsoRefused("not_begun_here")
    return found


def _take(kind: str, secret: str) -> Any:
    found = _get(kind, secret)
    if not cache.delete(_key(kind, secret)):  # of two that found it, one deletes it
        raise SsoRefused("not_begun_here")
    return found


def _key(kind: str, secret: str) -> str:
    return f"sso:{kind}:{hash_secret(secret)}"
