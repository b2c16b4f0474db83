"""Who acts, as audit rows keep it."""

from django.http import HttpRequest

from accounts.models import User
from accounts.network import client_ip
from audit.events import Actor


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in user, or nobody in particular, and where the request came from."""
    ip_address = client_ip(request) or None
    if not isinstance(request.user, User):
        return Actor(ip_address=ip_address)
    return Actor(id=request.user.public_id, name=request.user.name, ip_address=ip_address)
