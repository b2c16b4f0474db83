"""Letting a removed person back in."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.actors import actor_of
from admintool.access import AdminRequest, admintool_page
from conferences.models import Bar
from conferences.services.removal import readmit


@admintool_page
@require_POST
def lift(request: AdminRequest, admintool_key: str, bar_id: str) -> HttpResponse:
    bar = get_object_or_404(Bar.objects.for_tenant(request.tenant), public_id=bar_id)
    readmit(bar, actor=actor_of(request))
    messages.success(request, _("%(name)s may join again.") % {"name": bar.name})
    return redirect("admintool:live", admintool_key)
