"""WebSocket routes."""

from typing import Any, cast

from django.urls import URLPattern, re_path

from conferences.signalling.consumer import MeetingConsumer

websocket_urlpatterns: list[URLPattern] = [
    re_path(r"^ws/meetings/(?P<room_id>[A-Za-z0-9_-]{1,64})/$", cast(Any, MeetingConsumer.as_asgi())),
]
