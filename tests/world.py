"""A tenant with one of everything that an address can name, for the permission test."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from accounts.logins import login_key
from accounts.models import Restriction, User
from conferences.models import Bar, Meeting, Participant, ParticipantRole, ParticipantState, Room
from tenants.models import Tenant
from tests.accounts.sign_in_rows import make_login, make_passkey, make_reset_token
from tests.admintool.people_rows import make_group, make_import
from tests.admintool.record_rows import make_certificate, make_disclosure, make_hold
from tests.admintool.rule_rows import make_approval, make_class
from tests.factories import ADMINTOOL_KEY, make_admin, make_guest_pass, make_room, make_tenant, make_user
from tests.idp.signing_on import make_linked_provider


@dataclass
class World:
    """A tenant with one of everything that an address can name."""

    tenant: Tenant
    member: User
    host: User
    admin: User
    room: Room
    ids: dict[str, str]


def make_world(slug: str, secret: str) -> World:
    tenant = make_tenant(slug)
    member, host, admin = make_user(tenant, "member"), make_user(tenant, "host"), make_admin(tenant, "admin")
    room = make_room(tenant, hosts=(host,))
    guest_pass = make_guest_pass(room, secret=secret)
    now = timezone.now()
    meeting = Meeting.objects.create(tenant=tenant, room=room, started_at=now)
    here = {"state": ParticipantState.JOINED, "role": ParticipantRole.MEMBER, "joined_at": now, "last_seen_at": now}
    participant = Participant.objects.create(tenant=tenant, meeting=meeting, user=member, name="M", **here)
    until = now + timedelta(hours=12)
    bar = Bar.objects.create(
        tenant=tenant, room=room, meeting=meeting, user=host, name="H", created_at=now, until=until
    )
    ids = {
        "tenant_slug": slug,
        "admintool_key": ADMINTOOL_KEY + slug,
        "guest_pass": secret,
        "room_id": room.public_id,
        "class_id": make_class(tenant).public_id,
        "group_id": make_group(tenant).public_id,
        "import_id": make_import(admin).public_id,
        "approval_id": make_approval(admin).public_id,
        "hold_id": make_hold(tenant).public_id,
        "disclosure_id": make_disclosure(admin).public_id,
        "certificate_id": make_certificate(tenant).public_id,
        "pass_id": guest_pass.public_id,
        "user_id": member.public_id,
        "participant_id": participant.public_id,
        "meeting_id": meeting.public_id,
        "bar_id": bar.public_id,
        "login_id": login_key(make_login(member).session_key),
        "factor_id": make_passkey(member),
        "provider_id": make_linked_provider(member).public_id,
        "app": "idp",
        "protocol": "oidc",
        "rule_id": Restriction.objects.create(
            tenant=tenant, position=1, name="Rule", scope="login", effect="deny"
        ).public_id,
        "reset_token": make_reset_token(make_user(tenant, "forgetful")),
    }
    return World(tenant, member, host, admin, room, ids)
