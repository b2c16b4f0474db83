"""Who may test a network: who may see a join page. A user by login; a guest by a ticket, because a guest who has not
joined has no cookie, and a pass is a secret that goes nowhere but into its address.
"""

from dataclasses import dataclass
from typing import Any

from django.core import signing

from accounts.logins import user_of_login
from conferences.errors import LoginRequired
from conferences.models import GuestPass
from conferences.services.guests import find_valid_pass

SALT = "liveon.network_test"
TICKET_SECONDS = 30 * 60  # long enough to test again and again; after that the page is opened anew


@dataclass(frozen=True)
class Tester:
    """Somebody who may test; `id` is theirs alone."""

    id: str
    ip_address: str


def ticket_of(guest_pass: GuestPass) -> str:
    """What the page gives a guest's browser to show in its first message."""
    return signing.dumps(guest_pass.public_id, salt=SALT)


def user_tester(session: Any, *, ip_address: str) -> Tester:
    """Raises LoginRequired."""
    user = user_of_login(session.session_key)
    if user is None:
        raise LoginRequired
    return Tester(f"user:{user.public_id}", ip_address)


def guest_tester(ticket: str, *, ip_address: str) -> Tester:
    """The pass must be good even now. Raises LoginRequired."""
    try:
        pass_id = str(signing.loads(ticket, salt=SALT, max_age=TICKET_SECONDS))
    except signing.BadSignature as error:
        raise LoginRequired from error
    if find_valid_pass(pass_id) is None:
        raise LoginRequired
    return Tester(f"pass:{pass_id}", ip_address)
