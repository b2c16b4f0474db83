"""Pages of accounts. Paths are stable (docs/architecture.md §5)."""

from django.urls import path

from accounts.views import entrance

urlpatterns = [
    path("", entrance.organisation, name="organisation"),
    path("language/", entrance.language, name="language"),
    path("t/<slug:tenant_slug>/login/", entrance.login, name="login"),
    path("t/<slug:tenant_slug>/logout/", entrance.logout, name="logout"),
    path("t/<slug:tenant_slug>/password/", entrance.password, name="password"),
]
