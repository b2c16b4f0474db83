"""What a host may do, and the edges of it."""

import pytest
from django.utils import timezone

from audit.events import SYSTEM
from audit.models import AuditEvent
from conferences.errors import MeetingFull, NotAllowed, UnknownBar, UnknownParticipant
from conferences.models import Participant
from conferences.services import hosting
from conferences.services.rooms import edit_room
from tests.conferences.visits import join
from tests.factories import make_room

pytestmark = pytest.mark.django_db


@pytest.fixture
def chair(room, host):
    return join(room, host)


@pytest.fixture
def waiting(room, chair, guest_pass):
    edit_room(room, actor=SYSTEM, lobby=True)
    guest = join(room, guest_pass)
    assert guest.state == "waiting"
    return guest


def test_admitting_twice_is_once(chair, waiting):
    for _ in range(2):
        hosting.admit(chair.public_id, participant_id=waiting.public_id, now=timezone.now())
    assert AuditEvent.objects.filter(action="guest_admitted").count() == 1


def test_full_meeting_admits_nobody(room, chair, waiting):
    edit_room(room, actor=SYSTEM, participant_limit=1)
    with pytest.raises(MeetingFull):
        hosting.admit(chair.public_id, participant_id=waiting.public_id, now=timezone.now())


def test_somebody_who_is_in_cannot_be_denied(room, chair, member):
    talker = join(room, member)
    with pytest.raises(UnknownParticipant):
        hosting.deny(chair.public_id, participant_id=talker.public_id, now=timezone.now())


def test_somebody_who_waits_cannot_be_muted(chair, waiting):
    with pytest.raises(UnknownParticipant):
        hosting.mute_participant(
            chair.public_id, participant_id=waiting.public_id, source="microphone", now=timezone.now()
        )


def test_muting_the_muted_is_not_recorded(room, chair, member):
    talker = join(room, member)
    for source in ("screen", "microphone", "microphone"):
        hosting.mute_participant(chair.public_id, participant_id=talker.public_id, source=source, now=timezone.now())
    assert AuditEvent.objects.filter(action="participant_muted").count() == 1
    assert Participant.objects.get(pk=talker.pk).muted["microphone"] is True


def test_unknown_bar_cannot_be_lifted(chair):
    with pytest.raises(UnknownBar):
        hosting.readmit_barred(chair.public_id, bar_id="no-such-bar")


def test_bar_of_another_room_cannot_be_lifted(tenant, chair, host, member):
    other = make_room(tenant, hosts=(host,))
    other_chair, victim = join(other, host), join(other, member)
    bar = hosting.remove(other_chair.public_id, participant_id=victim.public_id)
    with pytest.raises(UnknownBar):
        hosting.readmit_barred(chair.public_id, bar_id=bar.public_id)


@pytest.mark.parametrize("who", ["nobody", "somebody who left", "a member"])
def test_only_the_present_host_hosts(room, chair, member, who):
    talker = join(room, member)
    actor_id = {"nobody": "nobody", "a member": talker.public_id, "somebody who left": chair.public_id}[who]
    if who == "somebody who left":
        Participant.objects.filter(pk=chair.pk).update(state="left")
    with pytest.raises(NotAllowed):
        hosting.end_for_all(actor_id)
