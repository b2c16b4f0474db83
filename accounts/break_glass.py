"""A break-glass account was used where single sign-on is demanded: the other administrators hear of it at once."""

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.later import run_later
from accounts.models import Role, User
from accounts.services.records import record_about
from audit.events import Actor
from tenants.context import tenant_context
from tenants.models import Tenant


def announce_break_glass(user: User, *, actor: Actor) -> None:
    """Record it in the transaction of the login, and mail it after it."""
    record_about(user, "break_glass_used", actor=actor)
    at = timezone.now().isoformat(timespec="seconds")
    run_later("accounts.tasks.mail_break_glass", user.tenant_id, user.pk, at, actor.ip_address or "–")


def mail_break_glass(tenant: Tenant, user_pk: int, at: str, ip_address: str) -> int:
    """Tell every other active administrator that has a mail address, in their language; how many."""
    with tenant_context(tenant):
        users = User.objects.for_tenant(tenant)
        user = users.get(pk=user_pk)
        people = list(users.filter(role=Role.ADMIN, is_active=True).exclude(pk=user_pk).exclude(email=""))
    messages = [_message(tenant, user, person, at, ip_address) for person in people]
    return get_connection().send_messages(messages) or 0 if messages else 0


def _message(tenant: Tenant, user: User, person: User, at: str, ip_address: str) -> EmailMessage:
    with override(person.language or settings.LANGUAGE_CODE):
        subject = _("LiveOn: a break-glass account was used")
        text = _(
            "%(name)s (%(login_id)s) signed in to %(tenant)s without single sign-on, with a break-glass account.\n\n"
            "When: %(at)s\nFrom: %(ip_address)s\n\n"
            "If nobody among you knows why, disable the account in Admintool and look at the log of events."
        )
        words = {"name": user.name, "login_id": user.login_id, "tenant": tenant.name, "at": at}
        return EmailMessage(subject, text % {**words, "ip_address": ip_address}, to=[person.email])
