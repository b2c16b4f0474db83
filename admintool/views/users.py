"""Users: search, create, edit, disable and enable. Nobody is deleted."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import actor_of
from accounts.models import User
from accounts.services.users import create_user, disable_user, edit_user, enable_user, set_language
from admintool.access import AdminRequest, admintool_page
from admintool.forms import NewUserForm, UserForm, UserSearchForm
from conferences.services.live import live_participants

USERS_ON_PAGE = 50


@admintool_page
@require_safe
def user_list(request: AdminRequest, admintool_key: str) -> HttpResponse:
    form = UserSearchForm(request.GET)
    page = Paginator(form.found(request.tenant), USERS_ON_PAGE).get_page(request.GET.get("page"))
    search = "".join(f"&{urlencode({name: value})}" for name, value in form.cleaned_data.items() if value)
    return render(request, "admintool/users.html", {"form": form, "page": page, "search": search})


@admintool_page
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: AdminRequest, admintool_key: str) -> HttpResponse:
    form = NewUserForm(request.POST or None, tenant=request.tenant)
    if form.is_valid():
        password = form.new_password
        try:
            person = _create(request, form, password)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            shown = password if form.is_random else ""
            return render(request, "admintool/user_created.html", {"person": person, "password": shown})
    return render(request, "admintool/user_form.html", {"form": form})


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: AdminRequest, admintool_key: str, user_id: str) -> HttpResponse:
    person = user_of(request, user_id)
    form = UserForm(request.POST or None, tenant=request.tenant, initial=_values(person))
    if form.is_valid():
        try:
            _edit(request, form, person)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The changes are saved."))
            return redirect("admintool:user-edit", admintool_key, user_id)
    return render(request, "admintool/user_form.html", {"form": form, "person": user_of(request, user_id)})


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])
def disable(request: AdminRequest, admintool_key: str, user_id: str) -> HttpResponse:
    person = user_of(request, user_id)
    if request.method != "POST":
        inside = live_participants(request.tenant).filter(user=person)
        return render(request, "admintool/user_disable.html", {"person": person, "inside": inside})
    try:
        disable_user(person, actor=actor_of(request))
    except ValidationError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("%(name)s can no longer sign in.") % {"name": person.name})
    return redirect("admintool:user-edit", admintool_key, user_id)


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])
def enable(request: AdminRequest, admintool_key: str, user_id: str) -> HttpResponse:
    person = user_of(request, user_id)
    if request.method != "POST":
        return render(request, "admintool/user_enable.html", {"person": person})
    enable_user(person, actor=actor_of(request))
    messages.success(request, _("%(name)s can sign in again.") % {"name": person.name})
    return redirect("admintool:user-edit", admintool_key, user_id)


def user_of(request: AdminRequest, user_id: str) -> User:
    """The tenant's user with this public id. Unknown and foreign are the same 404."""
    return get_object_or_404(User.objects.for_tenant(request.tenant), username=user_id)


def _values(person: User) -> dict[str, object]:
    names = ("login_id", "name", "email", "role", "language")
    return {name: getattr(person, name) for name in names} | {"groups": person.groups.all()}


@transaction.atomic
def _edit(request: AdminRequest, form: UserForm, person: User) -> None:
    edit_user(person, actor=actor_of(request), **form.account)
    set_language(person, language=form.cleaned_data["language"])


def _create(request: AdminRequest, form: NewUserForm, password: str) -> User:
    person = create_user(request.tenant, actor=actor_of(request), password=password, **form.account)
    if form.cleaned_data["language"]:
        set_language(person, language=form.cleaned_data["language"])
    return person
