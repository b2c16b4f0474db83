import pytest
from django.core.exceptions import ValidationError

from accounts.errors import SlugTaken
from accounts.services import tenants
from accounts.services.tenants import create_tenant, find_tenant_by_admintool_key, rotate_admintool_key
from audit.events import SYSTEM, Actor
from audit.models import AuditEvent
from tenants.models import Tenant


def test_tenant_is_created_with_a_key_that_is_stored_only_as_a_hash(db: None) -> None:
    tenant, key = create_tenant("acme", name=" Acme ", actor=SYSTEM)
    assert (tenant.slug, tenant.name, tenant.is_active) == ("acme", "Acme", True)
    assert len(key) >= 43
    assert key not in str(Tenant.objects.values().get())
    assert find_tenant_by_admintool_key(key) == tenant
    event = AuditEvent.objects.get()
    assert (event.tenant, event.action, event.target_name) == (tenant, "tenant_created", "Acme")


def test_rotated_key_replaces_the_old_one(db: None) -> None:
    tenant, old = create_tenant("acme", name="Acme", actor=SYSTEM)
    new = rotate_admintool_key(tenant, actor=Actor(name="Aoki"))
    assert find_tenant_by_admintool_key(new) == tenant
    assert find_tenant_by_admintool_key(old) is None
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.actor_name) == ("admintool_url_rotated", "Aoki")
    assert new not in str(AuditEvent.objects.values())


def test_unknown_key_and_suspended_tenant_find_nothing(db: None) -> None:
    tenant, key = create_tenant("acme", name="Acme", actor=SYSTEM)
    assert find_tenant_by_admintool_key("wrong") is None
    Tenant.objects.update(is_active=False)
    assert find_tenant_by_admintool_key(key) is None


@pytest.mark.parametrize("slug", ["", "Acme", "a_b", "-a", "a-", "a b", "a\n", "会社", "a" * 41])
def test_malformed_slug_is_refused(db: None, slug: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        create_tenant(slug, name="Acme", actor=SYSTEM)
    assert list(refusal.value.message_dict) == ["slug"]


def test_empty_name_is_refused(db: None) -> None:
    with pytest.raises(ValidationError):
        create_tenant("acme", name=" ", actor=SYSTEM)


def test_taken_slug_is_refused(tenant: Tenant) -> None:
    with pytest.raises(SlugTaken):
        create_tenant("acme", name="Other", actor=SYSTEM)


def test_slug_taken_in_the_meantime_is_the_same_refusal(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenants, "_slug_is_taken", lambda slug: False)
    with pytest.raises(SlugTaken):
        create_tenant("acme", name="Other", actor=SYSTEM)
    assert Tenant.objects.count() == 1
