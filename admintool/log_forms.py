"""Searching the logs."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from admintool.forms import ip_characters
from audit.reports import LOGINS, Log, Search
from audit.reports.actions import GROUPS
from tenants.models import Tenant

MOST_USERS = 500


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class LogSearchForm(forms.Form):
    """The fields that the log understands."""

    group = forms.ChoiceField(
        label=_("What"),
        required=False,
        choices=[("", _("Everything")), *((key, words) for key, (words, _b) in GROUPS.items())],
    )
    actor = forms.CharField(label=_("Who"), required=False, max_length=100)
    target = forms.CharField(label=_("To whom or what"), required=False, max_length=100)
    login_id = forms.CharField(label=_("User ID"), required=False, max_length=64)
    name = forms.CharField(label=_("Name"), required=False, max_length=100)
    room = forms.CharField(label=_("Room"), required=False, max_length=100)
    ip = forms.CharField(label=_("IP address"), required=False, max_length=45, validators=[ip_characters])
    date_from = _day(_("From"))
    date_to = _day(_("To"))
    stay = forms.SlugField(required=False, max_length=32, widget=forms.HiddenInput)

    def __init__(self, log: Log, tenant: Tenant, *args: Any) -> None:
        super().__init__(*args)
        self._log, self._tenant = log, tenant
        for name in set(self.fields).difference(log.fields):
            del self.fields[name]

    @property
    def search(self) -> Search:
        return Search(**self.cleaned_data, user_ids=self._user_ids())

    @property
    def in_use(self) -> dict[str, str]:
        """The conditions that are set, as text: for links and for the log of who read what."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}

    def _user_ids(self) -> tuple[str, ...]:
        login_id = self.cleaned_data.get("login_id", "")
        if self._log is not LOGINS or not login_id:
            return ()
        users = User.objects.for_tenant(self._tenant).filter(login_id__istartswith=login_id).order_by("login_id")
        return tuple(users.values_list("username", flat=True)[:MOST_USERS])
