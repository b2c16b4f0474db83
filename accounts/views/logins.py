"""A user's own logins: where one is signed in, and ending that."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, member_page
from accounts.actors import actor_of
from accounts.browsers import browser_name
from accounts.errors import LoginNotFound
from accounts.models import User
from accounts.services.logins import logins_of, revoke_login, revoke_other_logins


@never_cache
@require_safe
@member_page
def logins(request: MemberRequest, tenant_slug: str) -> HttpResponse:
    return render(request, "accounts/logins.html", {"logins": rows(request, request.user)})


@require_POST
@member_page
def end(request: MemberRequest, tenant_slug: str, login_id: str) -> HttpResponse:
    try:
        revoke_login(request.user, actor=actor_of(request), login_id=login_id)
    except LoginNotFound as error:
        raise Http404 from error
    messages.success(request, _("The login has ended."))
    return redirect("logins", tenant_slug)


@require_POST
@member_page
def end_others(request: MemberRequest, tenant_slug: str) -> HttpResponse:
    session_key = request.session.session_key
    number = revoke_other_logins(request.user, actor=actor_of(request), session_key=session_key)
    messages.success(request, ngettext("%(n)s login has ended.", "%(n)s logins have ended.", number) % {"n": number})
    return redirect("logins", tenant_slug)


def rows(request: MemberRequest, user: User) -> list[dict[str, object]]:
    """The logins of `user` as a page shows them; `is_this`: the one that asks."""
    here = request.session.session_key
    return [
        {"login": login, "browser": browser_name(login.user_agent), "is_this": login.session_key == here}
        for login in logins_of(user)
    ]
