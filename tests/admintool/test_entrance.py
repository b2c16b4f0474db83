from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from accounts.services.tenants import rotate_admintool_key
from audit.events import SYSTEM
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.admintool.conftest import KEY, sign_in, url
from tests.factories import ADMINTOOL_KEY, PASSWORD

PAGES = ["overview", "users", "user-create", "live", "live-now", "attendance", "attendance-export"]


def visits() -> int:
    return AuditEvent.objects.filter(action="admintool_visited").count()


@pytest.mark.parametrize("page", PAGES)
def test_admin_sees_the_page(admin_client: Client, page: str) -> None:
    response = admin_client.get(url(page))
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("page", [*PAGES, "login"])
def test_wrong_key_is_an_ordinary_404(admin_client: Client, page: str) -> None:
    wrong = url(page).replace(KEY, "wrong")
    answer, ordinary = admin_client.get(wrong), admin_client.get("/no/such/page/")
    assert answer.status_code == ordinary.status_code == 404
    assert answer.content == ordinary.content
    assert answer.headers == ordinary.headers


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_wrong_key_is_the_same_404_for_every_method(client: Client, tenant: Tenant, method: str) -> None:
    assert getattr(client, method)("/admintool/wrong/live/bars/x/readmit/").status_code == 404
    assert getattr(client, method)("/admintool/wrong/login/").status_code == 404


def test_member_gets_the_ordinary_404(client: Client, member: User) -> None:
    sign_in(client, member)
    assert client.get(url("overview")).content == client.get("/no/such/page/").content
    assert client.get(url("login")).status_code == 404


def test_admin_of_another_tenant_gets_the_ordinary_404(client: Client, tenant: Tenant, other_admin: User) -> None:
    sign_in(client, other_admin)
    assert client.get(url("overview")).content == client.get("/no/such/page/").content
    assert client.get(url("login")).status_code == 404


def test_admin_does_not_get_into_another_tenant_with_the_right_key(admin_client: Client, other_tenant: Tenant) -> None:
    assert admin_client.get(f"/admintool/{ADMINTOOL_KEY}globex/users/").status_code == 404


def test_inactive_tenant_has_no_admintool(admin_client: Client, tenant: Tenant) -> None:
    tenant.is_active = False
    tenant.save(update_fields=["is_active"])
    assert admin_client.get(url("overview")).status_code == 404


def test_old_key_is_a_404_after_rotation(admin_client: Client, tenant: Tenant) -> None:
    new = rotate_admintool_key(tenant, actor=SYSTEM)
    assert admin_client.get(url("overview")).status_code == 404
    assert admin_client.get(f"/admintool/{new}/").status_code == 200


def test_stranger_is_led_to_the_login_and_then_to_the_page(client: Client, admin: User) -> None:
    answer = client.get(url("users") + "?q=mori")
    assert answer["Location"] == url("login") + "?next=users%2F%3Fq%3Dmori"
    assert answer["Cache-Control"] == "no-store"
    login = client.get(answer["Location"])
    assert login.status_code == 200
    assert login["Cache-Control"] == "no-store"
    answer = client.post(answer["Location"], {"login_id": "admin", "password": PASSWORD})
    assert answer["Location"] == url("users") + "?q=mori"
    assert client.get(answer["Location"]).status_code == 200


def test_login_without_a_wish_leads_to_the_first_page(client: Client, admin: User) -> None:
    answer = client.post(url("login"), {"login_id": "ADMIN", "password": PASSWORD})
    assert answer["Location"] == url("overview")


@pytest.mark.parametrize("wish", ["../../t/acme/rooms/", "//example.com", "no/such/", "\\example.com", "login/x"])
def test_login_leads_to_pages_of_admintool_only(client: Client, admin: User, wish: str) -> None:
    answer = client.post(url("login") + f"?next={wish}", {"login_id": "admin", "password": PASSWORD})
    assert answer["Location"] == url("overview")


def test_signed_in_admin_skips_the_login(admin_client: Client) -> None:
    assert admin_client.get(url("login") + "?next=live/")["Location"] == url("live")


@pytest.mark.parametrize(
    ("login_id", "password"), [("member", PASSWORD), ("admin", "wrong"), ("nobody", PASSWORD), ("stranger", PASSWORD)]
)
def test_every_refusal_is_alike(
    client: Client, admin: User, member: User, stranger: User, login_id: str, password: str
) -> None:
    answer = client.post(url("login"), {"login_id": login_id, "password": password})
    assert answer.status_code == 200
    assert b"The organisation, user ID or password is not right." in answer.content
    assert "_auth_user_id" not in client.session
    assert AuditEvent.objects.get(action="login_failed").target_name == login_id


def test_many_wrong_passwords_are_slowed_down(client: Client, admin: User) -> None:
    answers = [client.post(url("login"), {"login_id": "admin", "password": "wrong"}) for _try in range(8)]
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) > 0


def test_htmx_of_an_ended_login_reloads_the_page(client: Client, tenant: Tenant) -> None:
    answer = client.get(url("live-now"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")


def test_visit_is_recorded_once_per_login_and_half_hour(client: Client, admin: User) -> None:
    with time_machine.travel("2026-06-15T03:00:00Z", tick=False) as clock:
        sign_in(client, admin)
        client.get(url("overview"))
        client.get(url("users"))
        assert visits() == 1
        clock.shift(timedelta(minutes=31))
        client.get(url("live-now"))
        assert visits() == 2
        sign_in(Client(), admin).get(url("overview"))
        assert visits() == 3


def test_visit_names_who_and_from_where_and_never_the_key(admin_client: Client, admin: User) -> None:
    admin_client.get(url("attendance"), {"login_id": "mori"})
    event = AuditEvent.objects.get(action="admintool_visited")
    assert (event.actor_id, event.actor_name, event.ip_address) == (admin.public_id, admin.name, "127.0.0.1")
    assert KEY not in str(list(AuditEvent.objects.values()))


def test_refused_visit_is_no_visit(client: Client, member: User) -> None:
    sign_in(client, member).get(url("overview"))
    client.get(url("overview").replace(KEY, "wrong"))
    assert visits() == 0


def test_pages_outside_do_not_link_to_admintool(admin_client: Client) -> None:
    page = admin_client.get("/t/acme/rooms/")
    assert page.status_code == 200
    assert b"admintool" not in page.content
