"""The pytest plugin that prepares the environment before Django reads it (`addopts = -p tests.plugin`).

It must be a `-p` plugin: pytest-django imports the settings before any conftest is configured. Without options the
suite runs on the embedded default (SQLite, in-memory channel layer) in a temporary data directory; with `--services`
on a private PostgreSQL cluster and Redis.
"""

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from tests import services

_cleanup = ExitStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--services", action="store_true", help="run on a private PostgreSQL and Redis")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    for name in list(os.environ):
        if name.startswith("LIVEON_") and name != "LIVEON_FUZZ_CASES":
            del os.environ[name]
    data_dir = tempfile.mkdtemp(prefix="liveon-test-")
    _cleanup.callback(shutil.rmtree, data_dir, ignore_errors=True)
    os.environ["LIVEON_DATA_DIR"] = data_dir
    if early_config.known_args_namespace.services:
        os.environ["LIVEON_DATABASE_URL"] = _cleanup.enter_context(services.postgresql())
        os.environ["LIVEON_REDIS_URL"] = _cleanup.enter_context(services.redis())
    return (yield)


def pytest_unconfigure() -> None:
    _cleanup.close()
