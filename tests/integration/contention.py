"""One of three processes that write at once (`python -m tests.integration.contention ROLE SECONDS`)."""

# ruff: noqa: E402  Django is set up before the models are imported

import os
import sys
import time
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liveon.settings")

import django

django.setup()

from django.utils import timezone

from accounts.models import User
from audit.bandwidth import BandwidthDelta, add_bandwidth
from audit.events import SYSTEM
from audit.models import Attendance, LeaveReason
from audit.retention import purge_audit
from conferences.models import Room
from conferences.services.identity import Visitor
from conferences.services.joining import join_meeting
from conferences.services.meetings import leave_meeting
from tenants.context import tenant_context
from tenants.models import Tenant

BATCH = 50
PAUSE_S = 0.02  # SQLite serves writers in no order: without a pause, one can starve the others


def join_and_leave(round_number: int) -> None:
    users = list(User.objects.select_related("tenant").order_by("pk"))
    user = users[round_number % len(users)]
    room = Room.objects.select_related("tenant").get()
    visitor = Visitor(user.tenant, room, user.name, login_key="contention", stamp="", user=user)
    entrance = join_meeting(visitor, resume=None, microphone=True, camera=True, now=timezone.now())
    leave_meeting(entrance.participant, reason=LeaveReason.LEFT, actor=SYSTEM)


def sample(_round_number: int) -> None:
    ids = Attendance.objects.order_by("-pk").values_list("participant_id", flat=True)[:BATCH]
    add_bandwidth([BandwidthDelta(each, 1000, 2000, 1, 2) for each in ids], now=timezone.now())


def make_old(_round_number: int) -> None:
    """Only what no sampler can be waiting for: on PostgreSQL an old row moves to another month."""
    newest = Attendance.objects.order_by("-pk").values_list("pk", flat=True)[: 2 * BATCH]
    closed = Attendance.objects.exclude(left_at=None).exclude(pk__in=list(newest))
    closed.update(joined_at=timezone.now() - timedelta(days=400), left_at=timezone.now() - timedelta(days=400))


ROLES = {"join": join_and_leave, "sample": sample, "purge": make_old}


def main(role: str, seconds: float) -> None:
    end, rounds = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        with tenant_context(Tenant.objects.get()):
            ROLES[role](rounds)
        if role == "purge":
            purge_audit(dry_run=False)
        rounds += 1
        time.sleep(PAUSE_S)
    sys.stdout.write(f"{rounds}\n")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
