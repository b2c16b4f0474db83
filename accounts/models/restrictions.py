"""Rules on who may sign in and use meetings, from where and when."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Group, User
from tenants.ids import new_public_id
from tenants.models import TenantOwned


class Restriction(TenantOwned):
    """One rule. Of the enabled rules of a scope that match, the first by `position` decides; without one, allowed.

    A rule matches a person (everybody, or one of `users` or a member of one of `groups`) in all of its conditions; an
    empty condition matches always. Weekdays (0 = Monday) and hours are the tenant's; hours may pass midnight.
    """

    class Scope(models.TextChoices):
        LOGIN = "login", _("Signing in")
        MEETING = "meeting", _("Joining meetings")
        HOST = "host", _("Hosting meetings")
        GUESTS = "guests", _("Inviting guests")

    class Effect(models.TextChoices):
        ALLOW = "allow", _("Allow")
        DENY = "deny", _("Deny")

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    position = models.PositiveIntegerField()
    name = models.CharField(_("name"), max_length=100)
    is_enabled = models.BooleanField(_("in force"), default=True)
    scope = models.CharField(_("applies to"), max_length=10, choices=Scope.choices)
    effect = models.CharField(_("effect"), max_length=10, choices=Effect.choices)
    everybody = models.BooleanField(_("everybody"), default=False)
    users = models.ManyToManyField(User, blank=True, related_name="restrictions")
    groups = models.ManyToManyField(Group, blank=True, related_name="restrictions")
    networks = models.JSONField(default=list, blank=True, help_text="CIDR strings")
    weekdays = models.JSONField(default=list, blank=True, help_text="0 = Monday … 6 = Sunday")
    from_time = models.TimeField(null=True, blank=True)
    to_time = models.TimeField(null=True, blank=True)
    rooms = models.JSONField(default=list, blank=True, help_text="public ids of rooms; not for signing in")

    class Meta:
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["tenant", "scope", "position"], name="restriction_order")]

    def __str__(self) -> str:
        return self.name
