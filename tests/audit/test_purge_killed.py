"""The purge is killed (SIGKILL) at random statements; repeating it loses nothing and does nothing twice."""

import os
from pathlib import Path
from random import Random

import pytest

from tests.installation import fresh_installation

FILL = """
import json
from datetime import timedelta
from django.db import connection
from django.utils import timezone
from audit.certificates import FIRST_LINK, chain
from audit.models import Attendance, AuditEvent, BandwidthSample
from audit.retention import COLUMNS, purgeable_rows
from audit.sealing import seal
from tenants.context import tenant_context
from tests.audit.records import make_attendance, make_sample
from tests.factories import make_tenant
MONTH = lambda now: (now - timedelta(days=420)).date().replace(day=1)
tenant = make_tenant("acme")
now = timezone.now()
if connection.vendor == "postgresql":  # the oldest month goes as a whole
    with connection.cursor() as cursor:
        for table, column in (("audit_attendance", "joined_at"), ("audit_bandwidthsample", "minute")):
            cursor.execute("SELECT liveon_make_partition(%s, %s, %s)", [table, column, MONTH(now)])
with tenant_context(tenant):
    for number in range(40):
        for joined_at in (now - timedelta(days=420 - number), now - timedelta(days=number + 1)):
            stay = make_attendance(tenant, joined_at=joined_at, left_at=joined_at + timedelta(hours=1))
            for minute in range(6):
                make_sample(stay, joined_at.replace(second=0, microsecond=0) + timedelta(minutes=minute))
            for action in ("attendance_opened", "attendance_closed"):
                AuditEvent.objects.create(tenant=tenant, action=action, occurred_at=joined_at)
seal(tenant)
orders = {"bandwidth_samples": "minute", "attendances": "joined_at", "events": "seq"}
def facts(kind, order):
    rows = list(purgeable_rows(tenant, kind, now - timedelta(days=365)).order_by(order, "pk").values())
    return {"count": len(rows), "sha256": chain(FIRST_LINK, rows)}
with tenant_context(tenant):
    print(json.dumps({kind: facts(kind, order) for kind, order in orders.items()}))
"""
PURGE = """
from audit import deletion
from audit.retention import purge_audit
deletion.SQLITE_BATCH = deletion.POSTGRESQL_BATCH = 40
deletion.SQLITE_PAUSE = 0
purge_audit(dry_run=False)
"""
RESULT = """
import json
from audit.certificates import body_of, deleted_counts, is_genuine
from audit.models import Attendance, AuditEvent, AuditTombstone, BandwidthSample, DeletionCertificate
from audit.sealing import seal
from tenants.context import tenant_context
from tenants.models import Tenant
tenant = Tenant.objects.get()
seal(tenant)
with tenant_context(tenant):
    places = set(AuditEvent.objects.values_list("seq", flat=True))
    for tombstone in AuditTombstone.objects.all():
        buried = set(range(tombstone.first_seq, tombstone.last_seq + 1))
        assert not places & buried
        places |= buried
    print(json.dumps({
        "left": [BandwidthSample.objects.count(), Attendance.objects.count(),
                 AuditEvent.objects.filter(action__startswith="attendance_").count()],
        "counts": deleted_counts(DeletionCertificate.objects.get()),
        "certificates": [body_of(each) for each in DeletionCertificate.objects.all() if is_genuine(each)],
        "unsigned": DeletionCertificate.objects.filter(signature="").count(),
        "gapless": places == set(range(1, len(places) + 1)),
        "events": sorted(AuditEvent.objects.filter(action__contains="purge").values_list("action", flat=True)),
    }))
"""


@pytest.mark.timeout(300)
def test_killed_purge_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    random = Random()
    with fresh_installation(tmp_path) as installation:
        expected = installation.ask(FILL)
        assert [each["count"] for each in expected.values()] == [240, 40, 80]
        kills = installation.kill_until_done(PURGE, random=random, statements=150, kills=8)
        result = installation.ask(RESULT)
    (body,) = result["certificates"]
    if not body["months"]:
        found = {kind: {name: each[name] for name in ("count", "sha256")} for kind, each in body["deleted"].items()}
        assert found == expected, f"after {kills} kills"
    assert result["counts"] == {"bandwidth_samples": 240, "attendances": 40, "events": 80}, f"after {kills} kills"
    assert bool(body["months"]) == ("LIVEON_DATABASE_URL" in os.environ)
    assert result["left"] == [240, 40, 80]
    assert result["gapless"]
    assert result["unsigned"] == 0
    assert result["events"] == ["audit_purge_started", "audit_purged"]
