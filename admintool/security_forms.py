"""The form of the security settings. What is allowed is checked by `accounts.services.settings_changes`."""

import ipaddress
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import MfaDemand

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

MOST_NETWORKS = 50


def number(label: "_StrOrPromise", low: int, high: int, help_text: "_StrOrPromise") -> forms.IntegerField:
    """A whole number within bounds, both included."""
    attributes = {"inputmode": "numeric", "min": low, "max": high}
    widget = forms.NumberInput(attrs=attributes)
    return forms.IntegerField(label=label, min_value=low, max_value=high, help_text=help_text, widget=widget)


def switch(label: "_StrOrPromise", help_text: "_StrOrPromise") -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, help_text=help_text)


class SecurityForm(forms.Form):
    """Every security setting by its name, explained. `parts` groups them for the page."""

    password_min_length = number(
        _("Shortest password"), 8, 64, _("Characters. Counts from the next new password; present ones stay.")
    )
    password_classes = number(
        _("Kinds of characters"),
        1,
        4,
        _("How many of these a new password must mix: lower case, upper case, digits, signs."),
    )
    password_history = number(
        _("Former passwords that are refused"), 0, 24, _("0 = a former password may be taken again.")
    )
    password_max_age_days = number(
        _("Days until a password must be changed"), 0, 3650, _("0 = passwords do not run out.")
    )
    mfa = forms.ChoiceField(
        label=_("Second factor"),
        choices=MfaDemand.choices,
        help_text=_("Who must sign in with a code or a passkey too. Who has none sets it up at the next login."),
    )
    sso_only = switch(
        _("Sign in at the organisation's identity provider only"),
        _("Passwords then open emergency accounts only. Make sure that one exists and that single sign-on works."),
    )
    idle_minutes = number(
        _("Minutes without activity until a login ends"), 5, 1440, _("Being in a meeting is activity.")
    )
    login_hours = number(
        _("Hours until a login ends in any case"), 1, 168, _("Then everybody signs in again, and leaves a meeting.")
    )
    admintool_idle_minutes = number(
        _("Minutes without activity until Admintool asks again who you are"), 5, 1440, _("Counts for Admintool only.")
    )
    admintool_networks = forms.CharField(
        label=_("Networks from which Admintool opens"),
        required=False,
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text=_("One a line, such as 203.0.113.0/24. Empty = from anywhere. Elsewhere Admintool does not exist."),
    )
    guests_allowed = switch(
        _("Guests may be invited"), _("Switched off, no room admits guests, and guests in meetings are put out.")
    )
    lobby_forced = switch(
        _("Every guest waits in the lobby"), _("Hosts admit each guest. Guests who are in already stay.")
    )
    entry_password_forced = switch(
        _("Every room has an entry password"), _("Nobody can enter a room without one until a host sets it.")
    )
    local_recording_allowed = switch(
        _("Recording in the browser is allowed"), _("Recordings stay on the device of the person who records.")
    )
    chat_copy_allowed = switch(
        _("Copying the chat is allowed"), _("Messages can be saved by the people in the meeting.")
    )
    retention_days = number(
        _("Days for which records are kept"),
        365,
        3660,
        _("At least one year. Older records are no longer shown and are erased every night, except those on hold."),
    )
    four_eyes = switch(
        _("Four eyes"),
        _(
            "These need a second administrator: security settings, single sign-on, making, ending and disabling "
            "administrators, lifting a legal hold, removing everybody from all meetings, switching four eyes off."
        ),
    )

    PARTS = (
        (_("Passwords"), ("password_min_length", "password_classes", "password_history", "password_max_age_days")),
        (_("Signing in"), ("mfa", "sso_only", "idle_minutes", "login_hours")),
        (_("Admintool"), ("admintool_idle_minutes", "admintool_networks", "four_eyes")),
        (
            _("Meetings"),
            (
                "guests_allowed",
                "lobby_forced",
                "entry_password_forced",
                "local_recording_allowed",
                "chat_copy_allowed",
            ),
        ),
        (_("Records"), ("retention_days",)),
    )

    def __init__(self, data: Any = None, *, current: dict[str, Any]) -> None:
        shown = {**current, "admintool_networks": "\n".join(current["admintool_networks"])}
        super().__init__(data, initial=shown)

    @property
    def parts(self) -> list[tuple["_StrOrPromise", list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in self.PARTS]

    def clean_admintool_networks(self) -> list[str]:
        words = self.cleaned_data["admintool_networks"].replace(",", " ").split()
        if len(words) > MOST_NETWORKS:
            raise ValidationError(_("Enter at most 50 networks."))
        return [_network(word) for word in words]


def setting_label(name: str) -> str:
    return str(SecurityForm.base_fields[name].label)


def setting_text(name: str, value: Any) -> str:
    """A setting's value in words."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(value) or gettext("from anywhere")
    return str(MfaDemand(value).label) if name == "mfa" else str(value)


def _network(word: str) -> str:
    try:
        return str(ipaddress.ip_network(word, strict=False))
    except ValueError as error:
        raise ValidationError(_("“%(word)s” is not a network."), params={"word": word}) from error
