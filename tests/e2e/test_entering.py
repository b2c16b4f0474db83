"""Who gets into a room: room passwords, guest passes."""

from tests.e2e.product import ROOM_PASSWORD


def test_wrong_room_password_is_refused_and_the_right_one_admits(person, organisation):
    member = person("red")
    member.login(organisation, "host")
    member.open_join_page(organisation.rooms["locked"])
    member.page.fill("[name=room_password]", "not this one")
    member.see("join-button").click()
    member.page.locator("main [role=alert], main .field-error").first.wait_for()
    assert "/meeting/" not in member.page.url

    member.join(organisation.rooms["locked"], ROOM_PASSWORD)
