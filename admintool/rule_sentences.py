"""Restrictions in plain language: one sentence for each rule, conditions as a list behind it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import time

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Restriction
from conferences.models import Room
from tenants.models import Tenant

MOST_NAMES = 5  # users, groups or rooms in one sentence
SHORTEST_RUN = 3  # days that are written as "Mon–Wed"

ALWAYS: Mapping[tuple[str, str], Promise] = {
    ("login", "allow"): gettext_lazy("%(who)s may sign in."),
    ("login", "deny"): gettext_lazy("%(who)s may not sign in."),
    ("meeting", "allow"): gettext_lazy("%(who)s may join meetings."),
    ("meeting", "deny"): gettext_lazy("%(who)s may not join meetings."),
    ("host", "allow"): gettext_lazy("%(who)s may host meetings."),
    ("host", "deny"): gettext_lazy("%(who)s may not host meetings."),
    ("guests", "allow"): gettext_lazy("%(who)s may invite guests."),
    ("guests", "deny"): gettext_lazy("%(who)s may not invite guests."),
}
SOMETIMES: Mapping[tuple[str, str], Promise] = {
    ("login", "allow"): gettext_lazy("%(who)s may sign in: %(when)s."),
    ("login", "deny"): gettext_lazy("%(who)s may not sign in: %(when)s."),
    ("meeting", "allow"): gettext_lazy("%(who)s may join meetings: %(when)s."),
    ("meeting", "deny"): gettext_lazy("%(who)s may not join meetings: %(when)s."),
    ("host", "allow"): gettext_lazy("%(who)s may host meetings: %(when)s."),
    ("host", "deny"): gettext_lazy("%(who)s may not host meetings: %(when)s."),
    ("guests", "allow"): gettext_lazy("%(who)s may invite guests: %(when)s."),
    ("guests", "deny"): gettext_lazy("%(who)s may not invite guests: %(when)s."),
}


def rules_in_words(tenant: Tenant) -> list[tuple[Restriction, str]]:
    """The tenant's rules in their order, each with its sentence."""
    rules = Restriction.objects.for_tenant(tenant).prefetch_related("users", "groups")
    names = dict(Room.objects.for_tenant(tenant).filter(closed_at=None).values_list("public_id", "name"))
    return [(rule, rule_sentence(rule, room_names=names)) for rule in rules]


def rule_sentence(rule: Restriction, *, room_names: Mapping[str, str]) -> str:
    """`rule` with its users and groups prefetched; `room_names` by public id."""
    key, when = (rule.scope, rule.effect), ", ".join(_conditions(rule, room_names))
    if not when:
        return str(ALWAYS[key]) % {"who": _who(rule)}
    return str(SOMETIMES[key]) % {"who": _who(rule), "when": when}


def days_text(weekdays: Sequence[int]) -> str:
    """`Mon–Fri`, `Sat, Sun`; weekdays are sorted, 0 = Monday."""
    runs: list[list[int]] = []
    for day in weekdays:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(_run_text(run) for run in runs)


def hours_text(start: time | None, end: time | None) -> str:
    words = {"start": f"{start or time.min:%H:%M}", "end": f"{end or time.min:%H:%M}"}
    if end is None or end == time.min:
        return _("from %(start)s") % words
    if start is None or start == time.min:
        return _("until %(end)s") % words
    if start > end:
        return _("%(start)s–%(end)s of the next day") % words
    return _("%(start)s–%(end)s") % words


def _who(rule: Restriction) -> str:
    if rule.everybody:
        return _("Everybody")
    found = []
    groups = [group.name for group in rule.groups.all()]
    if groups:
        found.append(_("Members of %(groups)s") % {"groups": _listed(sorted(groups))})
    users = [user.name for user in rule.users.all()]
    if users:
        found.append(_listed(sorted(users)))
    return ", ".join(found) or _("Nobody")


def _conditions(rule: Restriction, room_names: Mapping[str, str]) -> Iterable[str]:
    if rule.networks:
        yield _("from %(networks)s") % {"networks": ", ".join(rule.networks)}
    if rule.weekdays:
        yield days_text(rule.weekdays)
    if rule.from_time is not None or rule.to_time is not None:
        yield hours_text(rule.from_time, rule.to_time)
    if rule.rooms:
        names = sorted(room_names.get(room, _("a closed room")) for room in rule.rooms)
        yield _("in %(rooms)s") % {"rooms": _listed(names)}


def _listed(names: Sequence[str]) -> str:
    shown, more = names[:MOST_NAMES], len(names) - MOST_NAMES
    if more <= 0:
        return ", ".join(shown)
    rest = ngettext("and %(count)s more", "and %(count)s more", more) % {"count": more}
    return f"{', '.join(shown)} {rest}"


def _run_text(run: Sequence[int]) -> str:
    days = [str(WEEKDAYS_ABBR[day]) for day in run]
    return f"{days[0]}–{days[-1]}" if len(days) >= SHORTEST_RUN else ", ".join(days)
