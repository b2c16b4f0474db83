"""Who gets into a room: room passwords, guest passes."""

from tests.e2e.product import ROOM_PASSWORD


def test_wrong_room_password_is_refused_and_the_right_one_admits(person, organisation):
    member = person("red")
    member.login(organisation, "host")
    member.open_join_page(organisation.rooms["locked"])
    member.page.fill("[name=room_password]", "not this one")
    member.see("join-button").click()
    member.page.locator("main [aria-invalid=true]").first.wait_for()
    assert "/meeting/" not in member.page.url

    member.join(organisation.rooms["locked"], ROOM_PASSWORD)


def test_guest_joins_by_pass_and_a_revoked_pass_admits_nobody(person, organisation):
    admin, guest = person("red"), person("blue")
    room = organisation.rooms["open"]
    admin.login(organisation, "admin")
    admin.join(room)
    link = admin.make_guest_link(room, "Goto Guest")

    guest.join_as_guest(link, "Goto Guest")
    guest.wait_for_colours("red", "blue")
    admin.wait_for_colours("red", "blue")
    guest.see("leave-button").click()

    admin.revoke_guest_link(room, "Goto Guest")
    refused = guest.page.goto(link)
    assert refused is not None
    assert refused.status == 404
    assert guest.see("join-button").count() == 0


def test_guest_is_asked_for_the_room_password_too(person, organisation):
    admin, guest = person("red"), person("blue")
    room = organisation.rooms["locked"]
    admin.login(organisation, "admin")
    admin.join(room, ROOM_PASSWORD)
    link = admin.make_guest_link(room, "Locked Out")

    guest.ask_in_as_guest(link, "Locked Out", "not this one")
    guest.page.locator("main [aria-invalid=true]").first.wait_for()

    guest.join_as_guest(link, "Locked Out", ROOM_PASSWORD)
