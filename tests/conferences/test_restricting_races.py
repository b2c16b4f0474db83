"""Rules that change, and organisations that are suspended, while people come in: nobody slips through."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Group, Restriction
from accounts.services.restriction_changes import create_rule, delete_rule
from accounts.services.tenants import resume_tenant, suspend_tenant
from accounts.services.users import disable_user, edit_user, enable_user
from audit.events import SYSTEM
from audit.models import Attendance
from conferences.errors import MeetingError
from conferences.models import MeetingCommand, Participant
from conferences.services.revocation import carry_out_revocation
from tests.conferences.visits import join
from tests.database import operating
from tests.factories import make_guest_pass, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*actions) -> None:
    barrier = Barrier(len(actions))

    @operating
    def run(action) -> None:
        barrier.wait()
        try:
            action()
        except MeetingError:
            return
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        list(pool.map(run, actions))


def left_inside() -> list[str]:
    """Who is still in after all that was ordered has been done."""
    for command in MeetingCommand.objects.filter(kind="revoke", done_at=None):
        carry_out_revocation(command)
        MeetingCommand.objects.filter(pk=command.pk).update(done_at=timezone.now())
    return list(Participant.objects.filter(left_at=None).values_list("name", flat=True))


def test_rule_that_comes_while_people_join_leaves_nobody_inside(tenant, room):
    users = [make_user(tenant) for _ in range(4)]
    for _ in range(4):
        made: list[Restriction] = []

        def tighten(made=made) -> None:
            made.append(create_rule(tenant, actor=SYSTEM, name="No", scope="meeting", effect="deny", everybody=True))

        at_once(tighten, *(lambda user=user: join(room, user) for user in users))
        assert left_inside() == []
        delete_rule(made[0], actor=SYSTEM)


def test_group_that_comes_while_its_member_joins_leaves_nobody_inside(tenant, room, member):
    sales = Group.objects.create(tenant=tenant, name="Sales")
    create_rule(tenant, actor=SYSTEM, name="No", scope="meeting", effect="deny", groups=[sales])
    for _ in range(4):
        at_once(lambda: edit_user(member, actor=SYSTEM, groups=[sales]), lambda: join(room, member))
        assert left_inside() == []
        edit_user(member, actor=SYSTEM, groups=[])


def test_suspension_while_people_join_leaves_nobody_inside(tenant, room, host, guest_pass):
    for _ in range(4):
        at_once(lambda: suspend_tenant(tenant, actor=SYSTEM), lambda: join(room, host), lambda: join(room, guest_pass))
        assert left_inside() == []
        assert not Attendance.objects.filter(left_at=None).exists()
        resume_tenant(tenant, actor=SYSTEM)


def test_disabled_inviter_while_the_guest_joins_leaves_nobody_inside(room, member, admin):
    guest_pass = make_guest_pass(room, created_by=member)
    for _ in range(4):
        at_once(lambda: disable_user(member, actor=SYSTEM), lambda: join(room, guest_pass))
        assert left_inside() == []
        enable_user(member, actor=SYSTEM)
