"""Rooms, their meetings, who is in them, and what keeps somebody out."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.models import LeaveReason
from tenants.ids import new_public_id
from tenants.models import TenantOwned


class MeetingClass(TenantOwned):
    """What a kind of meeting (社外秘 …) forces upon its rooms. A host can only be stricter."""

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    name = models.CharField(_("name"), max_length=50)
    position = models.PositiveSmallIntegerField(default=0)
    guests_allowed = models.BooleanField(_("guests allowed"), default=True)
    lobby_forced = models.BooleanField(_("lobby for every guest"), default=False)
    entry_password_forced = models.BooleanField(_("entry password demanded"), default=False)
    local_recording_allowed = models.BooleanField(_("local recording allowed"), default=False)
    chat_copy_allowed = models.BooleanField(_("copy of the chat allowed"), default=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="meeting_class_name_unique")]

    def __str__(self) -> str:
        return self.name


class Room(TenantOwned):
    """A permanent, named place for meetings. `entry_password` is an argon2 hash or empty."""

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    name = models.CharField(_("name"), max_length=100)
    entry_password = models.CharField(max_length=200, blank=True)
    guests_allowed = models.BooleanField(_("guests allowed"), default=True)
    lobby = models.BooleanField(_("lobby for guests"), default=False)
    participant_limit = models.PositiveIntegerField(_("participant limit"), default=50)
    publisher_limit = models.PositiveSmallIntegerField(default=0, help_text="cameras and screens at once; 0 = any")
    bitrate_limit = models.PositiveIntegerField(default=0, help_text="Mbit/s of cameras and screens; 0 = any")
    meeting_class = models.ForeignKey(
        MeetingClass, null=True, blank=True, on_delete=models.PROTECT, related_name="rooms", verbose_name=_("class")
    )
    hosts = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="hosted_rooms", verbose_name=_("hosts")
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class GuestPass(TenantOwned):
    """The personal, expiring link that admits one guest to one room. Only the SHA-256 of its secret is stored."""

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="guest_passes")
    name = models.CharField(_("guest's name"), max_length=100)
    secret_hash = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class MediaWorker(models.Model):
    """One SFU worker: its address, its load, when it was last heard. Belongs to the provider, not to a tenant."""

    name = models.CharField(max_length=64, unique=True)
    socket = models.CharField(max_length=255)
    worker_epoch = models.CharField(max_length=64, blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    load = models.FloatField(default=0, help_text="outgoing packets per second")
    draining = models.BooleanField(default=False, help_text="an operator takes this start of it out of service")
    lag_ms = models.FloatField(default=0, help_text="how late its loop has been all the time of late")
    routers = models.PositiveIntegerField(default=0, help_text="meetings that it holds, by its own count")

    def __str__(self) -> str:
        return self.name


class TenantLimits(TenantOwned):
    """How much the organisation may use at once, by the operator's word; 0 = no limit. Nobody gets past them."""

    participants = models.PositiveIntegerField(default=0)
    publishers = models.PositiveIntegerField(default=0, help_text="cameras and screens")
    bitrate = models.PositiveIntegerField(default=0, help_text="Mbit/s of cameras and screens")

    web_may = ("SELECT",)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="one_tenant_limits")]

    def __str__(self) -> str:
        return f"limits of {self.tenant_id}"


class Meeting(TenantOwned):
    """One occurrence in a room, from the first join to the last leave or end. At most one is live per room."""

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="meetings")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    worker = models.ForeignKey(MediaWorker, null=True, on_delete=models.SET_NULL, related_name="meetings")
    worker_epoch = models.CharField(max_length=64, blank=True, help_text="the worker start that holds the router")
    epoch = models.PositiveIntegerField(default=1, help_text="grows with each re-placement")
    placed_at = models.DateTimeField(null=True, blank=True, help_text="when it came to the present worker")
    frozen_at = models.DateTimeField(null=True, blank=True, help_text="media, chat and joins stand still since then")
    frozen_by = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["room"], condition=models.Q(ended_at=None), name="one_live_meeting_per_room"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def is_live(self) -> bool:
        return self.ended_at is None

    @property
    def is_frozen(self) -> bool:
        return self.frozen_at is not None


