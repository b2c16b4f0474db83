"""Second factors of users, kept by allauth.mfa: an authenticator app (TOTP), passkeys, recovery codes.

Who has an app or a passkey is asked for one at each login by password; a recovery code stands in for it once.
"""

import time
import unicodedata
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.db import transaction
from django.utils.crypto import constant_time_compare

from accounts.encryption import decrypt
from accounts.errors import FactorNotFound, LastFactor, TooManyPasskeys, TooManyTries, WrongCode
from accounts.logins import end_logins
from accounts.models import User
from accounts.services.records import record_about
from accounts.services.security import demands_factor
from accounts.signals import access_changed
from accounts.throttle import Throttle
from audit.events import Actor
from tenants.context import tenant_context
from tenants.ids import new_public_id

TOTP_PERIOD = 30  # s
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
LONGEST_NAME = 60
MOST_PASSKEYS = 20  # of one user: each is tried at a sign-in

_throttle = Throttle("code")  # only somebody who knows the password comes to try a code, so all addresses count as one


def factors_of(user: User) -> list[Authenticator]:
    """The authenticator app, passkeys and recovery codes of `user`, oldest first."""
    with tenant_context(user.tenant):
        return list(Authenticator.objects.filter(user=user).order_by("pk"))


def has_factor(user: User) -> bool:
    """Whether `user` has an authenticator app or a passkey."""
    return any(factor.type in FACTORS for factor in factors_of(user))


@dataclass(frozen=True)
class SetUp:
    """What somebody can sign in with besides a password."""

    app: Authenticator | None
    passkeys: list[Authenticator]
    codes_left: int

    @property
    def number(self) -> int:
        return len(self.passkeys) + (self.app is not None)


def set_up(user: User) -> SetUp:
    """What `user` has set up; each factor carries its `public_id`."""
    found = factors_of(user)
    for factor in found:
        factor.public_id = public_id_of(factor)
    return SetUp(
        app=next((factor for factor in found if factor.type == Authenticator.Type.TOTP), None),
        passkeys=[factor for factor in found if factor.type == Authenticator.Type.WEBAUTHN],
        codes_left=sum(codes_left(factor) for factor in found if factor.type == Authenticator.Type.RECOVERY_CODES),
    )


def ways_to_prove(user: User) -> set[str]:
    """How `user` can prove who they are: of "password", "code" and "passkey"."""
    ways = {"passkey" if factor.type == Authenticator.Type.WEBAUTHN else "code" for factor in factors_of(user)}
    return ways | ({"password"} if user.has_usable_password() else set())


def add_totp(user: User, *, actor: Actor, secret: str, code: str) -> list[str]:
    """Set up the authenticator app that knows `secret`, in place of another; new recovery codes, if there were none.

    Raises WrongCode when the app shows another code than `code`, TooManyTries.
    """
    _ask_for_try(user)
    counter = _matching_counter(secret, _plain(code), after=-1)
    if counter is None:
        raise WrongCode
    _forget_tries(user)
    with transaction.atomic(), tenant_context(user.tenant):
        _lock(user)
        Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()
        factor = TOTP.activate(user, secret).instance
        _note_counter(factor, counter)
        record_about(user, "mfa_totp_added", actor=actor)
        return _first_recovery_codes(user, actor)


def add_passkey(user: User, *, actor: Actor, name: str, credential: dict[str, Any]) -> list[str]:
    """Keep a passkey whose registration was verified; new recovery codes if there were none. Raises TooManyPasskeys."""
    with transaction.atomic(), tenant_context(user.tenant):
        _lock(user)
        if Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).count() >= MOST_PASSKEYS:
            raise TooManyPasskeys(MOST_PASSKEYS)
        data = {"public_id": new_public_id(), "name": name.strip()[:LONGEST_NAME], "credential": credential}
        Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)
        record_about(user, "mfa_passkey_added", actor=actor, name=data["name"])
        return _first_recovery_codes(user, actor)


def find_factor(user: User, factor_id: str) -> Authenticator:
    """The app ("totp") or the passkey with this public id. Raises FactorNotFound."""
    for factor in factors_of(user):
        if factor.type in FACTORS and factor_id == public_id_of(factor):
            return factor
    raise FactorNotFound


def public_id_of(factor: Authenticator) -> str:
    return str(factor.data.get("public_id", "") if factor.type == Authenticator.Type.WEBAUTHN else factor.type)


