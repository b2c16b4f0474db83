"""An import's lines in words: what will be or was done with each, and why not."""

from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role, UserImport, UserImportLine
from accounts.services.imports.columns import HEADINGS, STATUS

PAGE_SIZE = 50
Outcome = UserImportLine.Outcome
WILL_BE = {
    Outcome.CREATED: gettext_lazy("Will be created"),
    Outcome.CHANGED: gettext_lazy("Will be changed"),
    Outcome.UNCHANGED: gettext_lazy("Stays as it is"),
}
WAS = {
    Outcome.CREATED: gettext_lazy("Was created"),
    Outcome.CHANGED: gettext_lazy("Was changed"),
    Outcome.UNCHANGED: gettext_lazy("Stayed as it is"),
    Outcome.BAD: gettext_lazy("Not imported"),
}
LABELS = {**HEADINGS, "is_active": HEADINGS["status"]}


class LinesPage(NamedTuple):
    """Some lines in words, and the number of the last of them when others follow (else empty)."""

    lines: list[dict[str, Any]]
    next_after: str


def lines_page(found: UserImport, *, outcome: str = "", after: str = "", size: int = PAGE_SIZE) -> LinesPage:
    """The lines after line number `after`, of one outcome (before the start: of one plan) or of all."""
    lines = found.lines.order_by("number")
    if outcome == Outcome.BAD or (outcome in Outcome.values and found.state != UserImport.State.PREVIEW):
        lines = lines.filter(outcome=outcome)
    elif outcome in Outcome.values:
        lines = lines.filter(plan=outcome, outcome=Outcome.WAITING)
    if after.isascii() and after.isdecimal() and len(after) < 9:
        lines = lines.filter(number__gt=int(after))
    rows = list(lines[: size + 1])
    return LinesPage([described(line) for line in rows[:size]], str(rows[size - 1].number) if len(rows) > size else "")


def described(line: UserImportLine) -> dict[str, Any]:
    """A line as number, login_id, name, outcome, result, changes and problems (texts)."""
    waiting = line.outcome == Outcome.WAITING
    return {
        "number": line.number,
        "login_id": line.values.get("login_id", ""),
        "name": line.values.get("name", ""),
        "outcome": line.plan if waiting else line.outcome,
        "result": str(WILL_BE[Outcome(line.plan)] if waiting else WAS[Outcome(line.outcome)]),
        "changes": [_change(name, *pair) for name, pair in line.changes.items()],
        "problems": [_problem(each) for each in line.problems],
    }


def _change(name: str, was: Any, to: Any) -> str:
    words = {"field": LABELS[name], "was": _in_words(name, was), "to": _in_words(name, to)}
    return _("%(field)s: %(was)s → %(to)s") % words


def _in_words(name: str, value: Any) -> str:
    if name == "role":
        return str(Role(value).label)
    if name == "is_active":
        return str(STATUS[bool(value)])
    return (", ".join(value) if isinstance(value, list) else str(value)) or _("(empty)")


def _problem(problem: dict[str, str]) -> str:
    label = LABELS.get(problem["field"])
    return f"{label}: {problem['text']}" if label else problem["text"]
