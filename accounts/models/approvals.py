"""Four eyes: what one administrator asks for and another one decides."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_public_id
from tenants.models import TenantOwned


class Approval(TenantOwned):
    """A dangerous change that waits for a second administrator. `payload` is what will be done, as plain JSON."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    kind = models.CharField(max_length=40)
    summary = models.CharField(max_length=300)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "state", "-requested_at"], name="approval_waiting")]

    def __str__(self) -> str:
        return self.summary