class ParticipantRole(models.TextChoices):
    GUEST = "guest", _("Guest")
    MEMBER = "member", _("Member")
    HOST = "host", _("Host")


class ParticipantState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    JOINED = "joined", _("In the meeting")
    LEFT = "left", _("Left")


class Participant(TenantOwned):
    """One presence in one meeting, of a user or of a guest, from join to leave; reconnects are the same row."""

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="participants")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    guest_pass = models.ForeignKey(GuestPass, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    device = models.CharField(max_length=64, blank=True, help_text="id in the signed device cookie")
    login_key = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the session key: which login it came from"
    )
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=10, choices=ParticipantRole.choices)
    state = models.CharField(max_length=10, choices=ParticipantState.choices)
    admitted_at = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    disconnected_at = models.DateTimeField(null=True, blank=True, help_text="the socket was lost and may resume")
    left_at = models.DateTimeField(null=True, blank=True)
    leave_reason = models.CharField(max_length=20, choices=LeaveReason.choices, blank=True)
    ip_address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    hand_raised_at = models.DateTimeField(null=True, blank=True)
    muted = models.JSONField(default=dict, blank=True)
    muted_by_host = models.JSONField(
        default=list, blank=True, help_text="sources a host has switched off, until the participant's next word on them"
    )
    resume_hash = models.CharField(max_length=64, blank=True)
    spent_resume_hash = models.CharField(max_length=64, blank=True)
    counters = models.JSONField(
        default=dict, blank=True, help_text="worker epoch and cumulative counters at the last flush"
    )

    class Meta:
        indexes = [models.Index(fields=["meeting", "state"], name="participant_state")]
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "user"],
                condition=models.Q(left_at=None, user__isnull=False),
                name="one_presence_per_user",
            ),
            models.UniqueConstraint(
                fields=["guest_pass"],
                condition=models.Q(left_at=None, guest_pass__isnull=False),
                name="one_presence_per_pass",
            ),
            models.CheckConstraint(
                condition=models.Q(user__isnull=True) ^ models.Q(guest_pass__isnull=True),
                name="participant_is_user_or_guest",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_guest(self) -> bool:
        return self.guest_pass_id is not None

    @property
    def subjects(self) -> list[str]:
        """Whom a bar names (`docs/control-protocol.md`): a member by user, a guest by pass and device."""
        if self.user is not None:
            return [f"user:{self.user.public_id}"]
        assert self.guest_pass is not None
        found = [f"pass:{self.guest_pass.public_id}"]
        return [*found, f"device:{self.device}"] if self.device else found


class Bar(TenantOwned):
    """Keeps a removed person out of a room: in force until re-admitted, or the later of the meeting's end and `until`.

    One removal is one row; a guest's names both pass and device.
    """

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="bars")
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="bars")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    guest_pass = models.ForeignKey(GuestPass, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    device = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200, blank=True)
    by_admin = models.BooleanField(default=False, help_text="set in Admintool: hosts cannot lift it")
    until = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["room", "lifted_at", "until"], name="bar_in_force")]

    def __str__(self) -> str:
        return f"{self.name} out of {self.room}"


class MeetingCommand(TenantOwned):
    """What another process must have done to a running meeting. Written in the transaction that causes it, carried out
    by the web process that holds the meeting, idempotently, then stamped `done_at`."""

    class Kind(models.TextChoices):
        REMOVE = "remove", _("Remove a participant")
        READMIT = "readmit", _("Lift a bar")
        END = "end", _("End the meeting")
        REVOKE = "revoke", _("End a user's or a pass's participation")
        MUTE = "mute", _("Mute a participant")
        FREEZE = "freeze", _("Freeze the meeting")
        UNFREEZE = "unfreeze", _("Let the meeting go on")
        LIMIT = "limit", _("Change the meeting's limits")

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="commands")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], condition=models.Q(done_at=None), name="command_open")]

    def __str__(self) -> str:
        return f"{self.kind} {self.meeting_id}"
