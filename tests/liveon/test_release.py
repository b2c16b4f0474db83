"""Whatever changes for browsers changes the address of all files, so that none is kept too long."""

from pathlib import Path

import pytest

from liveon.release import VERSION, front_end


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("app/__init__.py", "app/static/app/page.js", "app/locale/ja/LC_MESSAGES/djangojs.mo"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", ["app/static/app/page.js", "app/locale/ja/LC_MESSAGES/djangojs.mo"])
def test_a_changed_file_is_another_front_end(root, name):
    before = front_end(root)
    (root / name).write_text("changed")
    assert front_end(root) != before


def test_a_renamed_file_is_another_front_end(root):
    before = front_end(root)
    (root / "app/static/app/page.js").rename(root / "app/static/app/other.js")
    assert front_end(root) != before


def test_what_browsers_do_not_get_is_no_part_of_it(root):
    before = front_end(root)
    (root / "app/views.py").write_text("changed")
    (root / "var/static").mkdir(parents=True)
    (root / "var/static/page.js").write_text("collected")
    assert front_end(root) == before
    assert before.startswith(f"{VERSION}-")
