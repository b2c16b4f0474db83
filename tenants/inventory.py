"""The data inventory: every table of the installation, whose it is, what it holds and how long (white paper 8.1.1).

A tenant's table says by which path its rows belong to their tenant, so that an export takes and an erasure finds all of
them, and which of its columns are secrets, which no export contains. `tests/tenants/test_inventory.py` fails on a model
that is not listed and on an entry whose model is gone; docs/data-inventory.md is written from this list.
"""

from dataclasses import dataclass
from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Owner(Enum):
    TENANT = "tenant"
    PROVIDER = "provider"


class Kept(Enum):
    """How long; the value is what people read."""

    RETENTION = _("The organisation's retention time, at least 365 days; longer under a legal hold")
    CONTRACT = _("Until an operator erases the organisation after the end of the contract")
    FOREVER = _("Also after the erasure: it proves what was erased")
    LOGIN = _("Until the login ends")
    INSTALLATION = _("As long as the installation")


@dataclass(frozen=True)
class Entry:
    """One table. `path` leads from a row to its tenant (Django's look-up; empty for the provider's and for logins)."""

    label: str
    owner: Owner
    what: str | Promise
    kept: Kept
    path: str = ""
    secrets: tuple[str, ...] = ()

    @property
    def kept_for(self) -> str:
        """In words."""
        return str(self.kept.value)

    @property
    def is_exported(self) -> bool:
        return bool(self.path)

    @property
    def is_erased(self) -> bool:
        return bool(self.path) and self.kept is not Kept.FOREVER


def _ours(
    label: str, what: str | Promise, *, kept: Kept = Kept.CONTRACT, path: str = "tenant", secrets: tuple[str, ...] = ()
) -> Entry:
    return Entry(label, Owner.TENANT, what, kept, path, secrets)


def _provider(label: str, what: str | Promise, kept: Kept = Kept.INSTALLATION) -> Entry:
    return Entry(label, Owner.PROVIDER, what, kept)


ENTRIES = (
    _ours("accounts.User", _("Users: user ID, name, mail address, role, password as a hash"), secrets=("password",)),
    _ours("accounts.Group", _("Groups of users")),
    _ours("accounts.User_groups", _("Who is in which group"), path="user__tenant"),
    _ours("accounts.PasswordHistory", _("Hashes of former passwords"), secrets=("password",)),
    _ours("accounts.Restriction", _("Rules on signing in and on meetings")),
    _ours("accounts.Restriction_users", _("Whom a rule is for"), path="restriction__tenant"),
    _ours("accounts.Restriction_groups", _("Which groups a rule is for"), path="restriction__tenant"),
    _ours("accounts.SecuritySettings", _("The organisation's security settings")),
    _ours("accounts.SoftCaps", _("From which use on administrators are warned")),
    _ours(
        "accounts.Approval",
        _("Changes that wait for, or had, a second administrator's decision"),
        secrets=("payload",),  # of an identity provider it has the client secret
    ),
    _ours("accounts.UserImport", _("Uploaded files of users")),
    _ours("accounts.UserImportLine", _("The lines of uploaded files of users"), secrets=("password",)),
    _ours("accounts.SsoProvider", _("The organisation's own identity providers"), secrets=("client_secret",)),
    _ours("accounts.SsoIdentity", _("Which user is whom at an identity provider")),
    _ours("account.EmailAddress", _("Mail addresses of users, as the login library keeps them"), path="user__tenant"),
    _ours(
        "account.EmailConfirmation",
        _("Confirmations of mail addresses (not used)"),
        path="email_address__user__tenant",
        secrets=("key",),
    ),  # fmt: skip
    _ours(
        "mfa.Authenticator",
        _("Users' second factors: authenticator apps, passkeys, recovery codes"),
        path="user__tenant",
        secrets=("data",),
    ),  # fmt: skip
    _ours(
        "usersessions.UserSession",
        _("Users' logins: address, browser, last use"),
        kept=Kept.LOGIN,
        path="user__tenant",
        secrets=("session_key",),
    ),  # fmt: skip
    Entry("sessions.Session", Owner.TENANT, _("What the server remembers of a login"), Kept.LOGIN),
    _ours("conferences.TenantLimits", _("How much the organisation may use at once")),
    _ours("conferences.MeetingClass", _("Classes of meetings and what they force")),
    _ours("conferences.Room", _("Meeting rooms; the entry password as a hash"), secrets=("entry_password",)),
    _ours("conferences.Room_hosts", _("Who may host a room"), path="room__tenant"),
    _ours("conferences.GuestPass", _("Guests' personal links: name, expiry"), secrets=("secret_hash",)),
    _ours("conferences.Meeting", _("When a meeting took place in which room")),
    _ours(
        "conferences.Participant",
        _("Who was in a meeting: name, address, browser, times"),
        secrets=("login_key", "resume_hash", "spent_resume_hash"),
    ),  # fmt: skip
    _ours("conferences.Bar", _("Who was removed from a room and may not come back")),
    _ours("conferences.MeetingCommand", _("Orders to running meetings")),
    _ours("audit.Attendance", _("Who joined and left which meeting, when, from where"), kept=Kept.RETENTION),
    _ours("audit.BandwidthSample", _("Bytes sent and received, by participant and minute"), kept=Kept.RETENTION),
    _ours("audit.AuditEvent", _("What happened: logins, changes, joins, exports"), kept=Kept.RETENTION),
    _ours("audit.LogTerm", _("Names that occur in the logs, for searching them")),
    _ours("audit.UsageDay", _("Use by day and room")),
    _ours("audit.UsageMonth", _("Use by month and user")),
    _ours("audit.LogExport", _("Which logs were downloaded, by whom")),
    _ours("audit.LegalHold", _("Legal holds: case number, what they keep")),
    _ours("audit.Disclosure", _("Disclosures to authorities: case number, approvals")),
    _ours("audit.AuditHead", _("Signed daily heads of the log's chain: a number and a hash"), kept=Kept.FOREVER),
    _ours("audit.AuditTombstone", _("Signed marks of purged ranges of the log"), kept=Kept.FOREVER),
    _ours("audit.DeletionCertificate", _("Signed certificates of what was deleted"), kept=Kept.FOREVER),
    _provider("tenants.Tenant", _("The contract: the organisation's name, ID, time zone, retention time")),
    _provider("audit.AuditKey", _("Public halves of the keys that sign heads and certificates")),
    _provider("conferences.MediaWorker", _("The media servers and their load")),
    _provider("auth.Permission", _("Names of permissions (the framework's, not used)")),
    _provider("auth.Group", _("Groups of permissions (the framework's, not used)")),
    _provider("auth.Group_permissions", _("Permissions of groups (the framework's, not used)")),
    _provider("contenttypes.ContentType", _("Names of the tables (the framework's)")),
)

BY_LABEL = {entry.label: entry for entry in ENTRIES}


def tenant_entries() -> list[Entry]:
    """The tables with rows of tenants that an export takes."""
    return [entry for entry in ENTRIES if entry.is_exported]
