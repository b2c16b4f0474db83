"""How much was used, summed up once so that a year's page need not read a year's records (`audit/usage.py`)."""

from django.db import models

from tenants.models import TenantOwned


class UsageDay(TenantOwned):
    """One room's use on one day of the tenant's time zone; the row without a room is the sum, with its own peak.

    Stays, people and meetings count on the day they began; minutes and bytes on the day they flowed.
    """

    day = models.DateField()
    room_id = models.CharField(max_length=32, blank=True)
    room_name = models.CharField(max_length=100, blank=True)
    meetings = models.PositiveIntegerField(default=0)
    stays = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(default=0, help_text="different ones")
    minutes = models.PositiveBigIntegerField(default=0, help_text="of all participants together")
    peak = models.PositiveIntegerField(default=0, help_text="participants in the busiest minute")
    bytes_in = models.PositiveBigIntegerField(default=0)
    bytes_out = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "day", "room_id"], name="one_usage_a_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.room_name}"


class UsageMonth(TenantOwned):
    """One user's stays that began in one month (its first day; the tenant's time zone). Guests together have no id."""

    month = models.DateField()
    user_id = models.CharField(max_length=32, blank=True)
    stays = models.PositiveIntegerField(default=0)
    seconds = models.PositiveBigIntegerField(default=0)
    bytes_in = models.PositiveBigIntegerField(default=0)
    bytes_out = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "month", "user_id"], name="one_usage_a_month")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.user_id}"
