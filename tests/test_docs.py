"""The documents name what the code has, and nothing else."""

import json
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
OUR_APPS = ("tenants", "audit", "accounts", "conferences", "admintool", "liveon")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def headings(path: Path, level: int) -> list[str]:
    return re.findall(rf"^{'#' * level} +`?([^`\n]+?)`?$", read(path), re.MULTILINE)


def variables_read() -> set[str]:
    """Every LIVEON_ name that the settings read, a secret with its `_FILE` twin."""
    source = read(ROOT / "liveon" / "settings.py")
    found = set(re.findall(r'"(LIVEON_[A-Z_]+)"', source))
    return found | {f"{name}_FILE" for name in re.findall(r'env\.secret\("(LIVEON_[A-Z_]+)"', source)}


def test_configuration_describes_every_variable_and_no_other():
    described = {
        name for line in headings(DOCS / "configuration.md", 3) for name in re.findall(r"LIVEON_[A-Z_]+", line)
    }
    assert described == variables_read() - {"LIVEON_SERVED_URL"}, "LIVEON_SERVED_URL is set by `serve`, not by people"


def test_signalling_describes_every_message_and_has_an_example_of_each():
    described = set(re.findall(r"^\| [→←] \| `([a-z_]+)`", read(DOCS / "signalling.md"), re.MULTILINE)) | {"error"}
    examples = {json.loads(read(path))["type"] for path in (ROOT / "tests" / "data" / "signalling").glob("*.json")}
    assert described == examples


def test_every_command_of_ours_is_described():
    ours = {name for name, app in get_commands().items() if app in OUR_APPS}
    described = set(headings(DOCS / "operations.md", 3))
    assert {name for name in ours if not any(line.split()[0] == name for line in described)} == set()


@pytest.mark.parametrize("word", ["Tenant", "User", "Operator", "Room", "Meeting", "Participant", "Guest", "GuestPass",
    "Host", "Lobby", "Removal", "Bar", "Attendance", "Connection", "Router", "Peer", "Transport", "Publication",
    "Subscription", "source", "Layer", "LeaveReason", "MeetingCommand", "MediaWorker", "Admintool"])  # fmt: skip
def test_glossary_explains(word):
    assert re.search(rf"^\| [^|]*\b{word}\b", read(DOCS / "glossary.md"), re.MULTILINE)


def test_readme_fits_on_a_screen():
    assert len(read(ROOT / "README.md").splitlines()) <= 60


def test_readme_commands_exist():
    targets = set(re.findall(r"^([a-z.-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    named = set(re.findall(r"make ([a-z.-]+)", read(ROOT / "README.md")))
    assert named <= targets


def test_vendored_files_are_listed_and_carry_their_licence():
    for app in OUR_APPS:
        for path in (ROOT / app).rglob("vendor/*.js"):
            assert str(path.relative_to(ROOT)) in read(DOCS / "licences.md")
            assert path.with_name(path.name.split(".")[0] + ".LICENSE.txt").exists(), path


def decisions() -> list[Path]:
    return sorted((DOCS / "adr").glob("[0-9]*.md"))


def test_decisions_are_numbered_without_gaps():
    assert [int(path.name[:4]) for path in decisions()] == list(range(1, len(decisions()) + 1))


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.stem)
def test_decision_has_its_four_parts_on_one_screen(path):
    assert headings(path, 2) == ["Status", "Context", "Decision", "Consequences"]
    assert len(read(path).splitlines()) <= 50


def markdown() -> list[Path]:
    return [ROOT / "README.md", *DOCS.rglob("*.md")]


def test_links_between_documents_lead_somewhere():
    for path in markdown():
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", read(path)):
            assert (path.parent / target).exists(), f"{path.name} → {target}"


def test_decisions_that_the_code_names_exist():
    numbers = {path.name[:4] for path in decisions()}
    for package in (*OUR_APPS, "media_sfu"):
        for path in (ROOT / package).rglob("*.py"):
            assert set(re.findall(r"docs/adr/(\d{4})", read(path))) <= numbers, path
