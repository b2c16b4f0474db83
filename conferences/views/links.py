"""Absolute addresses for people to pass on."""

from django.conf import settings
from django.http import HttpRequest


def absolute(request: HttpRequest, path: str) -> str:
    """`path` under LIVEON_PUBLIC_URL, or under the address the request came to when there is none."""
    base = settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
    return f"{base}{path}"
