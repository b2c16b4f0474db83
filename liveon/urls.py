"""All pages. Paths are stable (docs/architecture.md §5)."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
