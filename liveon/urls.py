"""All pages. The paths are stable (docs/architecture.md): scripts and tests rely on them."""

from django.urls import include, path

from liveon import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("accounts.urls")),
    path("", include("accounts.sso.urls")),
    path("", include("conferences.urls")),
    path("", include("admintool.urls")),
]
