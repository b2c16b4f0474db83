"""Addresses of single sign-on. They are entered at providers: they never change."""

from django.urls import path

from accounts.views import sso

urlpatterns = [
    path("t/<slug:tenant_slug>/sso/", sso.offer, name="sso"),
    path("t/<slug:tenant_slug>/sso/<slug:app>/", sso.start, name="sso-start"),
    path("t/<slug:tenant_slug>/sso/<slug:app>/callback/", sso.callback, name="sso-callback"),
    path("t/<slug:tenant_slug>/sso/<slug:app>/acs/", sso.acs, name="sso-acs"),
    path("t/<slug:tenant_slug>/sso/<slug:app>/metadata/", sso.metadata, name="sso-metadata"),
]
