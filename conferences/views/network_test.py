"""The page that tests a network before a meeting, for whoever may see a join page."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control

from accounts.access import MemberRequest, member_page
from conferences.network_test.testers import ticket_of
from conferences.services import guests


@cache_control(no_store=True)
@member_page
def for_members(request: MemberRequest, tenant_slug: str) -> HttpResponse:
    return show(request, identity="user", ticket=None, back=reverse("rooms", args=[tenant_slug]))


@cache_control(no_store=True)
def for_guests(request: HttpRequest, guest_pass: str) -> HttpResponse:
    """The pass is only looked at."""
    found = guests.find_guest_pass(guest_pass)
    if found is None:
        raise Http404
    return show(request, identity="guest", ticket=ticket_of(found), back=reverse("guest-join", args=[guest_pass]))


def show(request: HttpRequest, *, identity: str, ticket: str | None, back: str) -> HttpResponse:
    data = {"websocket": f"/ws/network-test/?as={identity}", "ticket": ticket, "has_relays": bool(settings.TURN_URLS)}
    return render(request, "conferences/network_test.html", {"test_data": data, "back": back})
