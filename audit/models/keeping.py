"""What decides when records go, and what remains of them: holds, certificates, exports, disclosures."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_public_id
from tenants.models import TenantOwned


class LegalHold(TenantOwned):
    """Keeps records from every purge while it is in force: of a user, a room, a time range, or any of them together.

    An empty condition holds for everything; a hold without any condition keeps all of the tenant's records.
    """

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    case_number = models.CharField(max_length=100)
    reason = models.CharField(max_length=500, blank=True)
    user_id = models.CharField(max_length=32, blank=True)
    user_name = models.CharField(max_length=200, blank=True)
    room_id = models.CharField(max_length=32, blank=True)
    room_name = models.CharField(max_length=100, blank=True)
    range_from = models.DateTimeField(null=True, blank=True)
    range_to = models.DateTimeField(null=True, blank=True)
    placed_at = models.DateTimeField()
    placed_by = models.CharField(max_length=200)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=200, blank=True)

    web_may = ("SELECT", "INSERT", "UPDATE")

    def __str__(self) -> str:
        return self.case_number


class DeletionCertificate(TenantOwned):
    """What a purge or an erasure removed: `body` is canonical JSON (counts, ranges, hashes), signed.

    Without a signature the deletion is under way, or was interrupted (`audit/certificates.py`).
    """

    class Cause(models.TextChoices):
        RETENTION = "retention", _("End of the retention time")
        OFFBOARDING = "offboarding", _("End of the contract")

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    cause = models.CharField(max_length=20, choices=Cause.choices)
    created_at = models.DateTimeField()
    body = models.TextField()
    key_id = models.CharField(max_length=16)
    signature = models.CharField(max_length=128)

    web_may = ("SELECT",)

    def __str__(self) -> str:
        return self.public_id


class LogExport(TenantOwned):
    """One download of a log: who, what, and the SHA-256 of what left the house. Unfinished while `sha256` is empty."""

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    log = models.CharField(max_length=20)
    file_format = models.CharField(max_length=10)
    search = models.JSONField(default=dict, blank=True)
    exporter_id = models.CharField(max_length=32)
    exporter_name = models.CharField(max_length=200)
    begun_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    rows = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)

    web_may = ("SELECT", "INSERT", "UPDATE")

    def __str__(self) -> str:
        return f"{self.log} {self.begun_at:%Y-%m-%d %H:%M}"


class Disclosure(TenantOwned):
    """An export for an authority: asked for with a case number, made only after two others have approved it.

    `search` is {"user_id", "user_name", "room_id", "room_name", "range_from", "range_to"}, each only when it is set.
    """

    APPROVALS_NEEDED = 2

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    case_number = models.CharField(max_length=100)
    reason = models.CharField(max_length=500)
    search = models.JSONField(default=dict, blank=True)
    requested_at = models.DateTimeField()
    requested_by_id = models.CharField(max_length=32)
    requested_by_name = models.CharField(max_length=200)
    approvals = models.JSONField(default=list, blank=True, help_text='[{"id", "name", "at"}] of the approvers')
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_by = models.CharField(max_length=200, blank=True)
    exported_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)

    web_may = ("SELECT", "INSERT", "UPDATE")

    def __str__(self) -> str:
        return self.case_number

    @property
    def is_approved(self) -> bool:
        return self.refused_at is None and len(self.approvals) >= self.APPROVALS_NEEDED

    @property
    def is_waiting(self) -> bool:
        return self.refused_at is None and not self.is_approved

    @property
    def range_from(self) -> datetime | None:
        return _instant(self.search.get("range_from"))

    @property
    def range_to(self) -> datetime | None:
        return _instant(self.search.get("range_to"))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
