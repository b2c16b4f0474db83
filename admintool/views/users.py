"""Users: search, create, edit, disable and enable. Nobody is deleted."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import opens_own_context
from accounts.actors import actor_of
from accounts.models import Approval, Role, User
from accounts.services.admin_changes import (
    IDENTITY,
    asks_for_role,
    change_identity,
    change_role,
    guarded_changes,
    switch_user,
)
from accounts.services.approvals import needs_approval
from accounts.services.directory import users_page
from accounts.services.user_exports import FORMATS, Pieces, export_users
from accounts.services.users import create_user, edit_user, set_language
from accounts.sessions import is_confirmed
from admintool.access import AdminRequest, admintool_page, confirm_first, reauthenticated
from admintool.forms import NewUserForm, UserForm
from admintool.people_forms import UserSearchForm
from conferences.services.live import live_participants
from tenants.context import tenant_context


@admintool_page
@require_safe
def user_list(request: AdminRequest, admintool_key: str) -> HttpResponse:
    form = UserSearchForm(request.GET, tenant=request.tenant)
    users = form.found()
    try:
        page = users_page(request.tenant, users, after=request.GET.get("after", ""))
    except User.DoesNotExist as error:
        raise Http404 from error
    shown = {"form": form, "page": page, "search": form.in_use, "count": users.count()}
    return render(request, "admintool/users.html", shown)


@admintool_page
@require_safe
@opens_own_context
def export(request: AdminRequest, admintool_key: str) -> HttpResponseBase:
    """The users that match, as a file that the import takes back."""
    file_format = request.GET.get("format", "csv")
    if file_format not in FORMATS:
        raise Http404
    with tenant_context(request.tenant):
        form = UserSearchForm(request.GET, tenant=request.tenant)
        users = form.found()
    file = export_users(
        request.tenant,
        users,
        actor=actor_of(request),
        file_format=file_format,
        search=form.in_use,
        language=get_language() or settings.LANGUAGE_CODE,
    )
    disposition = {"Content-Disposition": f'attachment; filename="users.{file_format}"'}
    return StreamingHttpResponse(Pieces(file), content_type=FORMATS[file_format], headers=disposition)


@admintool_page
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@opens_own_context
def create(request: AdminRequest, admintool_key: str) -> HttpResponse:
    with tenant_context(request.tenant):
        form = NewUserForm(request.POST or None, tenant=request.tenant)
        is_valid = form.is_valid()
    if is_valid and form.account["role"] == Role.ADMIN and not is_confirmed(request):
        return confirm_first(request, admintool_key)
    if is_valid:
        try:
            person, waits = _create(request, form, form.new_password)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            shown = {"person": person, "password": form.new_password if form.is_random else "", "waits": waits}
            return render(request, "admintool/user_created.html", shown)
    with tenant_context(request.tenant):
        return render(request, "admintool/user_form.html", {"form": form})


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: AdminRequest, admintool_key: str, user_id: str) -> HttpResponse:
    person = user_of(request, user_id)
    form = UserForm(request.POST or None, tenant=request.tenant, initial=_values(person))
    if form.is_valid() and _is_dangerous(person, form.account) and not is_confirmed(request):
        return confirm_first(request, admintool_key)
    if form.is_valid():
        try:
            waits = _edit(request, form, person)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            say(request, waits, _("The changes are saved."))
            return redirect("admintool:user-edit", admintool_key, user_id)
    return render(request, "admintool/user_form.html", {"form": form, "person": user_of(request, user_id)})


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def disable(request: AdminRequest, admintool_key: str, user_id: str) -> HttpResponse:
    person = user_of(request, user_id)
    if request.method != "POST":
        inside = live_participants(request.tenant).filter(user=person)
        shown = {"person": person, "inside": inside, "asks": person.is_admin and needs_approval(request.tenant)}
        return render(request, "admintool/user_disable.html", shown)
    try:
        waits = switch_user(person, actor=actor_of(request), requested_by=request.user, active=False)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        say(request, waits, _("%(name)s can no longer sign in.") % {"name": person.name})
    return redirect("admintool:user-edit", admintool_key, user_id)


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])
def enable(request: AdminRequest, admintool_key: str, user_id: str) -> HttpResponse:
    person = user_of(request, user_id)
    if person.is_admin and not is_confirmed(request):
        return confirm_first(request, admintool_key)
    if request.method != "POST":
        return render(request, "admintool/user_enable.html", {"person": person})
    waits = switch_user(person, actor=actor_of(request), requested_by=request.user, active=True)
    say(request, waits, _("%(name)s can sign in again.") % {"name": person.name})
    return redirect("admintool:user-edit", admintool_key, user_id)


def user_of(request: AdminRequest, user_id: str) -> User:
    """The tenant's user with this public id. Unknown and foreign are the same 404."""
    return get_object_or_404(User.objects.for_tenant(request.tenant), username=user_id)


def _values(person: User) -> dict[str, object]:
    names = ("login_id", "name", "email", "role", "language")
    return {name: getattr(person, name) for name in names} | {"groups": person.groups.all()}


def _is_dangerous(person: User, account: dict[str, Any]) -> bool:
    """Whether it makes or ends an administrator, or opens one's account to another mail address or identity."""
    differs = [name for name in IDENTITY if account[name] != getattr(person, name)]
    return account["role"] != person.role or (person.is_admin and bool(differs))


@transaction.atomic
def _edit(request: AdminRequest, form: UserForm, person: User) -> Approval | None:
    """Save the form; a request that waits when another administrator must agree to the role or the identity."""
    account, waits, actor = form.account, None, actor_of(request)
    if guarded := guarded_changes(person, account, requested_by=request.user):
        waits = change_identity(person, actor=actor, requested_by=request.user, changes=guarded)
        account = {name: value for name, value in account.items() if name not in guarded}
    if asks_for_role(person.role, account["role"], request.tenant):
        waits = change_role(person, actor=actor, requested_by=request.user, role=account.pop("role"))
    elif account["role"] == person.role:
        del account["role"]  # somebody else may be changing it at this moment
    edit_user(person, actor=actor, **account)
    set_language(person, language=form.cleaned_data["language"])
    return waits


def _create(request: AdminRequest, form: NewUserForm, password: str) -> tuple[User, Approval | None]:
    """The new user, and the request that waits when another administrator must agree to their role."""
    account, waits, wanted = form.account, None, form.account["role"]
    asks = asks_for_role(Role.MEMBER, wanted, request.tenant)
    if asks:
        account["role"] = Role.MEMBER
    person = create_user(request.tenant, actor=actor_of(request), password=password, must_change=True, **account)
    if asks:
        waits = change_role(person, actor=actor_of(request), requested_by=request.user, role=wanted)
    if form.cleaned_data["language"]:
        set_language(person, language=form.cleaned_data["language"])
    return person, waits


def say(request: AdminRequest, waits: Approval | None, done: str) -> None:
    if waits is None:
        messages.success(request, done)
    else:
        messages.info(request, _("A second administrator has been asked. Nothing changes before they agree."))
