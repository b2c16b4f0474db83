"""The daily mail that puts the head of the audit log into the administrators' hands, outside of the database."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Role, User
from audit.heads import anchor_text, mark_mailed, unmailed_heads
from audit.models import AuditHead
from tenants.context import tenant_context
from tenants.models import Tenant


def mail_heads(tenant: Tenant, *, now: datetime) -> int:
    """Send the heads that nobody was sent yet to every active administrator with a mail address; how many mails.

    Without one the heads wait, a week at most. Raises what the mail server says: the next run sends again.
    """
    heads = unmailed_heads(tenant, now=now)
    with tenant_context(tenant):
        admins = User.objects.for_tenant(tenant).filter(role=Role.ADMIN, is_active=True).exclude(email="")
        messages = [_message(tenant, heads, admin) for admin in admins.order_by("pk")] if heads else []
    if not messages:
        return 0
    sent = get_connection().send_messages(messages) or 0
    mark_mailed(tenant, heads, now=now)
    return sent


def _message(tenant: Tenant, heads: Sequence[AuditHead], admin: User) -> EmailMessage:
    with override(admin.language or settings.LANGUAGE_CODE):
        subject = _("LiveOn: head of the audit log of %(tenant)s, %(day)s")
        text = _(
            "This mail is evidence: please keep it, unchanged, outside of LiveOn.\n\n"
            "Each event in the audit log of %(tenant)s is chained to the one before. Below is where the chain stood at "
            "the end of the day (UTC), signed. With it anybody can prove later that nothing up to event #%(seq)s was "
            "changed, removed or inserted: an operator with verify_audit --anchor and this mail saved as a file, and "
            "you with verify.py, which is in every export of a log."
        )
        words = {"tenant": tenant.name, "day": heads[-1].day.isoformat(), "seq": heads[-1].seq}
        body = "\n\n".join([text % words, *(anchor_text(head) for head in heads)])
        return EmailMessage(subject % words, body + "\n", to=[admin.email])
