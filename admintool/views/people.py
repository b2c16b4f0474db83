"""How one user signs in: logins, second factors, and the slow-down after wrong passwords."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import actor_of
from accounts.errors import LoginNotFound
from accounts.services.admin_changes import clear_factors
from accounts.services.approvals import needs_approval
from accounts.services.factors import set_up
from accounts.services.logins import revoke_login, revoke_other_logins
from accounts.services.unlocking import unlock_user
from accounts.views.logins import rows
from admintool.access import AdminRequest, admintool_page, reauthenticated
from admintool.views.users import say, user_of


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])
def logins(request: AdminRequest, admintool_key: str, user_id: str) -> HttpResponse:
    """POST ends all of them, except the one that asks when it is one's own account."""
    person = user_of(request, user_id)
    if request.method != "POST":
        return render(request, "admintool/user_logins.html", {"person": person, "logins": rows(request, person)})
    here = request.session.session_key
    number = revoke_other_logins(person, actor=actor_of(request), session_key=here)
    messages.success(request, ngettext("%(n)s login has ended.", "%(n)s logins have ended.", number) % {"n": number})
    return redirect("admintool:user-logins", admintool_key, user_id)


@admintool_page
@require_POST
def end_login(request: AdminRequest, admintool_key: str, user_id: str, login_id: str) -> HttpResponse:
    try:
        revoke_login(user_of(request, user_id), actor=actor_of(request), login_id=login_id)
    except LoginNotFound as error:
        raise Http404 from error
    messages.success(request, _("The login has ended."))
    return redirect("admintool:user-logins", admintool_key, user_id)


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def factors(request: AdminRequest, admintool_key: str, user_id: str) -> HttpResponse:
    person = user_of(request, user_id)
    if request.method != "POST":
        asks = person.is_admin and person != request.user and needs_approval(request.tenant)
        shown = {"person": person, "set_up": set_up(person), "asks": asks}
        return render(request, "admintool/user_factors.html", shown)
    waits = clear_factors(person, actor=actor_of(request), requested_by=request.user)
    say(request, waits, _("The second factors are removed and all logins of this user have ended."))
    return redirect("admintool:user-edit", admintool_key, user_id)


@admintool_page
@require_POST
def unlock(request: AdminRequest, admintool_key: str, user_id: str) -> HttpResponse:
    person = user_of(request, user_id)
    unlock_user(person, actor=actor_of(request))
    messages.success(request, _("%(name)s can try to log in again at once.") % {"name": person.name})
    return redirect("admintool:user-edit", admintool_key, user_id)
