"""Secret path segments never reach a log line."""

import json
import logging

import pytest
import structlog

from liveon import logs

SECRET = "Zk3vX0q1l2m3n4o5p6q7r8s9t0uvwxyzABCDEFGHIJK"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"/admintool/{SECRET}/users/", "/admintool/***/users/"),
        (f"/g/{SECRET}/", "/g/***/"),
        (f"Not Found: /g/{SECRET}", "Not Found: /g/***"),
        (
            f"http://localhost:8000/admintool/{SECRET}/?q=1 and /g/{SECRET}/",
            "http://localhost:8000/admintool/***/?q=1 and /g/***/",
        ),
        ("/g/meeting/abcdefgh/", "/g/meeting/abcdefgh/"),
        ("/t/demo/rooms/", "/t/demo/rooms/"),
    ],
)
def test_secret_segments_are_masked_and_other_paths_are_not(text, masked):
    assert logs.mask_secret_paths(text) == masked


def _render(record: logging.LogRecord) -> str:
    options = logs.logging_config("INFO")["formatters"]["json"]
    formatter = structlog.stdlib.ProcessorFormatter(**{key: value for key, value in options.items() if key != "()"})
    return formatter.format(record)


def test_a_library_s_log_line_is_json_and_masked():
    record = logging.LogRecord(
        "django.request", logging.WARNING, __file__, 1, "Not Found: %s", (f"/g/{SECRET}/",), None
    )
    line = _render(record)
    assert SECRET not in line
    assert json.loads(line)["event"] == "Not Found: /g/***/"


def test_a_traceback_is_masked_too():
    try:
        raise ValueError(f"/admintool/{SECRET}/")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "broke", (), (ValueError, error, error.__traceback__)
        )
    line = _render(record)
    assert "ValueError" in line
    assert SECRET not in line


def test_rows_and_mail_addresses_that_errors_quote_are_masked():
    error = ValueError('duplicate key\nDETAIL:  Key (login_id)=(sato) already exists.\nand {"a.sato@example.com": 550}')
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "broke", (), (ValueError, error, None))
    line = _render(record)
    assert "sato" not in line
    assert "duplicate key" in json.loads(line)["exception"]


def test_line_says_which_stay_it_is_about():
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, "late", (), None)
    with structlog.contextvars.bound_contextvars(meeting="m1", participant="p1"):
        line = json.loads(_render(record))
    assert (line["meeting"], line["participant"]) == ("m1", "p1")
