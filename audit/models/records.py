"""What happened, kept for the retention time: attendance, bandwidth, events.

Rows copy names and ids: they outlive users and rooms. The only foreign key is the tenant's (and, inside audit,
a bandwidth sample's to its attendance).
"""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_public_id
from tenants.models import TenantOwned


class LeaveReason(models.TextChoices):
    LEFT = "left", _("Left")
    REMOVED = "removed", _("Removed")
    REVOKED = "revoked", _("Access revoked")
    MEETING_ENDED = "meeting_ended", _("Meeting ended")
    DUPLICATE = "duplicate", _("Joined from another place")
    CONNECTION_LOST = "connection_lost", _("Connection lost")
    MEDIA_FAILED = "media_failed", _("Media failed")
    SERVER_RESTART = "server_restart", _("Server restart")


class Attendance(TenantOwned):
    """One participant's stay in one meeting, reconnects merged.

    Open while `left_at` is null; `last_seen_at` is where a crash closes it. On PostgreSQL the table is kept by the
    month of `joined_at` (audit/partitions.py), and the database keeps `public_id` and `participant_id` unique within a
    month only: a public id is random, and `open_attendance` looks for the participant in all months.
    """

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    meeting_id = models.CharField(max_length=32)
    room_id = models.CharField(max_length=32)
    room_name = models.CharField(max_length=100)
    participant_id = models.CharField(max_length=32, unique=True)
    user_id = models.CharField(max_length=32, blank=True)
    login_id = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=100)
    is_guest = models.BooleanField(default=False)
    ip_address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    joined_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    leave_reason = models.CharField(max_length=20, choices=LeaveReason.choices, blank=True)
    ended_by = models.CharField(max_length=200, blank=True)
    reconnects = models.PositiveIntegerField(default=0)
    bytes_in = models.PositiveBigIntegerField(default=0)
    bytes_out = models.PositiveBigIntegerField(default=0)

    web_may = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-joined_at", "-id"], name="attendance_newest"),
            models.Index(fields=["tenant", "name", "-joined_at", "-id"], name="attendance_name"),
            models.Index(fields=["tenant", "user_id", "-joined_at"], name="attendance_user"),
            models.Index(fields=["tenant", "room_id", "-joined_at", "-id"], name="attendance_room"),
            models.Index(fields=["tenant", "ip_address", "-joined_at", "-id"], name="attendance_ip"),
            models.Index(fields=["last_seen_at"], condition=models.Q(left_at=None), name="attendance_open"),
        ]

    def __str__(self) -> str:
        return f"{self.name} in {self.room_name} from {self.joined_at:%Y-%m-%d %H:%M}"


class BandwidthSample(TenantOwned):
    """What one participant sent (`bytes_in`, towards the server) and received (`bytes_out`) in one minute.

    On PostgreSQL by the month of `minute`. A partitioned table has no key that `attendance` could refer to, hence no
    constraint: a month of attendances is dropped after the samples that belong to it.
    """

    attendance = models.ForeignKey(Attendance, on_delete=models.CASCADE, related_name="samples", db_constraint=False)
    minute = models.DateTimeField()
    room_id = models.CharField(max_length=32)
    room_name = models.CharField(max_length=100)
    login_id = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=100)
    ip_address = models.GenericIPAddressField(null=True)
    bytes_in = models.PositiveBigIntegerField(default=0)
    bytes_out = models.PositiveBigIntegerField(default=0)
    packets_in = models.PositiveBigIntegerField(default=0)
    packets_out = models.PositiveBigIntegerField(default=0)

    web_may = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attendance", "minute"], name="one_sample_a_minute")]
        indexes = [
            models.Index(fields=["tenant", "-minute", "-id"], name="bandwidth_newest"),
            models.Index(fields=["tenant", "name", "-minute", "-id"], name="bandwidth_name"),
            models.Index(fields=["tenant", "room_id", "-minute", "-id"], name="bandwidth_room"),
            models.Index(fields=["tenant", "ip_address", "-minute", "-id"], name="bandwidth_ip"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.minute:%Y-%m-%d %H:%M}"


class AuditEvent(TenantOwned):
    """One fact about who may do what or who was where. Insert-only.

    `actor_*` is who did it (empty = the system), `target_*` what it was done to, `details` plain JSON without secrets.
    `recorded_at` is when it was written, which may be later than it happened. Written without `seq`; the sealer gives
    it its place in the tenant's chain (`seq` from 1, `prev_hash`, `hash`). Nothing else may ever change: a trigger
    refuses (audit/guard.py).
    """

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    action = models.CharField(max_length=64)
    actor_id = models.CharField(max_length=32, blank=True)
    actor_name = models.CharField(max_length=200, blank=True)
    ip_address = models.GenericIPAddressField(null=True)
    target_type = models.CharField(max_length=32, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    target_name = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict, blank=True)
    seq = models.PositiveBigIntegerField(null=True, blank=True)
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)

    web_may = ("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "seq"], name="event_seq", condition=models.Q(seq__isnull=False))
        ]
        indexes = [
            models.Index(fields=["tenant", "id"], name="event_unsealed", condition=models.Q(seq=None)),
            models.Index(fields=["tenant", "-occurred_at", "-id"], name="event_newest"),
            models.Index(fields=["tenant", "action", "-occurred_at", "-id"], name="event_action"),
            models.Index(fields=["tenant", "actor_id", "-occurred_at"], name="event_actor"),
            models.Index(fields=["tenant", "actor_name", "-occurred_at", "-id"], name="event_actor_name"),
            models.Index(fields=["tenant", "target_name", "-occurred_at", "-id"], name="event_target_name"),
            models.Index(fields=["tenant", "ip_address", "-occurred_at", "-id"], name="event_ip"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_name}"
