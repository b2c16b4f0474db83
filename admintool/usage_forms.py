"""Which month of the usage is looked at, and the soft caps."""

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import SoftCaps

GIGABYTE = 1_000_000_000
MOST = 2_000_000_000  # what the database takes


class MonthForm(forms.Form):
    """`month` as YYYY-MM; the present one when there is none."""

    month = forms.DateField(
        label=_("Month"),
        required=False,
        input_formats=["%Y-%m"],
        widget=forms.DateInput(attrs={"type": "month"}, format="%Y-%m"),
    )

    @classmethod
    def of(cls, parameters: QueryDict) -> "MonthForm":
        """Of a page's parameters; the field shows the present month when they name none."""
        return cls(parameters if parameters.get("month") else {"month": f"{timezone.localdate():%Y-%m}"})

    def clean_month(self) -> date:
        """Never a later one than the present: there is nothing in it, and at the calendar's end none follows."""
        present = timezone.localdate().replace(day=1)
        return min(self.cleaned_data["month"] or present, present)


class SoftCapsForm(forms.Form):
    users = forms.IntegerField(label=_("Active users"), min_value=0, max_value=MOST)
    rooms = forms.IntegerField(label=_("Open rooms"), min_value=0, max_value=MOST)
    connections = forms.IntegerField(label=_("Participants at the same time"), min_value=0, max_value=MOST)
    gigabytes = forms.IntegerField(
        label=_("Gigabytes a month"),
        min_value=0,
        validators=[MaxValueValidator(1_000_000)],
        help_text=_("In and out together; 1 GB is 1,000,000,000 bytes."),
    )

    @classmethod
    def of(cls, caps: SoftCaps, data: Any = None) -> "SoftCapsForm":
        initial = {name: getattr(caps, name) for name in ("users", "rooms", "connections")}
        return cls(data, initial={**initial, "gigabytes": caps.bytes_a_month // GIGABYTE})

    @property
    def limits(self) -> dict[str, int]:
        """What `set_soft_caps` takes of it."""
        limits = dict(self.cleaned_data)
        return {"bytes_a_month": limits.pop("gigabytes") * GIGABYTE, **limits}
