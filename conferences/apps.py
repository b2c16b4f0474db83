"""The app's configuration."""

from django.apps import AppConfig


class ConferencesConfig(AppConfig):
    name = "conferences"

    def ready(self) -> None:
        from conferences.services import revocation  # noqa: F401  (subscribes to access_changed)
