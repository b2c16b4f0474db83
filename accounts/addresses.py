"""Where a `next` may lead."""

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme

from tenants.lookup import tenant_of_url
from tenants.models import Tenant


def is_local(url: str) -> bool:
    """Whether a browser takes `url` as a path on this very host."""
    return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)


def is_page_of(tenant: Tenant, url: str) -> bool:
    """Whether `url` is a local address of a page of `tenant`."""
    if not is_local(url):
        return False
    try:
        match = resolve(url.partition("?")[0].partition("#")[0])
    except Resolver404:
        return False
    return tenant_of_url(match.kwargs) == tenant


NO_KEY = "/***/"  # where an address that is kept would have Admintool's key


def without_key(request: HttpRequest, url: str) -> str:
    """`url` as it may be kept in a session: Admintool's key, if `request` came below it, is left out."""
    key = _key_of(request)
    return url.replace(f"/{key}/", NO_KEY, 1) if key else url


def with_key(request: HttpRequest, url: str) -> str:
    """The address that `without_key` made fit to keep, for a request below the same key."""
    key = _key_of(request)
    return url.replace(NO_KEY, f"/{key}/", 1) if key else url


def _key_of(request: HttpRequest) -> str:
    match = request.resolver_match
    return str(match.kwargs.get("admintool_key", "")) if match is not None else ""
