"""Groups: list, make, rename, members, delete. Deleting one that rules depend on is refused."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.db.models.functions import Lower
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import actor_of
from accounts.models import Group, User
from accounts.services.directory import find_users, users_page
from accounts.services.groups import change_members, create_group, delete_group, rename_group, what_depends_on
from admintool.access import AdminRequest, admintool_page
from admintool.people_forms import GroupForm, MembersForm
from admintool.views.users import user_of


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])
def group_list(request: AdminRequest, admintool_key: str) -> HttpResponse:
    """The groups; POST makes one."""
    form = GroupForm(request.POST or None)
    if form.is_valid():
        try:
            group = create_group(request.tenant, actor=actor_of(request), name=form.cleaned_data["name"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("admintool:group", admintool_key, group.public_id)
    groups = Group.objects.for_tenant(request.tenant).annotate(
        members=Count("users", distinct=True), rules=Count("restrictions", distinct=True)
    )
    return render(request, "admintool/groups.html", {"form": form, "groups": groups.order_by(Lower("name"), "pk")})


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])
def group(request: AdminRequest, admintool_key: str, group_id: str) -> HttpResponse:
    """A group and its members; POST gives it another name."""
    found = _group_of(request, group_id)
    form = GroupForm(request.POST or None, initial={"name": found.name})
    if form.is_valid():
        try:
            rename_group(found, actor=actor_of(request), name=form.cleaned_data["name"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The changes are saved."))
            return redirect("admintool:group", admintool_key, group_id)
    return _page(request, found, form, MembersForm())


@admintool_page
@require_POST
def add(request: AdminRequest, admintool_key: str, group_id: str) -> HttpResponse:
    """Put users in by their IDs; with one unknown ID nobody is."""
    found, form = _group_of(request, group_id), MembersForm(request.POST)
    if form.is_valid():
        people = list(_named(request, form.cleaned_data["login_ids"]))
        known = {person.login_id.lower() for person in people}
        if unknown := [word for word in form.cleaned_data["login_ids"] if word not in known]:
            form.add_error("login_ids", _("There is no user %(names)s.") % {"names": ", ".join(unknown[:20])})
    if form.is_valid():
        try:
            count, _none = change_members(found, actor=actor_of(request), add=people)
        except ValidationError as error:
            form.add_error("login_ids", error.messages)
        else:
            text = ngettext("%(count)s user was added.", "%(count)s users were added.", count)
            messages.success(request, text % {"count": count})
            return redirect("admintool:group", admintool_key, group_id)
    return _page(request, found, GroupForm(initial={"name": found.name}), form)


@admintool_page
@require_POST
def remove(request: AdminRequest, admintool_key: str, group_id: str, user_id: str) -> HttpResponse:
    person = user_of(request, user_id)
    try:
        change_members(_group_of(request, group_id), actor=actor_of(request), remove=[person])
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("%(name)s is no longer in this group.") % {"name": person.name})
    return redirect("admintool:group", admintool_key, group_id)


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: AdminRequest, admintool_key: str, group_id: str) -> HttpResponse:
    found = _group_of(request, group_id)
    if request.method != "POST":
        shown = {"group": found, "depends": what_depends_on(found), "members": found.users.count()}
        return render(request, "admintool/group_delete.html", shown)
    try:
        delete_group(found, actor=actor_of(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("admintool:group", admintool_key, group_id)
    messages.success(request, _("The group “%(name)s” is deleted. Its members stay users.") % {"name": found.name})
    return redirect("admintool:groups", admintool_key)


def _page(request: AdminRequest, found: Group, form: GroupForm, members_form: MembersForm) -> HttpResponse:
    members = find_users(request.tenant, group=found)
    try:
        page = users_page(request.tenant, members, after=request.GET.get("after", ""))
    except User.DoesNotExist as error:
        raise Http404 from error
    shown = {"group": found, "form": form, "members_form": members_form, "page": page, "count": members.count()}
    return render(request, "admintool/group.html", shown)


def _named(request: AdminRequest, login_ids: list[str]) -> QuerySet[User]:
    users = User.objects.for_tenant(request.tenant).select_related("tenant").alias(lower=Lower("login_id"))
    named: QuerySet[User] = users.filter(lower__in=login_ids)
    return named


def _group_of(request: AdminRequest, group_id: str) -> Group:
    rows = Group.objects.for_tenant(request.tenant).select_related("tenant")
    found: Group = get_object_or_404(rows, public_id=group_id)
    return found