def remove_factor(user: User, *, actor: Actor, factor_id: str) -> None:
    """Take away an app or a passkey; with the last one, the recovery codes. Raises FactorNotFound, LastFactor."""
    with transaction.atomic(), tenant_context(user.tenant):
        _lock(user)
        factor = find_factor(user, factor_id)
        others = Authenticator.objects.filter(user=user, type__in=FACTORS).exclude(pk=factor.pk)
        is_last = not others.exists()
        if is_last and demands_factor(user):
            raise LastFactor
        removed = "mfa_totp_removed" if factor.type == Authenticator.Type.TOTP else "mfa_passkey_removed"
        record_about(user, removed, actor=actor, name=factor.data.get("name", ""))
        factor.delete()
        if is_last:
            Authenticator.objects.filter(user=user).delete()


def make_recovery_codes(user: User, *, actor: Actor) -> list[str]:
    """Ten new codes, each good once; the former ones are dead. Raises FactorNotFound without an app or passkey."""
    with transaction.atomic(), tenant_context(user.tenant):
        _lock(user)
        if not has_factor(user):
            raise FactorNotFound
        Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
        return _make_codes(user, actor)


def codes_left(factor: Authenticator) -> int:
    return len(RecoveryCodes(factor).get_unused_codes())


def use_code(user: User, *, code: str, actor: Actor) -> Authenticator:
    """Which factor `code` proves: the app, whose every code is good once, or the recovery codes.

    Raises WrongCode, and TooManyTries before it looks.
    """
    _ask_for_try(user)
    with transaction.atomic(), tenant_context(user.tenant):
        _lock(user)
        factor = _factor_with(user, _plain(code))
        if factor is None:
            record_about(user, "mfa_failed", actor=actor, method="code")
        else:
            factor.record_usage()
            if factor.type == Authenticator.Type.RECOVERY_CODES:
                record_about(user, "mfa_recovery_code_used", actor=actor, left=codes_left(factor))
    if factor is None:
        raise WrongCode
    _forget_tries(user)
    return factor


def record_wrong_passkey(user: User, *, actor: Actor) -> None:
    """Somebody who knows the password of `user` answered with no passkey of theirs. Guessing is hopeless."""
    with transaction.atomic(), tenant_context(user.tenant):
        record_about(user, "mfa_failed", actor=actor, method="webauthn")


def reset_factors(user: User, *, actor: Actor) -> None:
    """Take away all factors of somebody who lost them, and end all logins."""
    with transaction.atomic(), tenant_context(user.tenant):
        _lock(user)
        removed = Authenticator.objects.filter(user=user, type__in=FACTORS).count()
        Authenticator.objects.filter(user=user).delete()
        record_about(user, "mfa_reset", actor=actor, removed=removed, logins_ended=end_logins(user))
        access_changed.send(sender=None, user=user, reason="logged_out", login_key="", actor=actor)


def forget_wrong_codes(user: User) -> None:
    """Let `user` try codes again at once."""
    _forget_tries(user)


def _ask_for_try(user: User) -> None:
    wait = _throttle.retry_after(user.public_id, user.public_id)
    if wait > 0:
        raise TooManyTries(wait)


def _forget_tries(user: User) -> None:
    _throttle.succeeded(user.public_id, user.public_id)


def _lock(user: User) -> None:
    """One change of a user's factors at a time: a code is good once, the last factor is removed by one of two."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _plain(code: str) -> str:
    """Digits as people type them: in groups, or full-width from a Japanese keyboard."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", code) if letter.isalnum())


def _factor_with(user: User, code: str) -> Authenticator | None:
    for factor in Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN).order_by("-type"):
        proves = _is_totp if factor.type == Authenticator.Type.TOTP else _is_recovery_code
        if proves(factor, code):
            return factor
    return None


def _is_totp(factor: Authenticator, code: str) -> bool:
    counter = _matching_counter(decrypt(factor.data["secret"]), code, after=factor.data.get("last_counter", -1))
    if counter is not None:
        _note_counter(factor, counter)
    return counter is not None


def _is_recovery_code(factor: Authenticator, code: str) -> bool:
    proven = RecoveryCodes(factor)
    is_right = bool(proven.validate_code(code))
    factor.data = proven.instance.data
    return is_right


def _matching_counter(secret: str, code: str, *, after: int) -> int | None:
    """The time step, one before to one after the present one and later than `after`, whose code this is (RFC 6238)."""
    now = int(time.time()) // TOTP_PERIOD
    for counter in range(max(now - 1, after + 1), now + 2):
        if constant_time_compare(format_hotp_value(hotp_value(secret, counter)), code):
            return counter
    return None


def _note_counter(factor: Authenticator, counter: int) -> None:
    factor.data["last_counter"] = counter
    factor.save(update_fields=["data"])


def _first_recovery_codes(user: User, actor: Actor) -> list[str]:
    if Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).exists():
        return []
    return _make_codes(user, actor)


def _make_codes(user: User, actor: Actor) -> list[str]:
    codes = RecoveryCodes.activate(user).generate_codes()
    record_about(user, "mfa_recovery_codes_made", actor=actor, number=len(codes))
    return list(codes)
