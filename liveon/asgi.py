"""The ASGI application: pages over HTTP, signalling over WebSocket."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liveon.settings")

from django.core.asgi import get_asgi_application

http_application = get_asgi_application()  # loads the apps, which the imports below need

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402

from conferences.signalling.routing import websocket_urlpatterns  # noqa: E402
from liveon.metrics import MetricsEndpoint  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": MetricsEndpoint(http_application),
        "websocket": OriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)), settings.ALLOWED_ORIGINS),
    }
)
