import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.access import member_page
from accounts.models import User
from tenants.context import current_tenant
from tenants.models import Tenant


@member_page
def members_view(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    return HttpResponse(str(current_tenant()))


def request_of(user: User | None, tenant: Tenant | None) -> HttpRequest:
    request = RequestFactory().get("/t/acme/some/page/?of=theirs")
    request.user = User.objects.get(pk=user.pk) if user else AnonymousUser()
    request.tenant = tenant
    return request


def test_member_sees_a_page_inside_the_tenants_context(tenant: Tenant, member: User) -> None:
    response = members_view(request_of(member, tenant), tenant_slug="acme")
    assert response.content == b"acme"
    assert current_tenant() is None


def test_admin_sees_members_pages(tenant: Tenant, admin: User) -> None:
    assert members_view(request_of(admin, tenant), tenant_slug="acme").status_code == 200


def test_stranger_does_not_find_another_tenants_page(tenant: Tenant, stranger: User) -> None:
    with pytest.raises(Http404):
        members_view(request_of(stranger, tenant), tenant_slug="acme")


def test_another_tenants_admin_does_not_find_it_either(tenant: Tenant, other_admin: User) -> None:
    with pytest.raises(Http404):
        members_view(request_of(other_admin, tenant), tenant_slug="acme")


def test_signed_in_user_does_not_find_an_unknown_organisation(member: User) -> None:
    with pytest.raises(Http404):
        members_view(request_of(member, None), tenant_slug="none")


def test_nobody_is_sent_to_the_login_with_the_page_to_come_back_to(tenant: Tenant) -> None:
    response = members_view(request_of(None, tenant), tenant_slug="acme")
    assert response.url == "/t/acme/login/?next=/t/acme/some/page/%3Fof%3Dtheirs"


def test_user_of_a_tenant_that_was_suspended_is_logged_out(tenant: Tenant, member: User) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)
    assert members_view(request_of(member, None), tenant_slug="acme").status_code == 302


def test_disabled_user_is_logged_out_at_the_next_page(client: Client, member: User) -> None:
    client.force_login(member)
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert client.get(reverse("password", args=["acme"])).url.startswith("/t/acme/login/")


def test_foreign_and_unknown_organisations_are_the_same_404(client: Client, tenant: Tenant, stranger: User) -> None:
    client.force_login(stranger)
    foreign, unknown = (client.get(reverse("password", args=[slug])) for slug in ("acme", "none"))
    assert foreign.status_code == unknown.status_code == 404
