"""Our own addresses, as a provider is told them."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


def callback_url(request: HttpRequest, slug: str, app: str) -> str:
    """OIDC's redirect URI, one per provider: an answer of another provider never comes here (RFC 9700, 4.4)."""
    return _absolute(request, "sso-callback", slug, app)


def acs_url(request: HttpRequest, slug: str, app: str) -> str:
    """SAML's assertion consumer service."""
    return _absolute(request, "sso-acs", slug, app)


def entity_id(request: HttpRequest, slug: str, app: str) -> str:
    """Our name in SAML, and where its metadata is."""
    return _absolute(request, "sso-metadata", slug, app)


def _absolute(request: HttpRequest, name: str, slug: str, app: str) -> str:
    base = settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
    return f"{base}{reverse(name, args=[slug, app])}"
