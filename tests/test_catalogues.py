"""Japanese is complete: every marked string has a translation, and the compiled catalogues are the current ones."""

import re
from functools import cache
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).parents[1]
APPS = ("tenants", "audit", "accounts", "conferences", "admintool", "liveon")
CATALOGUES = sorted(path for app in APPS for path in (ROOT / app).rglob("locale/ja/LC_MESSAGES/*.po"))

PYTHON_MARKS = re.compile(r"""\b(?:gettext(?:_lazy)?|_)\(\s*"((?:[^"\\]|\\.)+)"\s*\)""")
TEMPLATE_MARKS = re.compile(r"""{% (?:translate|trans) (?:"([^"]+)"|'([^']+)')""")
PLURAL_MARKS = re.compile(r"""\bngettext(?:_lazy)?\(\s*"((?:[^"\\]|\\.)+)"\s*,""")
BLOCK_MARKS = re.compile(
    r"{% blocktrans(?:late)?\b([^%]*)%}(.*?)(?:{% plural %}.*?)?{% endblocktrans(?:late)? %}", re.DOTALL
)
SCRIPT_MARKS = re.compile(r"""\bgettext\(\s*"((?:[^"\\]|\\.)+)"\s*[,)]""")


def catalogue_id(path: Path) -> str:
    return f"{path.relative_to(ROOT).parts[0]}-{path.stem}"


def parsed(path: Path) -> polib.POFile:
    return polib.pofile(str(path))


@pytest.mark.parametrize("path", CATALOGUES, ids=catalogue_id)
def test_every_entry_is_translated(path):
    entries = [entry for entry in parsed(path) if not entry.obsolete]
    assert [entry.msgid for entry in entries if not entry.translated() or "fuzzy" in entry.flags] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=catalogue_id)
def test_placeholders_survive_translation(path):
    names = re.compile(r"%\(\w+\)[sd]|{\w+}")
    for entry in parsed(path):
        translations = [*entry.msgstr_plural.values()] or [entry.msgstr]
        for translation in translations:
            wanted = set(names.findall(entry.msgid_plural or entry.msgid))
            assert set(names.findall(translation)) == wanted, entry.msgid


@pytest.mark.parametrize("path", CATALOGUES, ids=catalogue_id)
def test_compiled_catalogue_is_current(path):
    compiled = path.with_suffix(".mo")
    assert compiled.exists(), f"run msgfmt -o {compiled.name} {path.name}"
    fresh = {(entry.msgctxt, entry.msgid): (entry.msgstr, dict(entry.msgstr_plural)) for entry in parsed(path)}
    stored = {
        (entry.msgctxt, entry.msgid): (entry.msgstr, dict(entry.msgstr_plural)) for entry in polib.mofile(str(compiled))
    }
    assert {key: text for key, text in stored.items() if key[1]} == fresh


def marked(app: str, suffix: str, *patterns: re.Pattern[str]) -> dict[str, Path]:
    """String → a file that marks it for translation."""
    found: dict[str, Path] = {}
    for path in (ROOT / app).rglob(f"*.{suffix}"):
        if "vendor" in path.parts or "migrations" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        for pattern in patterns:
            for match in pattern.finditer(text):
                string = next(group for group in match.groups() if group)
                found[string.replace('\\"', '"')] = path
    return found


def blocks(app: str) -> dict[str, Path]:
    """The texts of `blocktranslate`, as message ids."""
    found: dict[str, Path] = {}
    for path in (ROOT / app).rglob("*.html"):
        for options, text in BLOCK_MARKS.findall(path.read_text(encoding="utf-8")):
            if "trimmed" in options:
                text = " ".join(line.strip() for line in text.strip().splitlines())
            found[re.sub(r"{{ *([\w.]+) *}}", r"%(\1)s", text.replace("%", "%%"))] = path
    return found


@cache
def translated(domain: str) -> set[str]:
    """Our apps share one catalogue at run time: a string may be translated in any of them, or in Django's own."""
    return {entry.msgid for path in CATALOGUES if path.stem == domain for entry in parsed(path)}


@pytest.mark.parametrize("app", APPS)
def test_every_marked_string_is_in_a_catalogue(app):
    strings = marked(app, "py", PYTHON_MARKS, PLURAL_MARKS) | marked(app, "html", TEMPLATE_MARKS) | blocks(app)
    known = translated("django")
    missing = {string: str(path.relative_to(ROOT)) for string, path in strings.items() if string not in known}
    assert missing == {}


@pytest.mark.parametrize("app", APPS)
def test_every_marked_string_of_the_browser_is_in_a_catalogue(app):
    strings = marked(app, "js", SCRIPT_MARKS, PLURAL_MARKS)
    known = translated("djangojs")
    missing = {string: str(path.relative_to(ROOT)) for string, path in strings.items() if string not in known}
    assert missing == {}
