"""What the services of rooms and classes refuse. Each is a ValidationError by field, so that a form can show it.

ValidationError
├── ClassNameTaken     the tenant has a class with this name
├── ClassUnknown       a class of another tenant, or one that rooms cannot be given any more
├── ClassTooLax        only administrators may give a room a class that demands less
├── Forced             the organisation or the class leaves no choice
├── InvitingRestricted a restriction of the organisation forbids to invite guests
├── TooManyRooms       a member has made as many rooms as one may
├── TooManyPasses      a member has as many valid guest links as one may
└── NotAdmin           only administrators may do this
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


class InvitingRestricted(ValidationError):
    def __init__(self) -> None:
        text = _("Your organisation does not let you invite guests from here or at this time. Ask your administrator.")
        super().__init__(text, code="restricted")


class TooManyRooms(ValidationError):
    def __init__(self, most: int) -> None:
        text = _("You have made %(most)s rooms, as many as one member may. Close one that you no longer need.")
        super().__init__(text, code="too_many_rooms", params={"most": most})


class TooManyPasses(ValidationError):
    def __init__(self, most: int) -> None:
        text = _("You have %(most)s valid guest links, as many as one member may. Revoke some that are not needed.")
        super().__init__(text, code="too_many_passes", params={"most": most})


class NotAdmin(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("Only an administrator may do this."), code="not_admin")
