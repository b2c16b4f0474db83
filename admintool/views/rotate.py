"""A new address for Admintool."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_of
from accounts.services.tenants import rotate_admintool_key
from admintool.access import AdminRequest, admintool_page, reauthenticated


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def rotate(request: AdminRequest, admintool_key: str) -> HttpResponse:
    """The new address is shown in the answer and never again; the old one, and this page with it, is gone."""
    if request.method != "POST":
        return render(request, "admintool/rotate.html")
    key = rotate_admintool_key(request.tenant, actor=actor_of(request))
    address = request.build_absolute_uri(reverse("admintool:overview", args=[key]))
    return render(request, "admintool/rotated.html", {"address": address})
