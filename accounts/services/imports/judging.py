"""What each line of a file would do, and what is wrong with it. Reads the tenant's users, changes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.errors import LastAdmin
from accounts.models import Group, Role, SecuritySettings, User, UserImportLine
from accounts.services.imports.columns import GROUP_SEPARATOR, WIDTHS, plain, roles_known, statuses_known
from accounts.services.imports.reading import SourceLine
from accounts.services.passwords import check_new_password
from accounts.services.security import settings_of
from tenants.models import Tenant

Outcome = UserImportLine.Outcome
Values = dict[str, Any]
Problems = list[dict[str, str]]

AT_ONCE = 500  # user IDs in one query
FOUR_EYES = gettext_lazy("Four eyes: administrators are made, ended and disabled on their own pages.")
LASTING = ("name", "email", "role")  # fields of a user that are set as they are


@dataclass(frozen=True)
class Present:
    """The tenant's users and groups as they are now: by lower-case user ID, by plain name."""

    users: dict[str, User]
    groups: dict[str, Group]
    names: dict[int, list[str]] = field(default_factory=dict)  # user pk → names of groups, sorted

    def user(self, login_id: str) -> User | None:
        return self.users.get(login_id.lower())


def present(tenant: Tenant, login_ids: Iterable[str]) -> Present:
    """Those of these user IDs that there are."""
    wanted = sorted({login_id.lower() for login_id in login_ids})
    rows = User.objects.for_tenant(tenant).select_related("tenant").alias(lower=Lower("login_id"))
    users: dict[str, User] = {}
    for start in range(0, len(wanted), AT_ONCE):
        found = rows.filter(lower__in=wanted[start : start + AT_ONCE])
        users |= {user.login_id.lower(): user for user in found}
    groups = {plain(group.name): group for group in Group.objects.for_tenant(tenant)}
    return Present(users, groups, _group_names(tenant, users.values()))


def _group_names(tenant: Tenant, users: Iterable[User]) -> dict[int, list[str]]:
    names = dict(Group.objects.for_tenant(tenant).values_list("pk", "name"))
    found: dict[int, list[str]] = {user.pk: [] for user in users}
    for user_pk, group_pk in User.groups.through.objects.filter(group__in=names).values_list("user_id", "group_id"):
        if user_pk in found:
            found[user_pk].append(names[group_pk])
    return {pk: sorted(of_user) for pk, of_user in found.items()}


def judge(tenant: Tenant, lines: list[SourceLine]) -> list[UserImportLine]:
    """An unsaved line for each of the file's: its plan, changes and problems. Passwords stay with the caller."""
    now = present(tenant, (line.cells.get("login_id", "") for line in lines))
    bench = _Bench(tenant, now, settings_of(tenant))
    judged = [bench.judge(line) for line in lines]
    _keep_an_admin(tenant, judged)
    return judged


def differences(user: User, values: Values, now: Present) -> dict[str, list[Any]]:
    """What the line would change of a user that there is: {field: [from, to]}."""
    before: Values = {name: getattr(user, name) for name in LASTING}
    before |= {"groups": now.names.get(user.pk, []), "is_active": user.is_active}
    wanted = {**values, "groups": group_names(values["groups"], now)} if "groups" in values else values
    return {name: [was, wanted[name]] for name, was in before.items() if name in wanted and was != wanted[name]}


def touches_an_admin(user: User | None, values: Values) -> bool:
    """Whether somebody becomes, ends to be or is switched as an administrator, or gets another mail address as one."""
    was_admin = user is not None and user.is_admin
    is_admin = values.get("role", Role.ADMIN if was_admin else Role.MEMBER) == Role.ADMIN
    switched = user is not None and was_admin and values.get("is_active", user.is_active) != user.is_active
    moved = user is not None and was_admin and values.get("email", user.email) != user.email
    return was_admin != is_admin or switched or moved


def group_names(words: list[str], now: Present) -> list[str]:
    """The groups' names as the tenant writes them, sorted. KeyError for an unknown one."""
    return sorted({now.groups[plain(word)].name for word in words})


