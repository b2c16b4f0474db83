"""`manage.py serve` as people start it: the first run, the second one, a taken port, its end."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.e2e.product import ROOT, LiveOn, descendants, liveon
from tests.services import free_port, wait_until

STOPS_WITHIN_S = 15


@pytest.fixture(scope="module")
def first_run():
    with liveon() as product:
        yield product


def sign_in(product: LiveOn, login_id: str, password: str) -> str:
    """The address of the page that a login leads to."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = browser.open(f"{product.url}/t/demo/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1)
    form = {"login_id": login_id, "password": password, "csrfmiddlewaretoken": token}
    request = urllib.request.Request(f"{product.url}/t/demo/login/", urllib.parse.urlencode(form).encode())
    request.add_header("Origin", product.url)
    return browser.open(request).url


def test_the_first_run_prints_passwords_that_work(first_run):
    printed = first_run.log.read_text()
    people = re.findall(r"^ +(admin|sato|suzuki) +(\S+) +\((admin|member)\)$", printed, re.MULTILINE)
    assert [(login_id, role) for login_id, _, role in people] == [
        ("admin", "admin"),
        ("sato", "member"),
        ("suzuki", "member"),
    ]
    for login_id, password, _ in people:
        assert sign_in(first_run, login_id, password) == f"{first_run.url}/t/demo/rooms/"
    assert re.search(r"entry password \S{8,}$", printed, re.MULTILINE)
    assert re.search(r"/admintool/\S{40,}/$", printed, re.MULTILINE)


def test_nobody_else_on_the_machine_reads_what_it_writes(first_run):
    written = [path for path in first_run.data_dir.rglob("*") if path.is_file() and path != first_run.log]
    assert any(path.name == "liveon.sqlite3" for path in written)
    assert [path for path in written if path.stat().st_mode & 0o077] == []


def sealers(product: LiveOn) -> list[int]:
    words = {pid: Path(f"/proc/{pid}/cmdline") for pid in descendants(product.process.pid)}
    return [pid for pid, path in words.items() if path.exists() and b"seal_audit" in path.read_bytes()]


def test_the_sealer_is_among_the_children_and_comes_back(first_run):
    (sealer,) = sealers(first_run)
    os.kill(sealer, signal.SIGKILL)
    wait_until(lambda: sealers(first_run) not in ([], [sealer]), what="another sealer")


def test_a_body_without_end_is_cut_off(first_run):
    head = b"POST /t/demo/login/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    with socket.create_connection(("127.0.0.1", first_run.port), timeout=10) as stranger:
        stranger.sendall(head)
        with pytest.raises(ConnectionError):
            for _ in range(1000):  # 65 MB
                stranger.sendall(chunk)
    assert first_run.is_ready()


def test_a_second_serve_on_the_same_data_is_refused(first_run):
    refused = serve(first_run, "--port", str(free_port()))
    assert refused.returncode != 0
    assert "already running" in refused.stderr


def test_a_taken_port_is_named(tmp_path):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIVEON_")}
    product = LiveOn(tmp_path, 0, 0, inherited | {"LIVEON_DATA_DIR": str(tmp_path)})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = serve(product, "--port", port, "--media-port", str(free_port()))
    assert refused.returncode != 0
    assert f"port {port}" in refused.stderr
    assert "Choose another with --port" in refused.stderr


def serve(product: LiveOn, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "serve", *words]
    return subprocess.run(
        command, cwd=ROOT, env=product.environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_every_process_ends_with_serve(number):
    with liveon() as product:
        children = descendants(product.process.pid)
        assert len(children) >= 4
        os.kill(product.process.pid, number)
        product.process.wait(STOPS_WITHIN_S)
        wait_until(lambda: not any(is_running(pid) for pid in children), what="the end", timeout=STOPS_WITHIN_S)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # or it ends between opening and reading
        return False
