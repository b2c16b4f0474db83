"""Suspending an organisation shuts everybody out, resuming it lets them in again; nothing is lost."""

import json
from io import StringIO
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.errors import TenantEnded
from accounts.services.tenants import resume_tenant, suspend_tenant
from audit.events import SYSTEM
from audit.models import AuditEvent
from tests.accounts.visits import actions, log_in


def run(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command(*words, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_everybody_is_out_and_can_come_back_when_it_is_resumed(client: Client, tenant, member, admin, stranger):
    theirs = Client()
    log_in(client, "acme", "member")
    log_in(theirs, "globex", "stranger")
    assert run("suspend_tenant", "acme", "--reason", "unpaid") == {
        "tenant": "acme",
        "state": "suspended",
        "logins_ended": 1,
    }
    assert client.get(reverse("rooms", args=["acme"])).status_code == 302
    assert log_in(client, "acme", "member").status_code == 200
    assert client.get("/admintool/admintool-key-of-acme/").status_code == 404
    assert theirs.get(reverse("rooms", args=["globex"])).status_code == 200
    event = AuditEvent.objects.get(action="tenant_suspended")
    assert event.details == {"slug": "acme", "reason": "unpaid", "logins_ended": 1}

    assert run("resume_tenant", "acme") == {"tenant": "acme", "state": "active"}
    assert client.get(reverse("rooms", args=["acme"])).status_code == 302
    assert log_in(client, "acme", "member").status_code == 302
    assert client.get(reverse("rooms", args=["acme"])).status_code == 200


def test_again_is_no_op(tenant, member):
    assert suspend_tenant(tenant, actor=SYSTEM) == 0
    assert suspend_tenant(tenant, actor=SYSTEM) == 0
    resume_tenant(tenant, actor=SYSTEM)
    resume_tenant(tenant, actor=SYSTEM)
    assert actions() == ["tenant_suspended", "tenant_resumed"]


def test_erased_organisation_is_not_resumed(tenant):
    tenant.erased_at = timezone.now()
    tenant.is_active = False
    tenant.save()
    with pytest.raises(TenantEnded):
        resume_tenant(tenant, actor=SYSTEM)
    with pytest.raises(CommandError, match="erased"):
        run("resume_tenant", "acme")


@pytest.mark.parametrize("command", ["suspend_tenant", "resume_tenant"])
def test_unknown_organisation_is_an_error(db, command):
    with pytest.raises(CommandError, match="There is no organisation 'nowhere'"):
        run(command, "nowhere")


def test_many_logins_end_in_few_queries(tenant, member, django_assert_max_num_queries):
    for _login in range(20):
        log_in(Client(), "acme", "member")
    with django_assert_max_num_queries(20):
        suspend_tenant(tenant, actor=SYSTEM)
    assert not UserSession.objects.exists()
