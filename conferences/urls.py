"""Pages of conferences. Paths are stable (docs/architecture.md §5)."""

from django.urls import path

from conferences.views import catalogue, entrance, guest_passes, guests, network_test, rooms

ROOM = "t/<slug:tenant_slug>/rooms/<slug:room_id>/"

urlpatterns = [
    path("jsi18n/", catalogue.script_catalogue, name="jsi18n"),
    path("t/<slug:tenant_slug>/network-test/", network_test.for_members, name="network-test"),
    path("t/<slug:tenant_slug>/rooms/", rooms.room_list, name="rooms"),
    path("t/<slug:tenant_slug>/rooms/new/", rooms.create, name="room-create"),
    path(ROOM, entrance.join, name="join"),
    path(ROOM + "edit/", rooms.edit, name="room-edit"),
    path(ROOM + "close/", rooms.close, name="room-close"),
    path(ROOM + "guests/", guest_passes.guest_passes, name="guest-passes"),
    path(ROOM + "guests/<slug:pass_id>/revoke/", guest_passes.revoke, name="guest-pass-revoke"),
    path(ROOM + "guests/<slug:pass_id>/take-over/", guest_passes.take_over, name="guest-pass-take-over"),
    path(ROOM + "meeting/", entrance.meeting, name="meeting"),
    path("g/left/", guests.left, name="guest-left"),
    path("g/meeting/<slug:room_id>/", guests.meeting, name="guest-meeting"),
    path("g/<slug:guest_pass>/", guests.join, name="guest-join"),
    path("g/<slug:guest_pass>/network-test/", network_test.for_guests, name="guest-network-test"),
]
