"""The app's configuration."""

from django.apps import AppConfig


class ConferencesConfig(AppConfig):
    name = "conferences"

    def ready(self) -> None:
        """Those who subscribe to accounts' signals must be there."""
        from conferences.services import enforcing, restricting, revocation, suspension  # noqa: F401
