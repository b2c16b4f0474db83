"""The form of a meeting class."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conferences.models import MeetingClass
from conferences.services.class_changes import EDITABLE


class ClassForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=50, help_text=_("Shown on the join page and in the meeting, to guests too.")
    )
    guests_allowed = forms.BooleanField(
        label=_("Guests may be invited"),
        required=False,
        help_text=_("Switched off, rooms of this class admit no guests, and guests in their meetings are put out."),
    )
    lobby_forced = forms.BooleanField(
        label=_("Every guest waits in the lobby"), required=False, help_text=_("Hosts admit each guest.")
    )
    entry_password_forced = forms.BooleanField(
        label=_("An entry password is demanded"),
        required=False,
        help_text=_("Nobody can enter a room of this class without one until a host sets it."),
    )
    local_recording_allowed = forms.BooleanField(label=_("Recording in the browser is allowed"), required=False)
    chat_copy_allowed = forms.BooleanField(label=_("Copying the chat is allowed"), required=False)

    @property
    def values(self) -> dict[str, Any]:
        """What `create_class` and `edit_class` take."""
        return {name: self.cleaned_data[name] for name in EDITABLE}

    def changes_of(self, found: MeetingClass) -> list[dict[str, str]]:
        """What the form would change, as label, from and to, in words."""
        pairs = {name: (getattr(found, name), wanted) for name, wanted in self.values.items()}
        return [
            {"label": str(self.fields[name].label), "was": _in_words(was), "to": _in_words(to)}
            for name, (was, to) in pairs.items()
            if was != to
        ]


def values_of(found: MeetingClass) -> dict[str, Any]:
    return {name: getattr(found, name) for name in EDITABLE}


def _in_words(value: object) -> str:
    if isinstance(value, str):
        return value
    return gettext("yes") if value else gettext("no")
