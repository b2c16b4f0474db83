"""The app's configuration."""

from django.apps import AppConfig


class ConferencesConfig(AppConfig):
    name = "conferences"

    def ready(self) -> None:
        from conferences.services import enforcing, revocation  # noqa: F401  (subscribe to accounts' signals)
