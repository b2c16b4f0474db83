"""Embedded by default; production is whole or refused at start, with the name of what is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCTION = {
    "LIVEON_PUBLIC_URL": "https://meet.example.com",
    "LIVEON_DATABASE_URL": "postgresql://liveon@127.0.0.1/liveon",
    "LIVEON_REDIS_URL": "redis://127.0.0.1:6379/0",
    "LIVEON_SECRET_KEY": "x" * 50,
    "LIVEON_MEDIA_ADDRESS": "198.51.100.4",
}


@pytest.fixture
def start(tmp_path):
    """`start(**variables)` runs the checks that `serve` runs first; returns (exit status, everything printed)."""

    def run(**variables: str) -> tuple[int, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIVEON_")}
        environment = inherited | {"LIVEON_DATA_DIR": str(tmp_path)} | variables
        command = [sys.executable, "manage.py", "check", "--tag", "liveon"]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_with_no_environment_at_all_it_starts(start, tmp_path):
    assert start()[0] == 0
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_nobody_else_on_the_machine_looks_into_the_data_folder(start, tmp_path):
    assert start(LIVEON_DATA_DIR=str(tmp_path / "data"))[0] == 0
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_whole_production_configuration_starts(start):
    status, printed = start(**PRODUCTION)
    assert status == 0, printed


def test_every_missing_part_of_production_is_named(start):
    for missing in PRODUCTION:
        status, printed = start(**{name: value for name, value in PRODUCTION.items() if name != missing})
        assert status != 0, missing
        assert missing in printed


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LIVEON_PUBLIC_URL", "http://meet.example.com"),
        ("LIVEON_PUBLIC_URL", "meet.example.com"),
        ("LIVEON_DATABASE_URL", "mysql://localhost/liveon"),
        ("LIVEON_MEDIA_ADDRESS", "127.0.0.1"),
        ("LIVEON_MEDIA_ADDRESS", "meet.example.com"),
        ("LIVEON_MEDIA_ANNOUNCE", "198.51.100.4"),
        ("LIVEON_MEDIA_ANNOUNCE", "198.51.100.4:70000"),
        ("LIVEON_DEBUG", "1"),
        ("LIVEON_DEBUG", "perhaps"),
        ("LIVEON_MEDIA_PORT", "80"),
        ("LIVEON_LANGUAGE", "xx"),
        ("LIVEON_LOG_LEVEL", "LOUD"),
        ("LIVEON_VIDEO_CODECS", "vp8,h265"),
        ("LIVEON_VIDEO_CODECS", "vp9,vp9"),
        ("LIVEON_AUDIT_RETENTION_DAYS", "30"),
        ("LIVEON_TRUSTED_PROXIES", "nginx"),
        ("LIVEON_SECRET_KEY_FILE", "/nonexistent/secret"),
    ],
)
def test_a_bad_value_is_refused_with_the_name_of_its_variable(start, variable, value):
    status, printed = start(**{**PRODUCTION, variable: value})
    assert status != 0
    assert variable in printed


def test_turn_servers_and_their_secret_belong_together(start):
    status, printed = start(LIVEON_TURN_URLS="turn:turn.example.com")
    assert status != 0
    assert "LIVEON_TURN_SECRET is missing" in printed


def test_a_secret_may_come_from_a_file(start, tmp_path):
    (tmp_path / "key").write_text("y" * 50)
    rest = {name: value for name, value in PRODUCTION.items() if name != "LIVEON_SECRET_KEY"}
    status, printed = start(**rest, LIVEON_SECRET_KEY_FILE=str(tmp_path / "key"))
    assert status == 0, printed
