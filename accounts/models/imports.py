"""Users from a file: the upload, its lines, and how far it got."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_public_id
from tenants.models import TenantOwned


class UserImport(TenantOwned):
    """One uploaded file. Nothing happens to users before it is started; each line is done once, whoever repeats it."""

    class State(models.TextChoices):
        PREVIEW = "preview", _("Preview")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    file_name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREVIEW)
    skip_bad = models.BooleanField(default=False, help_text="import the good lines; otherwise all or nothing")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ip_address = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.file_name


class UserImportLine(TenantOwned):
    """One line of the file. `values` holds no password: only its hash is kept, until the line is done."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CREATED = "created", _("Created")
        CHANGED = "changed", _("Changed")
        UNCHANGED = "unchanged", _("Unchanged")
        BAD = "bad", _("Not imported")

    upload = models.ForeignKey(UserImport, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField(help_text="line in the file, from 1")
    values = models.JSONField(default=dict)
    password = models.CharField(max_length=200, blank=True, help_text="hash")
    problems = models.JSONField(default=list, blank=True, help_text="what is wrong, as texts by field")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="one_row_a_line")]

    def __str__(self) -> str:
        return f"line {self.number}"
