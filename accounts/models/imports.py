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
    encoding = models.CharField(max_length=20, blank=True)
    unused_columns = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREVIEW)
    failure = models.CharField(max_length=500, blank=True, help_text="why nothing was imported")
    skip_bad = models.BooleanField(default=False, help_text="import the good lines; otherwise all or nothing")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ip_address = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.file_name


class UserImportLine(TenantOwned):
    """One line of the file: what `values` says, whom it is about, and what came of it.

    `values` holds the columns of the file by field; `changes` what differs, as {field: [from, to]}; `user_id` is the
    public id of an existing user. `password` is encrypted until it is hashed, then the hash, empty when the line is
    done (docs/adr/0019).
    """

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CREATED = "created", _("Created")
        CHANGED = "changed", _("Changed")
        UNCHANGED = "unchanged", _("Unchanged")
        BAD = "bad", _("Not imported")

    upload = models.ForeignKey(UserImport, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField(help_text="line in the file, from 1")
    values = models.JSONField(default=dict)
    plan = models.CharField(max_length=10, blank=True, help_text="the outcome that the preview promised")
    user_id = models.CharField(max_length=32, blank=True)
    changes = models.JSONField(default=dict, blank=True)
    password = models.TextField(blank=True)
    is_hashed = models.BooleanField(default=False)
    problems = models.JSONField(default=list, blank=True, help_text="what is wrong, as texts by field")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="one_row_a_line")]
        indexes = [models.Index(fields=["upload", "outcome", "number"], name="import_line_outcome")]

    def __str__(self) -> str:
        return f"line {self.number}"
