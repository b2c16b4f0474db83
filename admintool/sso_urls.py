"""Pages of Admintool about single sign-on."""

from django.urls import path

from admintool.views import sso

sso_pages = [
    path("sso/", sso.provider_list, name="sso"),
    path("sso/new/<slug:protocol>/", sso.create, name="sso-create"),
    path("sso/<slug:provider_id>/", sso.edit, name="sso-edit"),
    path("sso/<slug:provider_id>/enable/", sso.enable, name="sso-enable"),
    path("sso/<slug:provider_id>/disable/", sso.disable, name="sso-disable"),
    path("users/<slug:user_id>/break-glass/", sso.break_glass, name="user-break-glass"),
    path("users/<slug:user_id>/unlink/<slug:provider_id>/", sso.unlink_person, name="user-unlink"),
]
