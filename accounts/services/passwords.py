"""Passwords: judged and hashed outside of transactions, because argon2 is slow on purpose."""

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User

LONGEST_PASSWORD = 1000  # characters


def hash_password(password: str, *, user: User) -> str:
    """The argon2 hash to store for `user`, who need not be saved yet.

    Raises ValidationError {"password": …} for a password that the policy refuses.
    """
    if len(password) > LONGEST_PASSWORD:
        raise ValidationError({"password": ValidationError(_("This password is too long."), code="too_long")})
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error.error_list}) from error
    return make_password(password)


def password_matches(user: User, password: str) -> bool:
    return check_password(password, user.password)
