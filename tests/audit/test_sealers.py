"""Writers and sealers at the same time: the chain never forks, writers never wait for it, and a killed sealer leaves
nothing half done."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from django.conf import settings
from django.db import OperationalError, close_old_connections, connection, transaction

from audit import sealing
from audit.chain import lock_chain, tip
from audit.models import AuditEvent
from audit.sealing import keep_sealing, seal, seal_all
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.chains import chain_of, findings, record
from tests.services import running, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]
ROOT = Path(__file__).parents[2]
only_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
only_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="about SQLite's write lock")


def in_threads(*works: Callable[[], object]) -> None:
    """Do `works` at once, each with a database connection of its own; raises what one of them raised."""
    errors: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def unsealed(tenant: Tenant) -> int:
    with tenant_context(tenant):
        return AuditEvent.objects.filter(seq=None).count()


def test_writers_and_two_sealers_make_one_chain(
    tenant: Tenant, other_tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SQLITE_BATCH", "POSTGRESQL_BATCH"):
        monkeypatch.setattr(sealing, name, 5)
    monkeypatch.setattr(sealing, "SQLITE_PAUSE", 0.001)
    writing = [0] * 4

    def write(number: int) -> None:
        try:
            for _ in range(40):
                record(tenant)
                record(other_tenant)
        finally:
            writing[number] = 1

    def keep_on() -> None:
        while not all(writing):
            seal_all()

    writers = [lambda number=number: write(number) for number in range(4)]
    in_threads(*writers, keep_on, keep_on)
    seal_all()
    for each in (tenant, other_tenant):
        assert [event.seq for event in chain_of(each)] == list(range(1, 161))
        assert findings(each) == []


@only_postgresql
def test_nobody_waits_for_a_sealer_that_does_not_finish(tenant: Tenant) -> None:
    record(tenant, 3)
    sealed, written = Event(), Event()

    def slow_sealer() -> None:
        with tenant_context(tenant), transaction.atomic():
            assert seal(tenant) == 3
            sealed.set()
            assert written.wait(10)

    def writer_and_second_sealer() -> None:
        assert sealed.wait(10)
        with tenant_context(tenant), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")  # an error, should anything wait at all
            record(tenant)
        with tenant_context(tenant), transaction.atomic():
            assert not lock_chain(tenant, wait=False)
        assert seal(tenant) == 0
        written.set()

    in_threads(slow_sealer, writer_and_second_sealer)
    assert seal(tenant) == 1
    assert [event.seq for event in chain_of(tenant)] == [1, 2, 3, 4]
    assert findings(tenant) == []


@only_postgresql
def test_a_transaction_that_stays_open_keeps_nobody_from_sealing(tenant: Tenant) -> None:
    """Its event has the lower number and comes later into the chain."""
    record(tenant)  # whatever else notes an action's first occurrence has it noted
    seal(tenant)
    written, sealed = Event(), Event()
    first: list[int] = []

    def slow_writer() -> None:
        with tenant_context(tenant), transaction.atomic():
            first.append(record(tenant)[0].pk)
            written.set()
            assert sealed.wait(10)

    def others() -> None:
        assert written.wait(10)
        record(tenant, 2)
        assert seal(tenant) == 2
        sealed.set()

    in_threads(slow_writer, others)
    assert seal(tenant) == 1
    assert [event.pk for event in chain_of(tenant)][-1] == first[0]
    assert findings(tenant) == []


@only_sqlite
def test_a_batch_holds_sqlite_s_lock_for_a_moment_only(tenant: Tenant) -> None:
    with transaction.atomic():
        record(tenant, 2_000)
    times = []
    while unsealed(tenant):
        began = time.thread_time()  # our own work, whatever else runs on the machine
        sealing._seal_batch(tenant, sealing.SQLITE_BATCH)
        times.append(time.thread_time() - began)
    assert len(times) == 10
    assert sorted(times)[5] < 0.05
    assert sealing.SQLITE_PAUSE >= 0.05  # and others come in between


def environment(tmp_path: Path) -> dict[str, str]:
    """For a process that works on the test's own database."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIVEON_DATABASE")}
    inherited |= {"LIVEON_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "liveon.settings"}
    if connection.vendor == "postgresql":
        found = connection.settings_dict
        url = f"postgresql://{found['USER']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"
        return inherited | {"LIVEON_DATABASE_URL": url}
    (tmp_path / "liveon.sqlite3").symlink_to(settings.DATABASES["default"]["NAME"])
    return inherited


@contextmanager
def watching(words: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "manage.py", "seal_audit", "--watch", "--skip-checks"]
    with running(command, cwd=ROOT, env=words, stderr=subprocess.DEVNULL) as process:
        yield process


def test_killed_sealers_leave_a_chain_that_goes_on(tenant: Tenant, tmp_path: Path) -> None:
    words = environment(tmp_path)
    for round_ in range(3):
        with watching(words) as sealer, watching(words):
            record(tenant, 300)
            wait_until(lambda before=round_: tip_of(tenant) > before * 300, what="sealing", every=0.001)
            sealer.send_signal(signal.SIGKILL)
            wait_until(lambda: unsealed(tenant) == 0, what="the other sealer's work")
    assert tip_of(tenant) == 900
    assert findings(tenant) == []


def tip_of(tenant: Tenant) -> int:
    with tenant_context(tenant):
        return tip(tenant).seq


def test_the_watch_seals_within_two_seconds_survives_the_database_and_ends_on_sigterm(
    tenant: Tenant, tmp_path: Path
) -> None:
    with watching(environment(tmp_path)) as sealer:
        record(tenant)
        wait_until(lambda: tip_of(tenant) == 1, what="the start")
        for count in (2, 3):
            began = time.monotonic()
            record(tenant)
            wait_until(lambda count=count: tip_of(tenant) == count, what="sealing", every=0.01)
            assert time.monotonic() - began < 2
            if connection.vendor == "postgresql":
                end_other_connections()
        sealer.send_signal(signal.SIGTERM)
        assert sealer.wait(10) == 0
    assert findings(tenant) == []


def end_other_connections() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )


def test_a_database_that_does_not_answer_is_asked_again(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    record(tenant)
    stop, answers = Event(), iter([OperationalError("database is locked")])

    def unreliable() -> None:
        error = next(answers, None)
        if error:
            raise error
        close_old_connections()
        stop.set()

    monkeypatch.setattr(sealing, "close_old_connections", unreliable)
    monkeypatch.setattr(sealing, "EVERY_S", 0)
    keep_sealing(stop)
    assert "sealer_database_failed" in caplog.text
    assert tip_of(tenant) == 1
