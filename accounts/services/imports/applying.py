"""Doing what lines say, in few queries for many of them: all of it in the caller's transaction, or nothing."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import lock_access
from accounts.models import Role, User, UserImportLine
from accounts.services.imports.columns import plain
from accounts.services.imports.judging import Present, differences, present, takes_an_admin
from accounts.services.restriction_changes import apply_rules
from accounts.services.users import disable_user, edit_user, enable_user
from audit.events import Actor, draft_event, record_events
from audit.models import AuditEvent
from tenants.models import Tenant

Outcome = UserImportLine.Outcome
AT_ONCE = 200  # rows in one statement


class LineRefused(ValidationError):
    """`line` cannot be done; the text says why."""

    def __init__(self, line: UserImportLine, text: str) -> None:
        self.line = line
        super().__init__(text, code="line_refused")


def apply_lines(tenant: Tenant, lines: Sequence[UserImportLine], *, actor: Actor) -> list[UserImportLine]:
    """Do all of `lines`, whose passwords are hashed, and set each one's `outcome` and `changes`; the caller saves them.

    Returns the lines whose changes are others than the preview promised, because somebody edited the user since.
    Raises LineRefused, and NoWayIn for groups whose rules would shut the administrators out.
    """
    lock_access(tenant)
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    now = present(tenant, (line.values["login_id"] for line in lines))
    for line in lines:
        _refuse_stale(line, now)
    events = _create([line for line in lines if line.plan == Outcome.CREATED], tenant, now, actor)
    editing = [line for line in lines if line.plan != Outcome.CREATED]
    otherwise = [line for line in editing if _look_again(line, now)]
    events += _edit(editing, tenant, now, actor)
    record_events(events)
    _switch(lines, now, actor)
    if any("groups" in line.changes or line.values.get("groups") for line in lines):
        apply_rules(tenant, actor=actor)
    return otherwise


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


def _create(lines: list[UserImportLine], tenant: Tenant, now: Present, actor: Actor) -> list[AuditEvent]:
    users = User.objects.bulk_create([_new_user(line, tenant) for line in lines], batch_size=AT_ONCE)
    _add_to_groups([(user, line.values.get("groups", [])) for user, line in zip(users, lines, strict=True)], now)
    for line in lines:
        line.outcome = Outcome.CREATED
    return [
        _event(user, "user_created", actor, login_id=user.login_id, role=user.role, is_active=user.is_active)
        for user in users
    ]


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


def _edit(lines: list[UserImportLine], tenant: Tenant, now: Present, actor: Actor) -> list[AuditEvent]:
    """Names, mail addresses and groups; roles and states have consequences of their own (`_switch`)."""
    events, edited, regrouped = [], [], []
    for line in lines:
        user = now.users[line.values["login_id"].lower()]
        simple = {name: pair for name, pair in line.changes.items() if name in ("name", "email", "groups")}
        if simple:
            changed = {name: {"from": was, "to": to} for name, (was, to) in simple.items()}
            events.append(_event(user, "user_edited", actor, changed=changed))
            edited.append(_with_fields(user, simple))
        if "groups" in simple:
            regrouped.append((user, simple["groups"][1]))
    User.objects.bulk_update(edited, ["name", "email"], batch_size=AT_ONCE)
    _leave_groups(tenant, [user.pk for user, _names in regrouped])
    _add_to_groups(regrouped, now)
    return events


def _with_fields(user: User, simple: dict[str, list[Any]]) -> User:
    for name in ("name", "email"):
        if name in simple:
            setattr(user, name, simple[name][1])
    return user


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


def _event(user: User, action: str, actor: Actor, **details: Any) -> AuditEvent:
    return draft_event(
        user.tenant,
        action,
        actor=actor,
        target_type="user",
        target_id=user.public_id,
        target_name=user.name,
        details=details,
    )
