"""Meeting classes: list, make, change, sort, retire. A change is asked about before it takes effect."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import actor_of
from admintool.access import AdminRequest, admintool_page, reauthenticated
from admintool.class_forms import ClassForm, values_of
from admintool.consequences import consequences_for_class
from conferences.models import MeetingClass
from conferences.services.class_changes import create_class, edit_class, move_class, retire_class, revive_class


@admintool_page
@require_safe
def class_list(request: AdminRequest, admintool_key: str) -> HttpResponse:
    rooms = Count("rooms", filter=Q(rooms__closed_at=None))
    classes = MeetingClass.objects.for_tenant(request.tenant).annotate(room_count=rooms)
    return render(request, "admintool/classes.html", {"classes": classes.order_by("position", "pk")})


@admintool_page
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: AdminRequest, admintool_key: str) -> HttpResponse:
    form = ClassForm(request.POST or None, initial={"guests_allowed": True})
    if form.is_valid():
        try:
            found = create_class(request.tenant, actor=actor_of(request), **form.values)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Rooms can be given the class “%(name)s” now.") % {"name": found.name})
            return redirect("admintool:classes", admintool_key)
    return render(request, "admintool/class_form.html", {"form": form})


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: AdminRequest, admintool_key: str, class_id: str) -> HttpResponse:
    """GET the form; POST it to see what follows; POST it again with `confirmed` to have it so."""
    found = _class_of(request, class_id)
    form = ClassForm(request.POST or None, initial=values_of(found))
    if not form.is_valid():
        return render(request, "admintool/class_form.html", {"form": form, "found": found})
    if "confirmed" not in request.POST:
        shown = {"form": form, "found": found, "changes": form.changes_of(found)}
        shown["sentences"] = consequences_for_class(found, form.values)
        return render(request, "admintool/class_confirm.html", shown)
    try:
        edit_class(found, actor=actor_of(request), **form.values)
    except ValidationError as error:
        form.add_error(None, error)
        return render(request, "admintool/class_form.html", {"form": form, "found": found})
    messages.success(request, _("The changes are saved."))
    return redirect("admintool:classes", admintool_key)


@admintool_page
@require_POST
def move(request: AdminRequest, admintool_key: str, class_id: str) -> HttpResponse:
    places = -1 if request.POST.get("where") == "up" else 1
    move_class(_class_of(request, class_id), actor=actor_of(request), places=places)
    return redirect("admintool:classes", admintool_key)


@admintool_page
@require_POST
def retire(request: AdminRequest, admintool_key: str, class_id: str) -> HttpResponse:
    found = _class_of(request, class_id)
    retire_class(found, actor=actor_of(request))
    messages.success(request, _("No room can be given the class “%(name)s” any more.") % {"name": found.name})
    return redirect("admintool:classes", admintool_key)


@admintool_page
@require_POST
def revive(request: AdminRequest, admintool_key: str, class_id: str) -> HttpResponse:
    found = _class_of(request, class_id)
    revive_class(found, actor=actor_of(request))
    messages.success(request, _("Rooms can be given the class “%(name)s” now.") % {"name": found.name})
    return redirect("admintool:classes", admintool_key)


def _class_of(request: AdminRequest, class_id: str) -> MeetingClass:
    rows = MeetingClass.objects.for_tenant(request.tenant).select_related("tenant")
    found: MeetingClass = get_object_or_404(rows, public_id=class_id)
    return found
