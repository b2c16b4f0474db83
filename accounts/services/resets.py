"""A forgotten password: a link by mail, good once and for an hour, in the organisation's own addresses."""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.errors import ResetLinkInvalid
from accounts.later import run_later
from accounts.models import User
from accounts.services.records import record_about
from accounts.services.security import settings_of
from accounts.services.users import set_password
from accounts.throttle import login_throttle
from audit.events import Actor
from tenants.context import tenant_context
from tenants.lookup import tenant_with_slug
from tenants.models import Tenant

ONE_MAIL_IN = 60  # s


def ask_for_reset(slug: str, *, login_id: str, ip_address: str) -> None:
    """Have a link mailed, if there is such a user with a mail address. Takes equally long for everybody."""
    run_later("accounts.tasks.mail_reset_link", slug, login_id, ip_address)


def mail_reset_link(slug: str, *, login_id: str, ip_address: str) -> bool:
    """Whether a link was mailed: to an active user with a mail address whose password opens something."""
    tenant = tenant_with_slug(slug)
    user = _find(tenant, login_id) if tenant is not None else None
    if user is None or not cache.add(f"reset:{user.public_id}", 1, timeout=ONE_MAIL_IN):
        return False
    actor = Actor(ip_address=ip_address or None)
    with transaction.atomic(), tenant_context(user.tenant):
        record_about(user, "password_reset_requested", actor=actor)
    _message(user).send()
    return True


def user_of_reset(tenant: Tenant | None, text: str) -> User:
    """Whose link this is. Raises ResetLinkInvalid for one that was used, is older than an hour, or was never one."""
    user_id, _dot, token = text.partition(".")
    if tenant is None or "\0" in user_id:  # PostgreSQL would not even look
        raise ResetLinkInvalid
    with tenant_context(tenant):
        people = User.objects.for_tenant(tenant).select_related("tenant")
        user = people.filter(username=user_id, is_active=True).first()
    if user is None or not default_token_generator.check_token(user, token):
        raise ResetLinkInvalid
    assert isinstance(user, User)
    return user


def reset_password(user: User, *, password: str, actor: Actor) -> None:
    """A new password for whoever came by the link; all logins end. Raises ValidationError {"password": …}."""
    set_password(user, actor=actor, password=password)
    with transaction.atomic(), tenant_context(user.tenant):
        record_about(user, "password_reset_by_mail", actor=actor)
    login_throttle.lift(user.tenant.slug, user.login_id.lower())


def _find(tenant: Tenant, login_id: str) -> User | None:
    with tenant_context(tenant):
        user = User.objects.with_login_id(tenant, login_id)
    if user is None or not user.is_active or not user.email:
        return None
    is_shut = settings_of(tenant).sso_only and not user.is_break_glass
    return None if is_shut else user


def _message(user: User) -> EmailMessage:
    token = f"{user.public_id}.{default_token_generator.make_token(user)}"
    address = settings.BASE_URL + reverse("reset", args=[user.tenant.slug, token])
    with override(user.language or settings.LANGUAGE_CODE):
        subject = _("LiveOn: set a new password")
        text = _(
            "Somebody, probably you, asked for a new password for %(login_id)s of %(tenant)s.\n\n"
            "Set it here within one hour; the link is good once:\n%(address)s\n\n"
            "All your logins end then. If it was not you, do nothing: your password stays as it is."
        )
        words = {"login_id": user.login_id, "tenant": user.tenant.name, "address": address}
        return EmailMessage(subject, text % words, to=[user.email])
