"""What a visitor does, as plain functions."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from tests.factories import PASSWORD


def log_in(
    client: Client, slug: str, login_id: str, password: str = PASSWORD, *, next_url: str = "", ip: str = "198.51.100.7"
) -> Any:
    address = reverse("login", args=[slug]) + (f"?next={next_url}" if next_url else "")
    return client.post(address, {"login_id": login_id, "password": password}, REMOTE_ADDR=ip)


def text_of(response: Any) -> str:
    """The page without its CSRF tokens, which differ in every answer."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())


def actions() -> list[str]:
    """The actions in the audit log, oldest first."""
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
