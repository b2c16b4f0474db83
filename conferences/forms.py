"""Forms of the conference pages. They check shape; what is allowed is checked by the services."""

import unicodedata
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from conferences.models import MeetingClass, Room
from conferences.services.classes import ORGANISATION, RoomRules, room_rules
from conferences.services.limits import VIDEO_MBPS
from tenants.models import Tenant

FORCED = {
    "guests_allowed": _("No guests: fixed by %(who)s."),
    "lobby": _("Every guest waits in the lobby: fixed by %(who)s."),
    "entry_password": _("An entry password is demanded by %(who)s. Nobody can enter a room without one."),
}
BOUNDS = {"participant_limit": (2, 500), "publisher_limit": (0, 1000), "bitrate_limit": (0, 10_000)}
UNSEEN = ("Cc", "Cf", "Zl", "Zp")  # Unicode categories: control, format (with those that turn the text), line ends
JOINERS = "\u200c\u200d"  # zero-width too, but part of Persian and Indic words and of emoji
LONGEST_PASS = timedelta(days=365)
DEFAULT_PASS = timedelta(days=7)


def check_visible(name: str) -> None:
    """Refuse a name with characters that nobody sees: they make it look like somebody else's, or like none."""
    seen = [unicodedata.category(character) for character in name if character not in JOINERS]
    if not seen or any(category in UNSEEN for category in seen):
        raise ValidationError(_("Use visible characters only."), code="invisible")


class HostsField(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} ({obj.login_id})"


class RoomForm(forms.ModelForm):
    """Create or edit a room. The entry password is write-only: an empty field keeps what is set."""

    entry_password = forms.CharField(
        label=_("Entry password"),
        required=False,
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    clear_entry_password = forms.BooleanField(label=_("Remove the entry password"), required=False)
    hosts = HostsField(
        label=_("Hosts"),
        queryset=User.objects.none(),
        required=False,
        help_text=_("Hosts admit, mute and remove people. The first of them to join hosts the meeting."),
    )

    class Meta:
        model = Room
        fields = [
            "name",
            "meeting_class",
            "guests_allowed",
            "lobby",
            "participant_limit",
            "publisher_limit",
            "bitrate_limit",
            "hosts",
        ]
        labels = {
            "name": _("Room name"),
            "meeting_class": _("Meeting class"),
            "guests_allowed": _("Guests may be invited"),
            "lobby": _("Guests wait in the lobby until a host admits them"),
            "participant_limit": _("Participant limit"),
            "publisher_limit": _("Cameras and screens at once"),
            "bitrate_limit": _("Bitrate of cameras and screens, Mbit/s"),
        }

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.tenant = tenant
        hosts = self.fields["hosts"]
        assert isinstance(hosts, HostsField)
        hosts.queryset = User.objects.for_tenant(tenant).filter(is_active=True).order_by("name", "login_id")
        for name, (low, high) in BOUNDS.items():
            limit = self.fields[name]
            limit.validators += [MinValueValidator(low), MaxValueValidator(high)]
            limit.widget.attrs.update(min=low, max=high, inputmode="numeric")
        self._explain_limits()
        if self.instance.entry_password:
            self.fields["entry_password"].help_text = _("A password is set. Leave the field empty to keep it.")
        else:
            self.fields["entry_password"].help_text = _("Leave the field empty for a room without a password.")
            del self.fields["clear_entry_password"]
        self._offer_classes(tenant)
        self._take_forced_choices(room_rules(self.instance))

    def _explain_limits(self) -> None:
        """0 is no limit, also for whom the field is left empty."""
        texts = {
            "publisher_limit": _("0: as many as there are participants."),
            "bitrate_limit": _("0: any. A camera counts for up to %(camera)s, a screen for up to %(screen)s."),
        }
        for name, text in texts.items():
            self.fields[name].help_text = text % VIDEO_MBPS
            self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("publisher_limit", "bitrate_limit"):
            cleaned[name] = cleaned.get(name) or 0
        if cleaned.get("clear_entry_password") and cleaned.get("entry_password"):
            self.add_error("entry_password", _("Enter a new password or remove it, not both."))
        return cleaned

    @property
    def settings(self) -> dict[str, Any]:
        """What `create_room` and `edit_room` take, without the entry password and what is forced."""
        offered = [name for name in self.Meta.fields if name in self.fields and not self.fields[name].disabled]
        return {name: self.cleaned_data[name] for name in offered}

    def _offer_classes(self, tenant: Tenant) -> None:
        """The classes in use, and the room's own when that is retired; no field where there is nothing to choose."""
        mine = Q(pk=self.instance.meeting_class_id)
        classes = MeetingClass.objects.for_tenant(tenant).filter(Q(retired_at=None) | mine)
        field = self.fields["meeting_class"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset, field.empty_label = classes, _("No class")
        field.help_text = _("A class can forbid guests, force the lobby or demand an entry password.")
        if not classes.exists():
            del self.fields["meeting_class"]

    def _take_forced_choices(self, rules: RoomRules) -> None:
        """What organisation or class force cannot be chosen, and the form says who forces it."""
        for name, who in rules.forced_by.items():
            by = _("the organisation's security settings") if who == ORGANISATION else who
            self.fields[name].help_text = FORCED[name] % {"who": by}
            self.fields[name].disabled = name != "entry_password"
        for name in rules.forced_by.keys() & {"guests_allowed", "lobby"}:
            self.initial[name] = getattr(rules, name)
        if rules.entry_password_required:
            self.fields.pop("clear_entry_password", None)

    @property
    def new_entry_password(self) -> str | None:
        """What `set_entry_password` takes: a password, "" to clear it, None to leave it as it is."""
        if self.cleaned_data.get("clear_entry_password"):
            return ""
        return self.cleaned_data["entry_password"] or None


class GuestPassForm(forms.Form):
    name = forms.CharField(
        label=_("Guest's name"),
        max_length=100,
        help_text=_("The link is for this person only: one at a time can use it."),
    )
    expires_at = forms.DateTimeField(
        label=_("Valid until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["expires_at"].initial = timezone.localtime() + DEFAULT_PASS

    def clean_expires_at(self) -> datetime:
        expires_at: datetime = self.cleaned_data["expires_at"]
        if not timezone.now() < expires_at <= timezone.now() + LONGEST_PASS:
            raise ValidationError(_("Choose a time in the future, at most one year from now."))
        return expires_at


class EntryForm(forms.Form):
    """The join page's form; `room_password` is there only when the room has an entry password to ask for."""

    room_password = forms.CharField(
        label=_("Room password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, ask_password: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not ask_password:
            del self.fields["room_password"]

    @property
    def password(self) -> str:
        return self.cleaned_data.get("room_password", "")


class GuestEntryForm(EntryForm):
    display_name = forms.CharField(
        label=_("Your name"),
        max_length=100,
        validators=[check_visible],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    field_order = ["display_name", "room_password"]
