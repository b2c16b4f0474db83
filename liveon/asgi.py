"""The ASGI application: pages over HTTP, signalling over WebSocket."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liveon.settings")

import django

django.setup(set_prefix=False)  # loads the apps, which the imports below need

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from channels.sessions import SessionMiddlewareStack  # noqa: E402
from django.conf import settings  # noqa: E402

from conferences.signalling.routing import websocket_urlpatterns  # noqa: E402
from liveon.metrics import MetricsEndpoint  # noqa: E402
from liveon.pages import PageHandler, PageThreads  # noqa: E402
from liveon.static_files import StaticFiles  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": MetricsEndpoint(StaticFiles(PageThreads(PageHandler()))),
        "websocket": OriginValidator(
            SessionMiddlewareStack(URLRouter(websocket_urlpatterns)), settings.ALLOWED_ORIGINS
        ),
    }
)
