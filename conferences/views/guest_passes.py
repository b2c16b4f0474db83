"""Guest passes of a room: made, shown once, listed, revoked."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST

from accounts.access import MemberRequest, member_page
from accounts.actors import actor_of
from conferences.forms import GuestPassForm
from conferences.models import GuestPass, Room
from conferences.services.classes import room_rules
from conferences.services.guests import create_guest_pass, revoke_guest_pass, take_over_guest_pass
from conferences.views.links import absolute
from conferences.views.lookup import editable_room


@cache_control(no_store=True)
@member_page
def guest_passes(request: MemberRequest, tenant_slug: str, room_id: str) -> HttpResponse:
    """A new pass's link is in the answer to its POST and nowhere else: only its hash is stored."""
    room = editable_room(request, room_id)
    form = GuestPassForm(request.POST or None)
    if not form.is_valid():
        return page(request, room, {"form": form})
    try:
        guest_pass, secret = create_guest_pass(room, actor=actor_of(request), creator=request.user, **form.cleaned_data)
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return page(request, room, {"form": form})
    link = absolute(request, reverse("guest-join", args=[secret]))
    return page(request, room, {"form": GuestPassForm(), "made": guest_pass, "link": link})


def page(request: MemberRequest, room: Room, context: dict[str, object]) -> HttpResponse:
    passes = GuestPass.objects.for_tenant(request.tenant).filter(room=room).select_related("created_by")
    passes = passes.order_by("-created_at")[:200]
    shown = {"room": room, "passes": passes, "now": timezone.now(), "rules": room_rules(room)}
    return render(request, "conferences/guest_passes.html", shown | context)


@require_POST
@member_page
def revoke(request: MemberRequest, tenant_slug: str, room_id: str, pass_id: str) -> HttpResponse:
    guest_pass = pass_of(request, room_id, pass_id)
    revoke_guest_pass(guest_pass, actor=actor_of(request))
    messages.success(request, _("The link for %(name)s no longer works.") % {"name": guest_pass.name})
    return redirect("guest-passes", tenant_slug, room_id)


@require_POST
@member_page
def take_over(request: MemberRequest, tenant_slug: str, room_id: str, pass_id: str) -> HttpResponse:
    """An administrator stands for a pass whose maker is disabled."""
    guest_pass = pass_of(request, room_id, pass_id)
    if not request.user.is_admin:
        raise Http404
    take_over_guest_pass(guest_pass, actor=actor_of(request), user=request.user)
    messages.success(request, _("The link for %(name)s works again, in your name.") % {"name": guest_pass.name})
    return redirect("guest-passes", tenant_slug, room_id)


def pass_of(request: MemberRequest, room_id: str, pass_id: str) -> GuestPass:
    """The pass of a room that the user may edit, else Http404."""
    room = editable_room(request, room_id)
    return get_object_or_404(GuestPass.objects.for_tenant(request.tenant), room=room, public_id=pass_id)
