"""Passwords: judged and hashed outside of transactions, because argon2 is slow on purpose."""

from datetime import timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import PasswordHistory, SecuritySettings, User
from accounts.services.security import settings_of
from tenants.context import tenant_context
from tenants.models import Tenant

LONGEST_PASSWORD = 1000  # characters


def _is_other(letter: str) -> bool:
    return not (letter.islower() or letter.isupper() or letter.isdigit())


CLASSES = (str.islower, str.isupper, str.isdigit, _is_other)


def hash_password(password: str, *, user: User) -> str:
    """The argon2 hash to store for `user`, who need not be saved yet. Raises as `check_new_password` does."""
    check_new_password(password, user=user)
    return make_password(password)


def check_new_password(password: str, *, user: User, demands: SecuritySettings | None = None) -> None:
    """Raise ValidationError {"password": …} for a password that the policy of the user's tenant refuses.

    `demands` spares looking the policy up for each of many users.
    """
    if len(password) > LONGEST_PASSWORD:
        raise ValidationError({"password": ValidationError(_("This password is too long."), code="too_long")})
    demands = demands or settings_of(user.tenant)
    try:
        _check(password, demands)
        validate_password(password, user)
        _check_former(password, user, demands)
    except ValidationError as error:
        raise ValidationError({"password": error.error_list}) from error


def password_matches(user: User, password: str) -> bool:
    return check_password(password, user.password)


def password_rules(tenant: Tenant) -> str:
    """What the tenant demands of a new password, as sentences."""
    demands = settings_of(tenant)
    rules = [_too_short(demands)]
    if demands.password_classes > 1:
        rules.append(_too_plain(demands))
    rules.append(_("Nothing common and nothing like your name or user ID."))
    if demands.password_history:
        rules.append(_too_familiar(demands))
    return " ".join(rules)


def why_password_is_due(user: User) -> str:
    """Why `user` must choose a new password now: "given" (somebody else knows it), "expired", or ""."""
    if user.must_change_password:
        return "given"
    days = settings_of(user.tenant).password_max_age_days
    changed_at = user.password_changed_at or user.created_at
    return "expired" if days and timezone.now() - changed_at > timedelta(days=days) else ""


def keep_former_password(user: User, *, now_hashed: str) -> None:
    """Remember the password that is replaced, if the policy asks for it, and forget those beyond. In a transaction."""
    number = settings_of(user.tenant).password_history
    former = PasswordHistory.objects.for_tenant(user.tenant).filter(user=user)
    if number and user.password and user.password != now_hashed:
        PasswordHistory.objects.create(
            tenant=user.tenant, user=user, password=user.password, replaced_at=timezone.now()
        )
    kept = former.order_by("-replaced_at", "-pk")[:number]
    former.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()


def _check(password: str, demands: SecuritySettings) -> None:
    if len(password) < demands.password_min_length:
        raise ValidationError(_too_short(demands), code="too_short")
    if sum(any(map(belongs, password)) for belongs in CLASSES) < demands.password_classes:
        raise ValidationError(_too_plain(demands), code="too_plain")


def _check_former(password: str, user: User, demands: SecuritySettings) -> None:
    """Neither the present password, when it is due or history counts, nor one of the last ones."""
    if user.pk is None:
        return
    former = [user.password] if demands.password_history or why_password_is_due(user) else []
    with tenant_context(user.tenant):
        rows = PasswordHistory.objects.for_tenant(user.tenant).filter(user=user).order_by("-replaced_at", "-pk")
        former += list(rows.values_list("password", flat=True)[: demands.password_history])
    if any(check_password(password, encoded) for encoded in former):
        raise ValidationError(_("You had this password before. Choose another one."), code="used_before")


def _too_short(demands: SecuritySettings) -> str:
    return ngettext(
        "At least %(number)s character.", "At least %(number)s characters.", demands.password_min_length
    ) % {"number": demands.password_min_length}


def _too_plain(demands: SecuritySettings) -> str:
    if demands.password_classes >= len(CLASSES):
        return _("Small letters, capital letters, digits and other characters, all four.")
    return _("At least %(number)s of these four kinds: small letters, capital letters, digits, other characters.") % {
        "number": demands.password_classes
    }


def _too_familiar(demands: SecuritySettings) -> str:
    return ngettext(
        "Not the present password and not the last one before it.",
        "Not the present password and none of the last %(number)s before it.",
        demands.password_history,
    ) % {"number": demands.password_history}
