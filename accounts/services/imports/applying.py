"""Doing what lines say, in few queries for many of them: all of it in the caller's transaction, or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import lock_access
from accounts.models import Role, User, UserImportLine
from accounts.services.approvals import needs_approval
from accounts.services.imports.columns import plain
from accounts.services.imports.judging import (
    FOUR_EYES,
    Present,
    differences,
    present,
    takes_an_admin,
    touches_an_admin,
)
from accounts.services.restriction_changes import apply_rules
from accounts.services.users import disable_user, edit_user, enable_user
from audit.events import Actor, draft_event, record_events
from audit.models import AuditEvent
from tenants.models import Tenant

Outcome = UserImportLine.Outcome
AT_ONCE = 200  # rows in one statement
SIMPLE = ("name", "email", "groups")  # what has no consequences for logins and meetings


class LineRefused(ValidationError):
    """`line` cannot be done; the text says why."""

    def __init__(self, line: UserImportLine, text: str) -> None:
        self.line = line
        super().__init__(text, code="line_refused")


@dataclass(frozen=True)
class Draft:
    """What a line adds, made before the transaction, so that nobody waits for it: a new user, and the event."""

    user: User | None
    event: AuditEvent | None


def draft_lines(tenant: Tenant, lines: Sequence[UserImportLine], *, actor: Actor) -> dict[int, Draft]:
    """By line's pk, what `apply_lines` writes of each if nothing changes until then. Reads and writes nothing."""
    return {line.pk: _draft(tenant, line, actor) for line in lines}


def apply_lines(
    tenant: Tenant, lines: Sequence[UserImportLine], *, drafts: Mapping[int, Draft], actor: Actor
) -> list[UserImportLine]:
    """Do all of `lines`, whose passwords are hashed, and set each one's `outcome` and `changes`; the caller saves them.

    Returns the lines whose changes are others than the preview promised, because somebody edited the user since.
    Raises LineRefused, and NoWayIn for groups whose rules would shut the administrators out.
    """
    lock_access(tenant)
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    now = present(tenant, (line.values["login_id"] for line in lines))
    for line in lines:
        _refuse_stale(line, now)
    _refuse_two_eyes(tenant, lines, now)
    editing = [line for line in lines if line.plan != Outcome.CREATED]
    otherwise = [line for line in editing if _look_again(line, now)]
    fresh = {**drafts, **draft_lines(tenant, otherwise, actor=actor)}
    _create([line for line in lines if line.plan == Outcome.CREATED], fresh, now)
    _edit(editing, tenant, now)
    record_events([draft.event for draft in (fresh[line.pk] for line in lines) if draft.event is not None])
    _switch(lines, now, actor)
    if any("groups" in line.changes or line.values.get("groups") for line in lines):
        apply_rules(tenant, actor=actor)
    return otherwise


def _draft(tenant: Tenant, line: UserImportLine, actor: Actor) -> Draft:
    if line.plan == Outcome.CREATED:
        user = _new_user(line, tenant)
        facts = {"login_id": user.login_id, "role": user.role, "is_active": user.is_active}
        return Draft(user, _event(tenant, "user_created", actor, user.public_id, user.name, facts))
    simple = {name: line.changes[name] for name in SIMPLE if name in line.changes}
    if not simple:
        return Draft(None, None)
    changed = {name: {"from": was, "to": to} for name, (was, to) in simple.items()}
    name = simple["name"][1] if "name" in simple else line.values.get("name", line.values["login_id"])
    return Draft(None, _event(tenant, "user_edited", actor, line.user_id, name, {"changed": changed}))


def _look_again(line: UserImportLine, now: Present) -> bool:
    """Set what the line changes of the user as they are now; whether that is something else than before."""
    promised = line.changes
    line.changes = differences(now.users[line.values["login_id"].lower()], line.values, now)
    line.outcome = Outcome.CHANGED if line.changes else Outcome.UNCHANGED
    return bool(line.changes != promised)


def _refuse_stale(line: UserImportLine, now: Present) -> None:
    """What the preview promised must still be what happens."""
    user = now.user(line.values["login_id"])
    if line.plan == Outcome.CREATED and user is not None:
        raise LineRefused(line, _("Since the preview somebody else was given this user ID."))
    if line.plan != Outcome.CREATED and (user is None or user.public_id != line.user_id):
        raise LineRefused(line, _("Since the preview this user's ID was changed."))
    if any(plain(name) not in now.groups for name in line.values.get("groups", [])):
        raise LineRefused(line, _("Since the preview one of the groups was renamed or deleted."))


