"""Template tags of Admintool."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.template.context import RequestContext
from django.urls import reverse

register = template.Library()


@register.simple_tag(takes_context=True)
def page_url(context: RequestContext, name: str, **kwargs: Any) -> str:
    """The address of Admintool's page `name` below the key of the present one."""
    key = context["request"].resolver_match.kwargs["admintool_key"]
    return reverse(f"admintool:{name}", kwargs={"admintool_key": key, **kwargs})


@register.simple_tag
def query(parameters: dict[str, str] | None = None, **more: str) -> str:
    """`?…` with the parameters that are set."""
    present = {name: value for name, value in {**(parameters or {}), **more}.items() if value}
    return f"?{urlencode(present)}" if present else ""


@register.simple_tag
def duration(start: Any, end: Any) -> str:
    """The time between two instants as h:mm:ss."""
    minutes, seconds = divmod(int((end - start).total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
