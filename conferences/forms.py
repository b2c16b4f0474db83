"""Forms of the conference pages. They check shape; what is allowed is checked by the services."""

import unicodedata
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from conferences.models import Room
from tenants.models import Tenant

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
        fields = ["name", "guests_allowed", "lobby", "participant_limit", "hosts"]
        labels = {
            "name": _("Room name"),
            "guests_allowed": _("Guests may be invited"),
            "lobby": _("Guests wait in the lobby until a host admits them"),
            "participant_limit": _("Participant limit"),
        }

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hosts = self.fields["hosts"]
        assert isinstance(hosts, HostsField)
        hosts.queryset = User.objects.for_tenant(tenant).filter(is_active=True).order_by("name", "login_id")
        limit = self.fields["participant_limit"]
        limit.validators.append(MinValueValidator(2))
        limit.validators.append(MaxValueValidator(500))
        limit.widget.attrs.update(min=2, max=500, inputmode="numeric")
        if self.instance.entry_password:
            self.fields["entry_password"].help_text = _("A password is set. Leave the field empty to keep it.")
        else:
            self.fields["entry_password"].help_text = _("Leave the field empty for a room without a password.")
            del self.fields["clear_entry_password"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("clear_entry_password") and cleaned.get("entry_password"):
            self.add_error("entry_password", _("Enter a new password or remove it, not both."))
        return cleaned

    @property
    def settings(self) -> dict[str, Any]:
        """What `create_room` and `edit_room` take, without the entry password."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

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
