"""Why a sign-on ends in nobody. People read one text for all; the reason is in the log and on the test page."""

from django.utils.translation import gettext_lazy as _

REASONS = {
    "unreachable": _("The provider could not be reached, or its answer was not understood."),
    "address_refused": _("The provider's address is not https, or leads into a private network."),
    "provider_said_no": _("The provider did not sign the person in."),
    "unreadable_credential": _("The client secret cannot be read any more. Enter it again."),
    "not_begun_here": _("The answer belongs to no sign-on that was begun in this browser, or it came twice."),
    "bad_signature": _("The answer is not signed by the provider as it is set up here."),
    "wrong_issuer": _("The answer names another provider than the one set up here."),
    "wrong_audience": _("The answer is meant for somebody else."),
    "wrong_nonce": _("The answer belongs to another sign-on."),
    "out_of_time": _("The answer is too old or not valid yet. Compare the clocks."),
    "answered_before": _("This answer was used before."),
    "not_acceptable": _("The answer does not say what it must say."),
    "no_stable_subject": _("The provider gives no lasting identifier of the person."),
    "groups_left_out": _("The provider left the groups out because there are too many."),
    "unknown_person": _("Nobody here is linked to this person, and the settings link or create nobody."),
    "user_id_not_free": _("The user ID belongs to an account that may not be linked, or cannot be a user ID."),
    "disabled": _("The account is disabled."),
}


class SsoRefused(Exception):
    """`reason` is one of `REASONS`; `detail` is for the log only and may quote the provider."""

    def __init__(self, reason: str, detail: object = "") -> None:
        assert reason in REASONS, reason
        super().__init__(reason)
        self.reason = reason
        self.detail = str(detail)[:300]
