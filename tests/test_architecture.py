"""What docs/architecture.md promises about the code and import-linter cannot see."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from tenants.models import TenantOwned

ROOT = Path(__file__).parents[1]
OUR_APPS = ("tenants", "audit", "accounts", "conferences", "admintool", "liveon")
PACKAGES = (*OUR_APPS, "media_sfu")
LONGEST_FILE = 400

# Rows of the installation or of a library, not of a tenant. Each needs a reason.
NOT_TENANT_OWNED = {
    "tenants.Tenant": "is the tenant",
    "audit.AuditKey": "the installation's signing key, public half",
    "conferences.MediaWorker": "a machine of the provider; its rows name no tenant's data",
}
# Join tables of two tenant-owned models: both ends carry the tenant.
JOIN_TABLES = {
    "accounts.User_groups",
    "accounts.Restriction_users",
    "accounts.Restriction_groups",
    "conferences.Room_hosts",
}


def our_models() -> list[type[models.Model]]:
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.app_label in OUR_APPS]


def test_every_model_is_tenant_owned_or_excused():
    orphans = {model._meta.label for model in our_models() if not issubclass(model, TenantOwned)}
    assert orphans == set(NOT_TENANT_OWNED) | JOIN_TABLES


def test_tenant_is_never_null_and_never_cascades():
    for model in our_models():
        if issubclass(model, TenantOwned):
            field = model._meta.get_field("tenant")
            assert not field.null, model
            assert field.remote_field.on_delete is models.PROTECT, model


def test_every_default_manager_can_narrow_to_a_tenant():
    for model in our_models():
        if issubclass(model, TenantOwned):
            assert hasattr(model._default_manager, "for_tenant"), model


def python_files() -> list[Path]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def browser_files() -> list[Path]:
    found = [path for package in PACKAGES for suffix in ("js", "css") for path in (ROOT / package).rglob(f"*.{suffix}")]
    return [path for path in found if "vendor" not in path.parts]


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_files_are_short_enough_to_read():
    files = [*python_files(), *browser_files(), *(ROOT / "tests").rglob("*.py")]
    long = {str(path.relative_to(ROOT)): lines(path) for path in files if lines(path) >= LONGEST_FILE}
    assert long == {}


@pytest.mark.parametrize("word", ["utils", "helpers", "manager", "managers", "handler", "handlers", "misc", "common"])
def test_no_module_hides_behind_a_word_that_says_nothing(word):
    assert [path for path in python_files() if path.stem == word] == []


def test_product_does_not_import_tests():
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] in ("tests", "pytest") for name in names), path


def test_templates_carry_no_script_or_style_of_their_own():
    """The content security policy forbids them; this says where."""
    for package in OUR_APPS:
        for path in (ROOT / package).rglob("*.html"):
            text = path.read_text(encoding="utf-8")
            assert "<style" not in text, path
            assert " style=" not in text, path
            assert not any(f" {event}=" in text for event in ("onclick", "onload", "onsubmit", "onchange")), path
            assert all("src=" in tag for tag in text.split("<script")[1:]), path


def test_media_server_runs_without_django():
    code = "import sys, media_sfu.__main__; print([m for m in ('django', 'channels', 'celery') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