def _refuse_two_eyes(tenant: Tenant, lines: Sequence[UserImportLine], now: Present) -> None:
    """Four eyes may be wanted since the preview."""
    if needs_approval(tenant):
        for line in lines:
            if touches_an_admin(now.user(line.values["login_id"]), line.values):
                raise LineRefused(line, str(FOUR_EYES))


def _create(lines: list[UserImportLine], drafts: Mapping[int, Draft], now: Present) -> None:
    users = [user for user in (drafts[line.pk].user for line in lines) if user is not None]
    User.objects.bulk_create(users, batch_size=AT_ONCE)
    _add_to_groups([(user, line.values.get("groups", [])) for user, line in zip(users, lines, strict=True)], now)
    for line in lines:
        line.outcome = Outcome.CREATED


def _new_user(line: UserImportLine, tenant: Tenant) -> User:
    """Who was given a password chooses another one at the first login: somebody else knows it."""
    fields = {
        name: line.values[name] for name in ("login_id", "name", "email", "role", "is_active") if name in line.values
    }
    user = User(tenant=tenant, **fields)
    if line.password:
        user.password, user.password_changed_at, user.must_change_password = line.password, timezone.now(), True
    else:
        user.set_unusable_password()
    return user


def _edit(lines: list[UserImportLine], tenant: Tenant, now: Present) -> None:
    """Names, mail addresses and groups; roles and states have consequences of their own (`_switch`)."""
    edited, regrouped = [], []
    for line in lines:
        user = now.users[line.values["login_id"].lower()]
        if {"name", "email"} & line.changes.keys():
            user.name, user.email = (
                line.changes.get(name, [None, getattr(user, name)])[1] for name in ("name", "email")
            )
            edited.append(user)
        if "groups" in line.changes:
            regrouped.append((user, line.changes["groups"][1]))
    # An upsert of rows that are there: one short statement, where bulk_update writes a CASE of every row.
    User.objects.bulk_create(
        edited, batch_size=AT_ONCE, update_conflicts=True, update_fields=["name", "email"], unique_fields=["id"]
    )
    _leave_groups(tenant, [user.pk for user, _names in regrouped])
    _add_to_groups(regrouped, now)


def _leave_groups(tenant: Tenant, user_pks: list[int]) -> None:
    memberships = User.groups.through.objects.filter(group__tenant=tenant)
    for start in range(0, len(user_pks), AT_ONCE):
        memberships.filter(user__in=user_pks[start : start + AT_ONCE]).delete()


def _add_to_groups(wanted: list[tuple[User, list[str]]], now: Present) -> None:
    through = User.groups.through
    groups = [(user, {now.groups[plain(name)].pk for name in names}) for user, names in wanted]
    rows = [through(user_id=user.pk, group_id=pk) for user, pks in groups for pk in sorted(pks)]
    through.objects.bulk_create(rows, batch_size=AT_ONCE)


def _switch(lines: Sequence[UserImportLine], now: Present, actor: Actor) -> None:
    """Roles and states, one by one: they end logins and meetings. Who gains comes before who loses (LastAdmin)."""
    changed = [line for line in lines if line.plan != Outcome.CREATED and {"role", "is_active"} & line.changes.keys()]
    for line in sorted(changed, key=lambda line: takes_an_admin(line.changes)):
        user = now.users[line.values["login_id"].lower()]
        try:
            _switch_one(user, line.changes, actor)
        except ValidationError as error:
            raise LineRefused(line, " ".join(error.messages)) from error


def _switch_one(user: User, changes: dict[str, list[Any]], actor: Actor) -> None:
    if changes.get("role", [None, ""])[1] == Role.ADMIN:
        edit_user(user, actor=actor, role=Role.ADMIN)
    if "is_active" in changes:
        (enable_user if changes["is_active"][1] else disable_user)(user, actor=actor)
    if changes.get("role", [None, ""])[1] == Role.MEMBER:
        edit_user(user, actor=actor, role=Role.MEMBER)


def _event(tenant: Tenant, action: str, actor: Actor, user_id: str, name: str, details: dict[str, Any]) -> AuditEvent:
    return draft_event(
        tenant, action, actor=actor, target_type="user", target_id=user_id, target_name=name, details=details
    )
