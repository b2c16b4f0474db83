"""Where a `next` may lead."""

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
