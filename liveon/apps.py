"""The project as an app: its checks, its log configuration, its `serve` command."""

from django.apps import AppConfig


class LiveOnConfig(AppConfig):
    name = "liveon"

    def ready(self) -> None:
        from liveon import checks  # noqa: F401  registers them
