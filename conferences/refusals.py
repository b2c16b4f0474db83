"""What the services of rooms and classes refuse. Each is a ValidationError by field, so that a form can show it.

ValidationError
├── ClassNameTaken     the tenant has a class with this name
├── ClassUnknown       a class of another tenant, or one that rooms cannot be given any more
├── ClassTooLax        only administrators may give a room a class that demands less
└── Forced             the organisation or the class leaves no choice
"""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class ClassNameTaken(ValidationError):
    def __init__(self) -> None:
        super().__init__({"name": ValidationError(_("There is a class with this name."), code="taken")})


class ClassUnknown(ValidationError):
    def __init__(self) -> None:
        text = _("Rooms cannot be given this class any more.")
        super().__init__({"meeting_class": ValidationError(text, code="unknown_class")})


class ClassTooLax(ValidationError):
    def __init__(self) -> None:
        text = _("Only an administrator may give this room a class that demands less than its present one.")
        super().__init__({"meeting_class": ValidationError(text, code="too_lax")})


class Forced(ValidationError):
    """`field` is the room's field whose choice is gone."""

    def __init__(self, field: str) -> None:
        text = _("The organisation or the class of this room does not leave this choice. You can only be stricter.")
        super().__init__({field: ValidationError(text, code="forced")})
