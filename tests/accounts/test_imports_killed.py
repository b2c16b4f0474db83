"""kill -9 at random points of an import: whoever goes on ends in the right state, nothing lost, nothing twice."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import Group, User, UserImport, UserImportLine
from accounts.services import imports
from audit.events import Actor
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.factories import PASSWORD, make_user

ROOT = Path(__file__).parents[2]
WHO = Actor(id="x", name="Aoki Admin")
LINES = 200
MOST_KILLS = 4


def file() -> bytes:
    """New users, some with a password, and one user in ten who is there already."""
    lines = []
    for number in range(LINES):
        password = PASSWORD if number % 4 == 0 else ""
        lines.append(f"user-{number},User {number},user-{number}@example.com,Sales;Tokyo,{password}")
    return ("user id,name,mail,groups,password\n" + "\n".join(lines)).encode()


def start_worker() -> subprocess.Popen[str]:
    """A process on the test's own database, which has begun."""
    database = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-m", "tests.accounts.kill_import", database]
    worker = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "at it\n", worker.communicate()[1]
    return worker


def run_with_kills(rolls: random.Random) -> int:
    """Start workers and kill each at some point, until one ends by itself; how many were killed."""
    for killed in range(MOST_KILLS):
        worker = start_worker()
        try:
            _out, errors = worker.communicate(timeout=rolls.uniform(0.05, 0.6))
        except subprocess.TimeoutExpired:
            worker.send_signal(signal.SIGKILL)
            worker.communicate()
        else:
            assert worker.returncode == 0, errors
            return killed
    _out, errors = (worker := start_worker()).communicate(timeout=60)
    assert worker.returncode == 0, errors
    return MOST_KILLS


def check(tenant: Tenant, upload: UserImport) -> None:
    upload.refresh_from_db()
    assert upload.state == UserImport.State.DONE
    users = User.objects.for_tenant(tenant).filter(login_id__istartswith="user-")
    assert users.count() == LINES
    assert all(user.groups.count() == 2 for user in users)
    assert users.get(login_id="user-8").check_password(PASSWORD)
    assert not users.get(login_id="user-9").has_usable_password()
    outcomes = upload.lines.values_list("outcome", flat=True)
    counts = {name: list(outcomes).count(name) for name in set(outcomes)}
    assert counts == {UserImportLine.Outcome.CREATED: LINES * 9 // 10, UserImportLine.Outcome.CHANGED: LINES // 10}
    assert not upload.lines.exclude(password="").exists()
    for action, number in (
        ("user_created", LINES * 9 // 10),
        ("user_edited", LINES // 10),
        ("user_import_started", 1),
        ("user_import_finished", 1),
    ):
        about = AuditEvent.objects.for_tenant(tenant).filter(action=action)
        assert about.count() == about.values("target_id").distinct().count() == number, action


@pytest.mark.timeout(170)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("skip_bad", [True, False], ids=["skip bad lines", "all or nothing"])
def test_killed_import_goes_on_where_it_was(tenant, admin, skip_bad):
    for name in ("Sales", "Tokyo"):
        Group.objects.create(tenant=tenant, name=name)
    for number in range(3, LINES, 10):
        make_user(tenant, f"USER-{number}")
    upload = imports.upload_users(tenant, actor=WHO, requested_by=admin, file_name="f.csv", content=file())
    imports.start_import(upload, actor=WHO, skip_bad=skip_bad)
    killed = run_with_kills(random.Random(7))
    assert killed > 0, "nobody was killed: the test proves nothing on this machine"
    check(tenant, upload)
