"""That a run tests what it says: the embedded default, or PostgreSQL and Redis with `--services`."""

import pytest
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache
from django.db import connection

EMBEDDED = {"database": "sqlite", "layer": "InMemoryChannelLayer", "broker": "filesystem"}
SERVICES = {"database": "postgresql", "layer": "RedisPubSubChannelLayer", "broker": "redis"}


@pytest.fixture
def expected(request: pytest.FixtureRequest) -> dict[str, str]:
    return SERVICES if request.config.getoption("--services") else EMBEDDED


@pytest.mark.django_db
def test_database_is_the_one_asked_for_and_not_a_superuser_s(expected):
    assert connection.vendor == expected["database"]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            assert cursor.fetchone() == (False,)


async def test_channel_layer_delivers(expected):
    layer = get_channel_layer()
    assert type(layer).__name__ == expected["layer"]
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    await layer.group_send("room", {"type": "speak"})
    assert await layer.receive(channel) == {"type": "speak"}


def test_broker_is_the_one_asked_for(expected):
    assert settings.CELERY_BROKER_URL.startswith(expected["broker"])


def test_cache_forgets_between_tests():
    assert cache.get("test") is None
    cache.set("test", 1)
    assert cache.get("test") == 1
