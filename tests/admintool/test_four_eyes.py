"""Four eyes hold also where one administrator could become two, and a login left open makes no administrator."""

import pytest
from django.test import Client

from accounts.models import Approval, Role, SecuritySettings, SsoIdentity, SsoProvider, User
from accounts.services.factors import has_factor
from tenants.models import Tenant
from tests.accounts.sign_in_rows import make_totp
from tests.admintool.conftest import url
from tests.factories import make_admin


@pytest.fixture
def four_eyes(tenant: Tenant) -> User:
    """A second administrator of a tenant that wants four eyes."""
    SecuritySettings.objects.create(tenant=tenant, four_eyes=True)
    return make_admin(tenant, "second", name="Second Admin")


def approve_as(admin: User) -> None:
    theirs = Client()
    theirs.force_login(admin, backend="accounts.backends.TenantBackend")
    waiting = Approval.objects.get(state=Approval.State.WAITING)
    theirs.post(url("approval-decide", approval_id=waiting.public_id), {"decision": "approve"})


def test_four_eyes_keep_another_administrator_s_mail_address_and_user_id(
    admin_client: Client, admin: User, four_eyes: User
) -> None:
    """Else a link for a new password, or a sign-on, would make one administrator two."""
    fields = {"login_id": "second2", "name": "Renamed", "email": "mine@example.com", "role": "admin", "language": ""}
    answer = admin_client.post(url("user-edit", user_id=four_eyes.public_id), fields, follow=True)
    assert "A second administrator has been asked" in answer.content.decode()
    four_eyes.refresh_from_db()
    assert (four_eyes.login_id, four_eyes.email, four_eyes.name) == ("second", "", "Renamed")
    assert "second2, mine@example.com" in Approval.objects.get().summary
    approve_as(four_eyes)
    four_eyes.refresh_from_db()
    assert (four_eyes.login_id, four_eyes.email) == ("second2", "mine@example.com")
    own = {**fields, "login_id": "admin", "email": "new@example.com"}
    admin_client.post(url("user-edit", user_id=admin.public_id), own)
    admin.refresh_from_db()
    assert admin.email == "new@example.com"


def test_what_cannot_be_is_refused_before_a_second_administrator_is_asked(
    admin_client: Client, member: User, four_eyes: User
) -> None:
    fields = {"login_id": member.login_id, "name": "Second Admin", "email": "", "role": "admin", "language": ""}
    answer = admin_client.post(url("user-edit", user_id=four_eyes.public_id), fields)
    assert "This user ID is taken." in answer.content.decode()
    assert not Approval.objects.exists()


def test_four_eyes_keep_another_administrator_s_second_factors(admin_client: Client, four_eyes: User) -> None:
    make_totp(four_eyes)
    page = admin_client.get(url("user-factors", user_id=four_eyes.public_id)).content.decode()
    assert "A second administrator is asked." in page
    admin_client.post(url("user-factors", user_id=four_eyes.public_id))
    assert has_factor(four_eyes)
    approve_as(four_eyes)
    assert not has_factor(four_eyes)


def test_four_eyes_keep_another_administrator_s_link_to_a_provider(
    admin_client: Client, tenant: Tenant, four_eyes: User
) -> None:
    provider = SsoProvider.objects.create(tenant=tenant, app="idp", name="IdP", protocol="oidc", config={})
    SsoIdentity.objects.create(tenant=tenant, provider=provider, subject="s", user=four_eyes)
    page = url("user-unlink", user_id=four_eyes.public_id, provider_id=provider.public_id)
    admin_client.post(page)
    assert SsoIdentity.objects.exists()
    approve_as(four_eyes)
    assert not SsoIdentity.objects.exists()


def test_who_may_be_away_makes_no_administrator(admin_client: Client, member: User) -> None:
    """A login left open changes names, but makes nobody an administrator before its person confirms to be there."""
    session = admin_client.session
    session["confirmed_at"] -= 301
    session.save()
    fields = {"login_id": "member", "name": "Renamed", "email": "", "role": "member", "language": ""}
    admin_client.post(url("user-edit", user_id=member.public_id), fields)
    answer = admin_client.post(url("user-edit", user_id=member.public_id), {**fields, "role": "admin"})
    assert "/confirm/" in answer["Location"]
    answer = admin_client.post(url("user-create"), {**fields, "login_id": "new", "role": "admin", "password": ""})
    assert "/confirm/" in answer["Location"]
    member.refresh_from_db()
    assert (member.name, member.role) == ("Renamed", Role.MEMBER)
    assert not User.objects.filter(login_id="new").exists()
