"""WebSocket routes."""

from typing import Any, cast

from django.urls import re_path

from conferences.network_test.consumer import NetworkTestConsumer
from conferences.signalling.consumer import MeetingConsumer

websocket_urlpatterns: list[Any] = [  # types-channels wants a pattern type that Django does not have
    re_path(r"^ws/meetings/(?P<room_id>[A-Za-z0-9_-]{1,64})/$", cast(Any, MeetingConsumer.as_asgi())),
    re_path(r"^ws/network-test/$", cast(Any, NetworkTestConsumer.as_asgi())),
]
