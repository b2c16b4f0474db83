"""Setting providers up in a tenant, and what a person does to sign in with them, without a browser."""

from html import unescape
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.encryption import encrypt
from accounts.models import SsoIdentity, SsoProvider, User
from tenants.models import Tenant
from tests.idp.oidc import CLIENT_ID, CLIENT_SECRET, OidcProvider
from tests.idp.saml import SamlProvider


def set_up_oidc(tenant: Tenant, provider: OidcProvider, app: str = "idp", **fields: Any) -> SsoProvider:
    config = {"issuer": provider.issuer, "client_id": CLIENT_ID, "scopes": "openid profile"}
    fields.setdefault("login_id_attribute", "uid")
    return SsoProvider.objects.create(
        tenant=tenant,
        app=app,
        name="Our OIDC",
        protocol="oidc",
        config=config,
        client_secret=encrypt(CLIENT_SECRET),
        **fields,
    )


def set_up_saml(tenant: Tenant, provider: SamlProvider, app: str = "idp", **fields: Any) -> SsoProvider:
    config = {"entity_id": provider.entity_id, "sso_url": provider.sso_url, "certificates": [provider.certificate]}
    fields.setdefault("login_id_attribute", "uid")
    return SsoProvider.objects.create(tenant=tenant, app=app, name="Our SAML", protocol="saml", config=config, **fields)


def make_linked_provider(user: User) -> SsoProvider:
    """A SAML provider of the user's tenant, at which the user is known."""
    provider = set_up_saml(user.tenant, SamlProvider())
    SsoIdentity.objects.create(tenant=user.tenant, provider=provider, subject=f"subject of {user.login_id}", user=user)
    return provider


def leave(client: Client, slug: str = "acme", app: str = "idp", **form: str) -> str:
    """Press the provider's button; the address at the provider to which the browser goes on."""
    answer = client.post(reverse("sso-start", args=[slug, app]), {"purpose": "login", **form})
    assert answer.status_code == 200, answer.status_code
    return unescape(answer.content.decode().split('content="0;url=')[1].partition('"')[0])


def sign_on_by_oidc(client: Client, provider: OidcProvider, person: str, slug: str = "acme", **form: str) -> Any:
    """The answer to whoever comes back from the provider as `person`."""
    return client.get(path_of(provider.come_back(leave(client, slug, **form), person)))


def post_saml(client: Client, action: str, form: dict[str, str]) -> Any:
    """The provider's form arrives without the browser's cookies; the answer to what follows, with them."""
    redirected = Client().post(path_of(action), form)
    return client.get(redirected.url) if redirected.status_code == 302 else redirected


def sign_on_by_saml(client: Client, provider: SamlProvider, person: str, slug: str = "acme", **changes: Any) -> Any:
    return post_saml(client, *provider.come_back(leave(client, slug), person, **changes))


def path_of(url: str) -> str:
    return url.removeprefix("http://testserver")


def who_is_in(client: Client) -> str:
    """The public id's user's login id, from the session; empty when nobody is signed in."""
    found = client.session.get("_auth_user_id")
    return User.objects.get(pk=found).login_id if found else ""
