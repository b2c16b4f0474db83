import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.utils.translation import override

from tenants.inventory import BY_LABEL, ENTRIES, Entry, Owner, tenant_entries
from tenants.models import Tenant, TenantOwned

DOCUMENT = Path(__file__).parents[2] / "docs" / "data-inventory.md"
SECRET_NAMES = re.compile(r"password|secret|token|session_key|hash|credential|private|(^|_)key$")
NOT_SECRET = {
    "accounts.SecuritySettings": {
        "password_min_length", "password_classes", "password_history", "password_max_age_days", "entry_password_forced",
    },
    "accounts.User": {"password_changed_at", "must_change_password"},
    "accounts.UserImportLine": {"is_hashed"},
    "conferences.MeetingClass": {"entry_password_forced"},
    "audit.AuditEvent": {"hash", "prev_hash"},
    "audit.AuditHead": {"hash"},
    "audit.AuditTombstone": {"prev_hash", "last_hash"},
    "audit.LogTerm": {"key"},
}  # fmt: skip


def installed_models() -> dict[str, type[models.Model]]:
    return {model._meta.label: model for model in apps.get_models(include_auto_created=True)}


def test_every_table_of_the_installation_is_marked_and_no_other():
    assert set(BY_LABEL) == set(installed_models()), "tenants/inventory.py: mark what is new, strike what is gone"
    assert len(BY_LABEL) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.label)
def test_what_belongs_to_a_tenant_is_the_tenant_s(entry: Entry):
    model = installed_models()[entry.label]
    if issubclass(model, TenantOwned):
        assert (entry.owner, entry.path) == (Owner.TENANT, "tenant")
    assert bool(entry.path) == (entry.owner is Owner.TENANT) or entry.label == "sessions.Session"


@pytest.mark.parametrize("entry", tenant_entries(), ids=lambda entry: entry.label)
def test_path_leads_to_the_tenant(entry: Entry):
    model: Any = installed_models()[entry.label]
    for step in entry.path.split("__"):
        field = model._meta.get_field(step)
        assert not field.null, f"{entry.label}: rows without {step} would be nobody's"
        model = field.related_model
    assert model is Tenant


@pytest.mark.parametrize("entry", tenant_entries(), ids=lambda entry: entry.label)
def test_columns_that_sound_secret_are_marked(entry: Entry):
    names = {field.name for field in installed_models()[entry.label]._meta.concrete_fields}
    secret = {name for name in names if SECRET_NAMES.search(name)} - NOT_SECRET.get(entry.label, set())
    assert secret <= set(entry.secrets), "never exported: list it in `secrets`, or above why it is none"
    assert set(entry.secrets) <= names


def test_document_is_written_from_the_list(capsys: pytest.CaptureFixture[str]):
    call_command("data_inventory")
    assert capsys.readouterr().out == DOCUMENT.read_text(encoding="utf-8"), (
        "manage.py data_inventory > docs/data-inventory.md"
    )


def test_json_lists_every_table(capsys: pytest.CaptureFixture[str]):
    call_command("data_inventory", "--json")
    tables = json.loads(capsys.readouterr().out)["tables"]
    assert {table["table"] for table in tables} == set(BY_LABEL)
    assert {table["owner"] for table in tables} == {"tenant", "provider"}


def test_every_entry_has_its_words_in_japanese():
    with override("ja"):
        assert [entry.label for entry in ENTRIES if str(entry.what).isascii()] == []
        assert [entry.kept for entry in ENTRIES if str(entry.kept.value).isascii()] == []
