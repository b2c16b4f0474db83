"""What accounts refuses. Each is a ValidationError, so that a form can show it: `form.add_error(None, error)`.

ValidationError          a field is not acceptable (by field name)
├── TenantEnded          the tenant's data was erased: there is nothing to come back to
├── LoginIdTaken         the tenant has this login id already
├── SlugTaken            another tenant has this slug
├── LastAdmin            the tenant would be left without an active administrator
├── WrongPassword        the present password, asked for again, is another
├── LoginRefused         wrong organisation, user ID or password, or disabled: not said which
├── TooManyTries         wait `seconds` before the next try
├── WrongCode            the code of a second factor is wrong, used or too old
├── PasskeyRefused       the browser's answer proves no passkey of this user
├── TooManyPasskeys      the user has as many as anybody may have
├── FactorNotFound       the user has no such second factor
├── LastFactor           the organisation demands a second factor: the last one stays
├── NoWayIn              the rules would leave a time at which no administrator can sign in from there
├── LoginNotFound        the user has no such login, or no longer
├── ResetLinkInvalid     a link for a new password was used, is too old or was never one
├── OwnNetworkMissing    Admintool would be shut to the administrator who restricts it
├── AlreadyDecided       an approval was decided, withdrawn or is too old
├── OwnRequest           four eyes: another administrator decides; only who asked withdraws
├── RequesterGone        who asked is no administrator any more
├── TooFewAdmins         four eyes need two active administrators
├── GroupNameTaken       the tenant has this group already
├── GroupInUse           rules or single sign-on name the group
├── FileRefused          an import's file cannot be read
├── ImportRefused        an import cannot be started, continued or cancelled in its state
├── TooLongToRecord      a change says more than one event of the log holds
├── SsoAppTaken          the tenant has a provider with this short name
├── WorkingProviderNeeded  SSO is demanded or to be: somebody must have come back from an enabled provider
└── BreakGlassNeeded     SSO is demanded or to be: an active administrator must be able to come in without it
"""

from math import ceil

from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.rules import Moment


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
    def __init__(self, field: str = "old_password") -> None:
        super().__init__({field: ValidationError(_("This is not your current password."), code="wrong")})


class LoginRefused(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("The organisation, user ID or password is not right."), code="refused")


class TooManyTries(ValidationError):
    """`seconds` is the whole number of seconds to wait."""

    def __init__(self, retry_after: float) -> None:
        self.seconds = max(1, ceil(retry_after))
        text = ngettext_lazy(
            "Too many tries. Wait %(seconds)s second and try again.",
            "Too many tries. Wait %(seconds)s seconds and try again.",
            "seconds",
        )
        super().__init__(text, code="too_many_tries", params={"seconds": self.seconds})


class AlreadyDecided(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("This request was decided already, or its 72 hours are over."), code="already_decided")


class OwnRequest(ValidationError):
    def __init__(self) -> None:
        super().__init__(
            _("Another administrator decides this request. Who asked for it can only withdraw it."), code="own_request"
        )


class RequesterGone(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("Who asked for this is no longer an administrator. Refuse it."), code="requester_gone")


class TooFewAdmins(ValidationError):
    def __init__(self) -> None:
        text = _("Four eyes need at least two active administrators.")
        super().__init__({"four_eyes": ValidationError(text, code="too_few_admins")})


class GroupNameTaken(ValidationError):
    def __init__(self) -> None:
        super().__init__({"name": ValidationError(_("There is a group with this name."), code="taken")})


class GroupInUse(ValidationError):
    """`names` says what depends on the group."""

    def __init__(self, names: list[str]) -> None:
        text = _("This group is in use: %(names)s. Change these first.")
        super().__init__(text, code="in_use", params={"names": ", ".join(names)})


class FileRefused(ValidationError):
    """The text says why."""

    def __init__(self, text: str) -> None:
        super().__init__({"file": ValidationError(text, code="file_refused")})


class ImportRefused(ValidationError):
    """The text says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text, code="import_refused")


class TooLongToRecord(ValidationError):
    def __init__(self) -> None:
        text = _("This is too long to be recorded in one event of the log. Shorten it, or divide it.")
        super().__init__(text, code="too_long_to_record")


class WrongCode(ValidationError):
    def __init__(self) -> None:
        super().__init__({"code": ValidationError(_("This code is not right, or no longer."), code="wrong_code")})


class PasskeyRefused(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("The passkey was not accepted. Try again."), code="passkey_refused")


class TooManyPasskeys(ValidationError):
    def __init__(self, most: int) -> None:
        text = _("You have %(most)d passkeys already. Remove one that you no longer use.")
        super().__init__(text, code="too_many_passkeys", params={"most": most})


class FactorNotFound(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("This is not set up."), code="factor_not_found")


class LastFactor(ValidationError):
    def __init__(self) -> None:
        text = _("Your organisation demands a second factor. Set up another one before you remove this one.")
        super().__init__(text, code="last_factor")


class LoginNotFound(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("This login has ended already."), code="login_not_found")


class ResetLinkInvalid(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("This link is no longer good."), code="reset_link_invalid")


class OwnNetworkMissing(ValidationError):
    """Of `admintool_networks`."""

    def __init__(self, ip_address: str) -> None:
        text = _("Your own address %(ip_address)s is in none of these networks: you would shut yourself out.")
        error = ValidationError(text, code="own_network_missing", params={"ip_address": ip_address})
        super().__init__({"admintool_networks": error})


class NoWayIn(ValidationError):
    """At `moment` no active administrator could sign in from `ip_address`."""

    def __init__(self, moment: Moment, *, ip_address: str) -> None:
        text = _(
            "With this, no administrator could sign in from %(ip_address)s on %(weekday)s at %(time)s. Nothing was "
            "changed. First add a rule that always lets an administrator sign in, and move it to the top."
        )
        clock = f"{moment.clock:%H:%M}"
        params = {"ip_address": ip_address, "weekday": WEEKDAYS[moment.weekday], "time": clock}
        super().__init__(text, code="no_way_in", params=params)


class SsoAppTaken(ValidationError):
    def __init__(self) -> None:
        super().__init__({"app": ValidationError(_("There is a provider with this short name."), code="taken")})


class WorkingProviderNeeded(ValidationError):
    def __init__(self) -> None:
        text = _("Single sign-on cannot be demanded before somebody has signed in, or tested, with a provider in use.")
        super().__init__(text, code="working_provider_needed")


class BreakGlassNeeded(ValidationError):
    def __init__(self) -> None:
        text = _("While single sign-on is demanded, an active administrator must have a break-glass account.")
        super().__init__(text, code="break_glass_needed")


class TenantEnded(ValidationError):
    def __init__(self) -> None:
        super().__init__(_("The data of this organisation was erased. It cannot be resumed."), code="tenant_ended")
