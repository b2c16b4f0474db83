"""What an organisation demands of its people, and how much it means to use."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models import TenantOwned


class MfaDemand(models.TextChoices):
    NOBODY = "nobody", _("Nobody has to")
    ADMINS = "admins", _("Administrators")
    EVERYBODY = "everybody", _("Everybody")


class SecuritySettings(TenantOwned):
    """One row per tenant; one without has the defaults. Retention is `Tenant.retention_days`."""

    password_min_length = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(8), MaxValueValidator(64)]
    )
    password_classes = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(4)]
    )
    password_history = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(24)])
    password_max_age_days = models.PositiveSmallIntegerField(default=0, help_text="0 = passwords do not expire")
    mfa = models.CharField(max_length=10, choices=MfaDemand.choices, default=MfaDemand.NOBODY)
    sso_only = models.BooleanField(default=False, help_text="passwords open only break-glass accounts")
    idle_minutes = models.PositiveIntegerField(
        default=120, validators=[MinValueValidator(5), MaxValueValidator(1440)], help_text="a meeting is activity"
    )
    login_hours = models.PositiveSmallIntegerField(
        default=12, validators=[MinValueValidator(1), MaxValueValidator(168)]
    )
    admintool_idle_minutes = models.PositiveIntegerField(
        default=30, validators=[MinValueValidator(5), MaxValueValidator(1440)]
    )
    admintool_networks = models.JSONField(default=list, blank=True, help_text="CIDR strings; empty = from anywhere")
    guests_allowed = models.BooleanField(default=True)
    lobby_forced = models.BooleanField(default=False)
    entry_password_forced = models.BooleanField(default=False)
    local_recording_allowed = models.BooleanField(default=False)
    chat_copy_allowed = models.BooleanField(default=False)
    four_eyes = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="one_security_settings")]

    def __str__(self) -> str:
        return f"security settings of {self.tenant_id}"


class SoftCaps(TenantOwned):
    """What the tenant means to use at most; 0 = no cap. Reached ones warn and forbid nothing."""

    users = models.PositiveIntegerField(default=0)
    rooms = models.PositiveIntegerField(default=0)
    connections = models.PositiveIntegerField(default=0, help_text="participants at the same time")
    bytes_a_month = models.PositiveBigIntegerField(default=0)
    warned = models.JSONField(default=dict, blank=True, help_text="cap → when its last warning was mailed")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="one_soft_caps")]

    def __str__(self) -> str:
        return f"soft caps of {self.tenant_id}"
