"""Words and figures of the logs."""

import json
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.models import Attendance, AuditEvent, BandwidthSample, LeaveReason
from audit.reports.rates import Rates, kbps, kbps_of_minute
from audit.reports.sentences import sentence as sentence_of

register = template.Library()

MEANINGS: dict[str, Promise] = {
    LeaveReason.LEFT: _("Left by themselves, or closed the page."),
    LeaveReason.REMOVED: _("A host or an administrator put them out; they cannot come back until re-admitted."),
    LeaveReason.REVOKED: _("Their access ended: user disabled, password changed, signed out, rule, pass revoked."),
    LeaveReason.MEETING_ENDED: _("The host or an administrator ended the meeting for everybody."),
    LeaveReason.DUPLICATE: _("The same person joined from another place, which took over."),
    LeaveReason.CONNECTION_LOST: _("The connection was lost and did not come back within 60 seconds."),
    LeaveReason.MEDIA_FAILED: _("Sound and picture could not get through, for example because of a firewall."),
    LeaveReason.SERVER_RESTART: _("The server stopped or restarted; the end is when they were last seen."),
}


@register.filter
def sentence(event: AuditEvent) -> str:
    return sentence_of(event)


@register.filter
def details(event: AuditEvent) -> list[tuple[str, str]]:
    """The event's details as (name, value), values that are no plain text as JSON."""
    found = event.details if isinstance(event.details, dict) else {}
    return [(name, _plain(value)) for name, value in found.items()]


@register.simple_tag
def leave_reasons() -> list[tuple[str, Promise]]:
    return [(str(LeaveReason(reason).label), meaning) for reason, meaning in MEANINGS.items()]


@register.simple_tag
def average_rates(stay: Attendance) -> Rates:
    return kbps(stay)


@register.simple_tag
def minute_rates(sample: BandwidthSample) -> Rates:
    return kbps_of_minute(sample)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
