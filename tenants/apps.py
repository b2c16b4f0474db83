"""The app's configuration."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        autodiscover_modules("lookups")  # registers every `Lookup`: `migrate` writes them into PostgreSQL