class _Bench:
    """Judges one line after the other; remembers which user IDs were there already."""

    def __init__(self, tenant: Tenant, now: Present, demands: SecuritySettings) -> None:
        self.tenant, self.now, self.demands = tenant, now, demands
        self.seen: dict[str, int] = {}  # lower-case user ID → line

    def judge(self, line: SourceLine) -> UserImportLine:
        if line.problem:
            return _bad(line, {}, [_problem("", line.problem)])
        values, problems = _values(line.cells)
        if problems:
            return _bad(line, values, problems)
        user = self.now.user(values["login_id"])
        problems += self._twice(values, line.number) + self._unknown_groups(values)
        problems += self._missing(values, user) + self._dangerous(values, user)
        if not problems and user is None and line.cells.get("password"):
            problems += self._weak(values, line.cells["password"])
        if problems:
            return _bad(line, values, problems)
        changes = {} if user is None else differences(user, values, self.now)
        plan = Outcome.CREATED if user is None else Outcome.CHANGED if changes else Outcome.UNCHANGED
        return UserImportLine(
            number=line.number, values=values, plan=plan, changes=changes, user_id=user.public_id if user else ""
        )

    def _twice(self, values: Values, number: int) -> Problems:
        first = self.seen.setdefault(values["login_id"].lower(), number)
        if first == number:
            return []
        return [_problem("login_id", _("Line %(number)s has the same user ID.") % {"number": first})]

    def _unknown_groups(self, values: Values) -> Problems:
        unknown = [name for name in values.get("groups", []) if plain(name) not in self.now.groups]
        text = _("There is no group “%(name)s”. Make it first.")
        return [_problem("groups", text % {"name": name}) for name in unknown]

    def _missing(self, values: Values, user: User | None) -> Problems:
        if user is None and not values.get("name"):
            return [_problem("name", _("A new user needs a name."))]
        return []

    def _dangerous(self, values: Values, user: User | None) -> Problems:
        if self.demands.four_eyes and touches_an_admin(user, values):
            return [_problem("role", str(FOUR_EYES))]
        return []

    def _weak(self, values: Values, password: str) -> Problems:
        draft = User(tenant=self.tenant, login_id=values["login_id"], name=values["name"])
        draft.email = values.get("email", "")
        try:
            check_new_password(password, user=draft, demands=self.demands)
        except ValidationError as error:
            return [_problem("password", text) for text in error.messages]
        return []


def _values(cells: Mapping[str, str]) -> tuple[Values, Problems]:
    """The cells as a user's fields. A cell left empty: name, role and status stay as they are; mail and groups go."""
    problems = [
        _problem(name, _("At most %(width)s characters.") % {"width": WIDTHS[name]})
        for name, cell in cells.items()
        if len(cell) > WIDTHS[name]
    ]
    if problems:
        return {}, problems
    values: Values = {}
    for name in ("login_id", "name", "email"):
        if name in cells and (cells[name] or name != "name"):
            values[name] = cells[name]
            problems += _wrong(name, cells[name])
    if "groups" in cells:
        values["groups"] = [word.strip() for word in cells["groups"].split(GROUP_SEPARATOR) if word.strip()]
    problems += _word(values, "role", cells.get("role", ""), roles_known())
    problems += _word(values, "is_active", cells.get("status", ""), statuses_known())
    return values, problems


def _word(values: Values, name: str, cell: str, known: Mapping[str, Any]) -> Problems:
    if not cell:
        return []
    if plain(cell) not in known:
        return [_problem(name, _("“%(word)s” is not known here.") % {"word": cell})]
    values[name] = known[plain(cell)]
    return []


def _wrong(name: str, value: str) -> Problems:
    try:
        User._meta.get_field(name).clean(value, None)  # type: ignore[union-attr]
    except ValidationError as error:
        return [_problem(name, text) for text in error.messages]
    return []


def _keep_an_admin(tenant: Tenant, judged: list[UserImportLine]) -> None:
    """If the file as a whole would leave no active administrator, the lines that take one away are bad."""
    admins = User.objects.for_tenant(tenant).filter(role=Role.ADMIN, is_active=True)
    left = set(admins.values_list("username", flat=True))
    taking = [line for line in judged if line.user_id in left and takes_an_admin(line.changes)]
    giving = any(_is_admin_after(line) for line in judged if line.user_id not in left)
    if taking and not giving and len(taking) >= len(left):
        for line in taking:
            line.problems = [_problem("role", " ".join(LastAdmin().messages))]
            line.plan, line.outcome = "", Outcome.BAD


def takes_an_admin(changes: Mapping[str, list[Any]]) -> bool:
    return changes.get("is_active", [None, True])[1] is False or changes.get("role", [None, ""])[1] == Role.MEMBER


def _is_admin_after(line: UserImportLine) -> bool:
    """As far as the line says; who was one and is changed otherwise counts with those left."""
    return line.outcome != Outcome.BAD and line.values.get("role") == Role.ADMIN and line.values.get("is_active", True)


def _bad(line: SourceLine, values: Values, problems: Problems) -> UserImportLine:
    shown = values or {name: cell[:100] for name, cell in line.cells.items() if name in ("login_id", "name")}
    return UserImportLine(number=line.number, values=shown, problems=problems, outcome=Outcome.BAD)


def _problem(name: str, text: str) -> dict[str, str]:
    return {"field": name, "text": text}
