"""Giving a user a new password."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.access import opens_own_context
from accounts.actors import actor_of
from accounts.services.approvals import needs_approval
from accounts.services.users import set_password
from admintool.access import AdminRequest, admintool_page, reauthenticated
from admintool.forms import PasswordForm
from admintool.views.users import user_of
from tenants.context import tenant_context


@admintool_page
@reauthenticated
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@opens_own_context
def reset(request: AdminRequest, admintool_key: str, user_id: str) -> HttpResponse:
    with tenant_context(request.tenant):
        person = user_of(request, user_id)
    if person.is_admin and person != request.user and needs_approval(request.tenant):
        messages.error(
            request, _("With four eyes nobody sets another administrator's password. They reset it by mail.")
        )
        return redirect("admintool:user-edit", admintool_key, user_id)
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        password = form.new_password
        try:
            set_password(person, actor=actor_of(request), password=password, must_change=True)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _done(request, admintool_key, user_id, shown=password if form.is_random else "")
    return render(request, "admintool/user_password.html", {"form": form, "person": person})


def _done(request: AdminRequest, admintool_key: str, user_id: str, *, shown: str) -> HttpResponse:
    if shown:
        with tenant_context(request.tenant):
            person = user_of(request, user_id)
        return render(request, "admintool/user_password_set.html", {"person": person, "password": shown})
    messages.success(request, _("The new password is set. All logins of this user have ended."))
    return redirect("admintool:user-edit", admintool_key, user_id)
