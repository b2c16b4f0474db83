"""The mail that tells administrators of a request that waits for one of them."""

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Approval, User
from accounts.services.approvals import other_admins
from tenants.context import tenant_context
from tenants.models import Tenant


def mail_approval(tenant: Tenant, approval_pk: int) -> int:
    """Tell every other administrator that has a mail address, in their language; how many.

    The mail says where to look in words: the address of Admintool is a secret that no mail carries.
    """
    with tenant_context(tenant):
        approval = Approval.objects.for_tenant(tenant).select_related("requested_by", "tenant").get(pk=approval_pk)
        people = list(other_admins(approval).exclude(email=""))
    messages = [_message(approval, person) for person in people]
    return get_connection().send_messages(messages) or 0 if messages else 0


def _message(approval: Approval, person: User) -> EmailMessage:
    with override(person.language or settings.LANGUAGE_CODE):
        subject = _("LiveOn: a request waits for a second administrator")
        text = _(
            "%(name)s asks for a change in %(tenant)s that needs a second administrator:\n\n%(summary)s\n\n"
            "Open Admintool and choose “Approvals” to approve or refuse it. Without a decision it ends after 72 hours."
        )
        words = {"name": approval.requested_by.name, "tenant": approval.tenant.name, "summary": approval.summary}
        return EmailMessage(subject, text % words, to=[person.email])
