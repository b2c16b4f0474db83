"""Template tags of Admintool."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.template.context import RequestContext
from django.urls import reverse

from admintool.navigation import PAGES

register = template.Library()


@register.simple_tag(takes_context=True)
def page_url(context: RequestContext, name: str, **kwargs: Any) -> str:
    """The address of Admintool's page `name` below the key of the present one."""
    key = context["request"].resolver_match.kwargs["admintool_key"]
    return reverse(f"admintool:{name}", kwargs={"admintool_key": key, **kwargs})


@register.simple_tag(takes_context=True)
def navigation(context: RequestContext) -> list[dict[str, Any]]:
    """Admintool's pages as `url`, `text` and `is_current`: the present page is the one with the longest address."""
    here = context["request"].path
    links = [{"url": page_url(context, name), "text": text} for name, text in PAGES]
    around = [url for url in (str(link["url"]) for link in links) if here.startswith(url)]
    present = max(around, key=len, default="")
    return [{**link, "is_current": link["url"] == present} for link in links]


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
