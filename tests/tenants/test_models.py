"""What every tenant-owned model's manager can do."""

import pytest

from conferences.models import Room
from tests.factories import make_room


def test_one_is_the_only_row_or_none(tenant, other_tenant):
    rooms = Room.objects.for_tenant(tenant)
    assert rooms.one() is None
    room = make_room(tenant)
    make_room(other_tenant)
    assert rooms.all().one() == room
    make_room(tenant, name="Another")
    with pytest.raises(Room.MultipleObjectsReturned):
        rooms.all().one()
