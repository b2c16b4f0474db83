"""Every action that the product records can be read as a sentence, and stands in one group at most."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.models import AuditEvent
from audit.reports.actions import GROUPS
from audit.reports.sentences import SENTENCES, sentence

ROOT = Path(__file__).parents[2]
PACKAGES = ("tenants", "audit", "accounts", "conferences", "admintool", "liveon")
RECORDERS = re.compile(r"_?record(_[a-z]+)*")
ACTION = re.compile(r"[a-z]+(_[a-z]+)+")


def recorded_actions() -> Iterator[str]:
    """The names that are given, as they stand, to the functions that record events."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and RECORDERS.fullmatch(ast.unparse(node.func).split(".")[-1]):
                    yield from (text for each in node.args for text in texts(each) if ACTION.fullmatch(text))


def texts(node: ast.expr) -> list[str]:
    """A text, or both of a conditional one."""
    if isinstance(node, ast.IfExp):
        return [*texts(node.body), *texts(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def test_every_recorded_action_has_a_sentence():
    found = set(recorded_actions())
    assert len(found) > 50
    assert found - set(SENTENCES) - {"export_begun", "exported"} == set()


@pytest.mark.parametrize("action", SENTENCES)
def test_sentence_needs_no_words_that_an_event_may_lack(action):
    assert sentence(AuditEvent(action=action, details={})) not in ("", action)


def groups_of(action: str) -> list[str]:
    return [group for group, (_words, beginnings) in GROUPS.items() if action.startswith(beginnings)]


@pytest.mark.parametrize("action", SENTENCES)
def test_every_action_stands_in_one_group(action):
    assert len(groups_of(action)) == 1
