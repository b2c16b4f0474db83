"""What accounts refuses. Each is a ValidationError, so that a form can show it: `form.add_error(None, error)`.

ValidationError          a field is not acceptable (by field name)
├── LoginIdTaken         the tenant has this login id already
├── SlugTaken            another tenant has this slug
├── LastAdmin            the tenant would be left without an active administrator
├── WrongPassword        the present password, asked for again, is another
├── LoginRefused         wrong organisation, user ID or password, or disabled: not said which
└── TooManyTries         wait `seconds` before the next try
"""

from math import ceil

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy


class LoginIdTaken(ValidationError):
    def __init__(self) -> None:
        super().__init__({"login_id": ValidationError(_("This user ID is taken."), code="taken")})


class SlugTaken(ValidationError):
    def __init__(self) -> None:
        super().__init__({"slug": ValidationError(_("This organisation ID is taken."), code="taken")})


class LastAdmin(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("The last active administrator cannot be disabled or made a member."), code="last_admin")


class WrongPassword(ValidationError):
    def __init__(self) -> None:
        super().__init__({"old_password": ValidationError(_("This is not your current password."), code="wrong")})


class LoginRefused(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("The organisation, user ID or password is not right."), code="refused")


class TooManyTries(ValidationError):
    """`seconds` is the whole number of seconds to wait."""

    def __init__(self, retry_after: float) -> None:
        self.seconds = max(1, ceil(retry_after))
        text = ngettext_lazy(
            "Too many wrong passwords. Wait %(seconds)s second and try again.",
            "Too many wrong passwords. Wait %(seconds)s seconds and try again.",
            "seconds",
        )
        super().__init__(text, code="too_many_tries", params={"seconds": self.seconds})
