"""What a browser's session says of its login: since when it is, and when its person last proved who they are."""

import time
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

SIGNED_IN_AT = "signed_in_at"  # epoch s
CONFIRMED_AT = "confirmed_at"  # epoch s
CONFIRMED_FOR = 300  # s


@receiver(user_logged_in, dispatch_uid="accounts.sessions")
def note_login(sender: object, request: HttpRequest, **more: Any) -> None:
    """However somebody signed in, it is a proof of who they are."""
    request.session[SIGNED_IN_AT] = request.session[CONFIRMED_AT] = time.time()


def note_confirmed(request: HttpRequest) -> None:
    request.session[CONFIRMED_AT] = time.time()


def is_confirmed(request: HttpRequest, *, within: float = CONFIRMED_FOR) -> bool:
    """Whether the person signed in proved who they are within the last `within` seconds."""
    return bool(time.time() - request.session.get(CONFIRMED_AT, 0) < within)
