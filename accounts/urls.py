"""Pages of accounts. Paths are stable (docs/architecture.md §5)."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("", views.organisation, name="organisation"),
    path("language/", views.language, name="language"),
    path("t/<slug:tenant_slug>/login/", views.login, name="login"),
    path("t/<slug:tenant_slug>/logout/", views.logout, name="logout"),
    path("t/<slug:tenant_slug>/password/", views.password, name="password"),
]
