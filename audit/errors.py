"""What the keeping of records refuses. Each is a ValidationError, so that a form can show it.

ValidationError          a field is not acceptable (by field name)
├── HoldInForce          a legal hold keeps what was to be erased
├── HoldLifted           the hold was lifted already
├── DisclosureClosed     the request was refused, or has all its approvals
├── NeedsAnotherPerson   who asked for it, or has approved it already, cannot approve it
└── NotApproved          two others have not approved the disclosure
"""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class HoldInForce(ValidationError):
    """`cases` are the case numbers of the holds in force."""

    def __init__(self, cases: list[str]) -> None:
        text = _("A legal hold is in force (%(cases)s): nothing may be erased before it is lifted.")
        super().__init__(text, code="hold_in_force", params={"cases": ", ".join(cases)})


class HoldLifted(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("This hold was lifted already."), code="hold_lifted")


class DisclosureClosed(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("This request is decided already."), code="disclosure_closed")


class NeedsAnotherPerson(ValidationError):
    def __init__(self) -> None:
        text = _("Two administrators other than the one who asked must approve it, each of them once.")
        super().__init__(text, code="needs_another_person")


class NotApproved(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("Two other administrators must approve this request first."), code="not_approved")
