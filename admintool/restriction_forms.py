"""Forms of the restrictions. They check shape; what a rule may say is checked by the services."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import Group, Restriction, User
from accounts.rules import parse_address
from conferences.models import Room
from tenants.models import Tenant

MOST_LINES = 500
LINES = {"rows": 3, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class RestrictionForm(forms.Form):
    """One rule. Groups and rooms are there only in a tenant that has some."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("For administrators: the log names the rule that refused.")
    )
    scope = forms.ChoiceField(label=_("Applies to"), choices=Restriction.Scope.choices)
    effect = forms.ChoiceField(label=_("Effect"), choices=Restriction.Effect.choices, widget=forms.RadioSelect)
    everybody = forms.BooleanField(label=_("Everybody"), required=False)
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"), queryset=Group.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    users = forms.CharField(
        label=_("Users"),
        required=False,
        widget=forms.Textarea(attrs=LINES),
        help_text=_("User IDs, one on each line."),
    )
    networks = forms.CharField(
        label=_("Networks"),
        required=False,
        widget=forms.Textarea(attrs=LINES),
        help_text=_("One on each line, such as 192.0.2.0/24 or 2001:db8::/32. Empty: from anywhere."),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Days of the week"),
        coerce=int,
        choices=list(WEEKDAYS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: on every day."),
    )
    from_time = forms.TimeField(
        label=_("From"), required=False, widget=CLOCK, help_text=_("Empty: from the beginning of the day.")
    )
    to_time = forms.TimeField(
        label=_("To"),
        required=False,
        widget=CLOCK,
        help_text=_("Empty: to the end of the day. Earlier than the beginning: over midnight."),
    )
    rooms = forms.MultipleChoiceField(
        label=_("Rooms"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: in every room. For signing in, rooms do not count."),
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant = tenant
        groups, rooms = self.fields["groups"], self.fields["rooms"]
        assert isinstance(groups, forms.ModelMultipleChoiceField)
        assert isinstance(rooms, forms.MultipleChoiceField)
        groups.queryset = Group.objects.for_tenant(tenant).order_by("name")
        rooms.choices = room_choices(tenant)
        if not groups.queryset.exists():
            del self.fields["groups"]
        if not rooms.choices:
            del self.fields["rooms"]

    def clean_users(self) -> list[User]:
        wanted = _lines(self.cleaned_data["users"])
        found = User.objects.for_tenant(self.tenant).alias(lower=Lower("login_id"))
        by_id = {user.login_id.lower(): user for user in found.filter(lower__in=[each.lower() for each in wanted])}
        unknown = [each for each in wanted if each.lower() not in by_id]
        if unknown:
            raise ValidationError(_now("Not known: %(users)s.") % {"users": ", ".join(unknown[:10])})
        return list(by_id.values())

    def clean_networks(self) -> list[str]:
        return _lines(self.cleaned_data["networks"])

    @property
    def rule(self) -> dict[str, Any]:
        """What `create_rule` and `edit_rule` take."""
        fields = {name: self.cleaned_data[name] for name in self.fields if name != "otherwise"}
        return {"groups": [], "rooms": [], **fields}


class NewRestrictionForm(RestrictionForm):
    otherwise = forms.BooleanField(
        label=_("Refuse these people in all other cases"),
        required=False,
        help_text=_("Adds a second rule right below. Without one, what this rule does not match is allowed anyway."),
    )

    @property
    def opposite(self) -> dict[str, Any] | None:
        """The second rule: the same people are refused, wherever and whenever the first does not match."""
        rule = self.rule
        if not self.cleaned_data["otherwise"] or rule["effect"] != Restriction.Effect.ALLOW:
            return None
        free: dict[str, Any] = {"networks": [], "weekdays": [], "from_time": None, "to_time": None}
        name = _now("%(name)s: otherwise not") % {"name": rule["name"][:80]}
        return {**rule, **free, "name": name, "effect": Restriction.Effect.DENY}


class WhoMayForm(forms.Form):
    """Somebody, somewhere, at some time, in some room: who may, and why?"""

    user = forms.CharField(label=_("User ID"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    ip = forms.CharField(label=_("IP address"), max_length=45, required=False)
    at = forms.DateTimeField(
        label=_("Time"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Empty: now."),
    )
    room = forms.ChoiceField(label=_("Room"), required=False)

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant = tenant
        room = self.fields["room"]
        assert isinstance(room, forms.ChoiceField)
        room.choices = [("", "–"), *room_choices(tenant)]

    def clean_user(self) -> User:
        user = User.objects.with_login_id(self.tenant, self.cleaned_data["user"].strip())
        if user is None:
            raise ValidationError(_("No user matches."))
        return user

    def clean_ip(self) -> str:
        text = str(self.cleaned_data["ip"]).strip()
        if text and parse_address(text) is None:
            raise ValidationError(_("This is not an IP address."))
        return text

    def clean_at(self) -> datetime:
        wanted: datetime | None = self.cleaned_data["at"]
        now = timezone.now()
        if wanted is not None and abs(wanted - now) > timedelta(days=3660):
            raise ValidationError(_("Choose a time within ten years."))
        return wanted or now


def initial_of(rule: Restriction) -> dict[str, Any]:
    """A rule as the form shows it."""
    plain = {name: getattr(rule, name) for name in ("name", "scope", "effect", "everybody", "weekdays", "rooms")}
    users = rule.users.order_by("login_id").values_list("login_id", flat=True)
    lines = {"networks": "\n".join(rule.networks), "users": "\n".join(users)}
    return {**plain, **lines, "groups": rule.groups.all(), "from_time": rule.from_time, "to_time": rule.to_time}


def room_choices(tenant: Tenant) -> list[tuple[str, str]]:
    rooms = Room.objects.for_tenant(tenant).filter(closed_at=None)
    return list(rooms.order_by("name", "pk").values_list("public_id", "name"))


def _lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.replace(",", "\n").splitlines()]
    found = [line for line in lines if line]
    if len(found) > MOST_LINES:
        raise ValidationError(_now("At most %(count)s lines. Use groups for more.") % {"count": MOST_LINES})
    return found
