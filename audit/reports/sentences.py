"""Events as sentences. Who did it stands beside them; an action without a sentence shows its name."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEvent, LeaveReason

SENTENCES: dict[str, Promise] = {
    # joining and leaving
    "attendance_opened": _("Joined a meeting in %(target)s."),
    "attendance_closed": _("%(name)s left %(target)s: %(reason)s."),
    "bandwidth_recorded": _("Sealed the bandwidth of some minutes."),
    "access_ended": _("Ended access to %(target)s within %(delay_ms)s ms: %(cause)s."),
    "join_restricted": _("Was kept out of %(target)s by the rule “%(rule)s”."),
    # logins
    "login_succeeded": _("Signed in."),
    "login_restricted": _("Was refused to sign in by the rule “%(rule)s”."),
    "login_failed": _("Failed to sign in as “%(target)s”."),
    "login_ended": _("Ended a login of %(target)s."),
    "login_revoked": _("Revoked a login of %(target)s."),
    "logged_out": _("Signed out."),
    "reauthenticated": _("Confirmed who they are."),
    "reauthentication_failed": _("Failed to confirm who they are."),
    # users
    "user_created": _("Created the user %(target)s."),
    "user_edited": _("Changed the user %(target)s."),
    "user_disabled": _("Disabled the user %(target)s."),
    "user_enabled": _("Enabled the user %(target)s."),
    "user_unlocked": _("Let %(target)s try to sign in again at once."),
    "users_exported": _("Downloaded the list of users."),
    "user_import_started": _("Began to import users."),
    "user_import_finished": _("Imported users."),
    "user_import_failed": _("An import of users failed."),
    "user_import_cancelled": _("Cancelled an import of users."),
    "group_created": _("Created the group %(target)s."),
    "group_renamed": _("Renamed the group %(target)s."),
    "group_deleted": _("Deleted the group %(target)s."),
    "group_members_changed": _("Changed who is in the group %(target)s."),
    "password_reset_requested": _("A link for a new password of %(target)s was asked for."),
    "password_reset_by_mail": _("Set a new password for %(target)s by a link in a mail."),
    "password_changed": _("Set the password of %(target)s."),
    "break_glass_granted": _("Let %(target)s sign in by password in an emergency."),
    "break_glass_withdrawn": _("Let %(target)s no longer sign in by password in an emergency."),
    "break_glass_used": _("Signed in with a break-glass account, without single sign-on."),
    "mfa_totp_added": _("Added an authenticator app for %(target)s."),
    "mfa_passkey_added": _("Added a passkey for %(target)s."),
    "mfa_recovery_codes_made": _("Made new recovery codes for %(target)s."),
    "mfa_recovery_code_used": _("Used a recovery code."),
    "mfa_failed": _("Gave a wrong second factor."),
    "mfa_reset": _("Reset the second factors of %(target)s."),
    "mfa_totp_removed": _("Removed the authenticator app of %(target)s."),
    "mfa_passkey_removed": _("Removed a passkey of %(target)s."),
    # rooms and meetings
    "room_created": _("Created the room %(target)s."),
    "room_edited": _("Changed the room %(target)s."),
    "room_closed": _("Closed the room %(target)s."),
    "room_entry_password_set": _("Set the entry password of %(target)s."),
    "room_entry_password_cleared": _("Removed the entry password of %(target)s."),
    "room_entry_refused": _("Was refused entry to %(target)s: a wrong password."),
    "guest_pass_created": _("Invited the guest %(target)s."),
    "guest_pass_revoked": _("Revoked the pass of the guest %(target)s."),
    "guest_pass_taken_over": _("Took over the pass of the guest %(target)s."),
    "guest_admitted": _("Admitted the guest %(target)s."),
    "guest_denied": _("Turned away the guest %(target)s."),
    "participant_removed": _("Removed %(target)s from a meeting."),
    "forced_exit": _("Put %(target)s out of every meeting."),
    "participant_readmitted": _("Re-admitted %(target)s."),
    "participant_muted": _("Muted %(target)s."),
    "meeting_command_done": _("Carried out what was ordered in a meeting."),
    "meeting_started": _("A meeting began in %(target)s."),
    "meeting_ended": _("The meeting in %(target)s ended."),
    "meeting_frozen": _("Froze the meeting in %(target)s."),
    "meeting_unfrozen": _("Let the meeting in %(target)s go on."),
    "meeting_class_created": _("Created the meeting class %(target)s."),
    "meeting_classes_sorted": _("Changed the order of the meeting classes."),
    "meeting_class_edited": _("Changed the meeting class %(target)s."),
    "meeting_class_retired": _("Retired the meeting class %(target)s."),
    "meeting_class_revived": _("Took the meeting class %(target)s back into use."),
    # settings
    "tenant_created": _("Created the organisation."),
    "tenant_suspended": _("Suspended the organisation."),
    "tenant_resumed": _("Resumed the organisation."),
    "admintool_url_rotated": _("Gave Admintool a new address."),
    "security_settings_changed": _("Changed the security settings."),
    "restriction_created": _("Created the rule %(target)s."),
    "restriction_edited": _("Changed the rule %(target)s."),
    "restriction_deleted": _("Deleted the rule %(target)s."),
    "restriction_enabled": _("Switched the rule %(target)s on."),
    "restriction_disabled": _("Switched the rule %(target)s off."),
    "restriction_rehearsed": _("Compared the rule %(rule)s with the log of the past week."),
    "restriction_moved": _("Moved the rule %(target)s."),
    "approval_requested": _("Asked for an approval: %(target)s."),
    "approval_given": _("Approved: %(target)s."),
    "approval_refused": _("Refused: %(target)s."),
    "approval_withdrawn": _("Withdrew a request: %(target)s."),
    "approval_expired": _("A request expired: %(target)s."),
    "sso_provider_created": _("Added the sign-on provider %(target)s."),
    "sso_provider_edited": _("Changed the sign-on provider %(target)s."),
    "sso_provider_enabled": _("Switched the sign-on provider %(target)s on."),
    "sso_provider_disabled": _("Switched the sign-on provider %(target)s off."),
    "sso_linked": _("Linked %(target)s with a sign-on provider."),
    "sso_unlinked": _("Unlinked %(target)s from a sign-on provider."),
    "sso_change_refused": _("Left %(target)s as they are, against the sign-on provider: %(why)s"),
    "sso_test_failed": _("Tested a sign-on provider, which failed: %(provider)s."),
    "soft_caps_changed": _("Changed the soft caps."),
    "limits_changed": _("Changed how much the organisation may use at once."),
    "soft_cap_warned": _("Warned of a soft cap."),
    # reading and taking out
    "admintool_visited": _("Visited Admintool."),
    "admintool_refused": _("Was refused Admintool."),
    "attendance_read": _("Read the attendance log."),
    "attendance_export_begun": _("Began to download the attendance log."),
    "attendance_exported": _("Downloaded the attendance log."),
    "bandwidth_read": _("Read the bandwidth log."),
    "bandwidth_export_begun": _("Began to download the bandwidth log."),
    "bandwidth_exported": _("Downloaded the bandwidth log."),
    "minutes_read": _("Read the bandwidth log by minute."),
    "minutes_export_begun": _("Began to download the bandwidth log by minute."),
    "minutes_exported": _("Downloaded the bandwidth log by minute."),
    "events_read": _("Read the event log."),
    "events_export_begun": _("Began to download the event log."),
    "events_exported": _("Downloaded the event log."),
    "logins_read": _("Read the login log."),
    "logins_export_begun": _("Began to download the login log."),
    "logins_exported": _("Downloaded the login log."),
    "usage_exported": _("Downloaded the usage figures."),
    # keeping
    "audit_purge_started": _("Began to delete records past their time."),
    "audit_purged": _("Deleted records past their time."),
    "audit_key_rotated": _("A new key signs the records from now on."),
    "hold_placed": _("Placed a legal hold: %(target)s."),
    "hold_lifted": _("Lifted a legal hold: %(target)s."),
    "disclosure_requested": _("Asked for a disclosure: %(target)s."),
    "disclosure_approved": _("Approved a disclosure: %(target)s."),
    "disclosure_refused": _("Refused a disclosure: %(target)s."),
    "disclosure_exported": _("Downloaded a disclosure: %(target)s."),
    "certificate_downloaded": _("Downloaded a deletion certificate."),
    "tenant_export_begun": _("Began to export the organisation's data."),
    "tenant_exported": _("Exported the organisation's data."),
    "tenant_ended": _("Ended the organisation's contract."),
    "tenant_erasure_begun": _("Began to erase the organisation's data."),
    "tenant_erased": _("Erased the organisation's data."),
}


CAUSES: dict[str, Promise] = {  # why access ended
    "disabled": _("the account was disabled"),
    "inviter_disabled": _("the account of who invited was disabled"),
    "restricted": _("a rule forbids it"),
    "tenant_suspended": _("the organisation was suspended"),
    "password_changed": _("the password was changed"),
    "logged_out": _("the login ended"),
    "guest_pass_revoked": _("the pass was revoked"),
    "guests_not_allowed": _("guests are not allowed any more"),
    "removed": _("removed"),
}


class _Words(dict[str, Any]):
    """A word that an event lacks is a dash: an old event must not break the page."""

    def __missing__(self, name: str) -> str:
        return "–"


def sentence(event: AuditEvent) -> str:
    """What happened, in the language of the reader."""
    template = SENTENCES.get(event.action)
    return str(template) % _words(event) if template else event.action


def _words(event: AuditEvent) -> Mapping[str, Any]:
    details = event.details if isinstance(event.details, dict) else {}
    words = _Words({name: value for name, value in details.items() if isinstance(value, str | int | float)})
    words["target"] = event.target_name or "–"
    if words.get("cause") in CAUSES:
        words["cause"] = str(CAUSES[words["cause"]])
    if words.get("reason") in LeaveReason.values:
        words["reason"] = str(LeaveReason(words["reason"]).label)
    return words
