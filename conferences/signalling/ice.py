"""ICE servers for one participant: coturn's REST credentials, good for two hours and bound to nobody's password.

A meeting may last longer: whoever is in gets new ones in time (`IceServers`).

The user name is `<expiry>:<participant>`, the credential its HMAC-SHA1 under the shared secret
(draft-uberti-behave-turn-rest-00 §2.2).
"""

import base64
import hashlib
import hmac
from datetime import datetime

from django.conf import settings

from conferences.signalling.data import IceServer


def renewed_after() -> float:
    """Seconds after which a participant gets new credentials: half of their time."""
    return float(settings.TURN_SECONDS) / 2


def ice_servers(participant_id: str, *, now: datetime) -> tuple[IceServer, ...]:
    """The TURN servers of the installation, or none: a worker is reachable by itself."""
    if not settings.TURN_URLS:
        return ()
    username = f"{int(now.timestamp()) + settings.TURN_SECONDS}:{participant_id}"
    digest = hmac.new(settings.TURN_SECRET.encode(), username.encode(), hashlib.sha1).digest()
    credential = base64.b64encode(digest).decode("ascii")
    return (IceServer(urls=tuple(settings.TURN_URLS), username=username, credential=credential),)
