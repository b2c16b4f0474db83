"""Users from a CSV file: upload, look, start, watch, read what came of each line."""

import csv
import io
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import opens_own_context
from accounts.actors import actor_of
from accounts.models import UserImport, UserImportLine
from accounts.services import imports
from accounts.services.imports.columns import HEADINGS, escaped
from accounts.services.imports.reading import ENCODINGS, LARGEST_FILE
from admintool.access import AdminRequest, admintool_page, reauthenticated
from admintool.import_lines import described, lines_page
from admintool.people_forms import StartForm, UploadForm
from audit.exports.cells import BYTE_ORDER_MARK
from tenants.context import tenant_context

LATEST = 20
READING = ["GET", "HEAD", "POST"]  # whatever is asked, what another tenant owns is a 404


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
@opens_own_context
def upload(request: AdminRequest, admintool_key: str) -> HttpResponse:
    """The form and the latest imports; POST reads a file, which changes no user yet."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            found = _upload(request, form)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("admintool:import", admintool_key, found.public_id)
    with tenant_context(request.tenant):
        latest = UserImport.objects.for_tenant(request.tenant).select_related("requested_by").order_by("-pk")[:LATEST]
        shown = {"form": form, "latest": latest, "headings": [str(each) for each in HEADINGS.values()]}
        return render(request, "admintool/imports.html", shown)


def _upload(request: AdminRequest, form: UploadForm) -> UserImport:
    file = form.cleaned_data["file"]
    return imports.upload_users(
        request.tenant,
        actor=actor_of(request),
        requested_by=request.user,
        file_name=file.name,
        content=file.read(LARGEST_FILE + 1),
    )


@admintool_page
@require_safe
def template(request: AdminRequest, admintool_key: str) -> HttpResponse:
    """An empty file with the headings, in the language of the page."""
    return _csv_answer("users.csv", [[str(heading) for heading in HEADINGS.values()]])


@admintool_page
@require_http_methods(READING)
def show(request: AdminRequest, admintool_key: str, import_id: str) -> HttpResponse:
    """The preview, the progress or the report, whichever the import is at."""
    found = _import_of(request, import_id)
    outcome = request.GET.get("outcome", "")
    page = lines_page(found, outcome=outcome, after=request.GET.get("after", ""))
    shown = {**_facts(found), "page": page, "outcome": outcome, "form": StartForm(initial={"mode": "all"})}
    return render(request, "admintool/import.html", shown)


@admintool_page
@require_http_methods(READING)
def progress(request: AdminRequest, admintool_key: str, import_id: str) -> HttpResponse:
    """The part of the page that refreshes itself; at the end the whole page comes anew."""
    found = _import_of(request, import_id)
    response = render(request, "admintool/import_progress.html", _facts(found))
    if found.state != UserImport.State.RUNNING:
        response["HX-Refresh"] = "true"
    return response


@admintool_page
@reauthenticated
@require_POST
def start(request: AdminRequest, admintool_key: str, import_id: str) -> HttpResponse:
    found, form = _import_of(request, import_id), StartForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose what happens to bad lines."))
        return redirect("admintool:import", admintool_key, import_id)
    return _act(request, found, imports.start_import, actor=actor_of(request), skip_bad=form.skip_bad)


@admintool_page
@require_POST
def go_on(request: AdminRequest, admintool_key: str, import_id: str) -> HttpResponse:
    return _act(request, _import_of(request, import_id), imports.continue_import)


@admintool_page
@require_POST
def cancel(request: AdminRequest, admintool_key: str, import_id: str) -> HttpResponse:
    return _act(request, _import_of(request, import_id), imports.cancel_import, actor=actor_of(request))


@admintool_page
@require_http_methods(READING)
def report(request: AdminRequest, admintool_key: str, import_id: str) -> HttpResponse:
    """Every line, or the bad ones (`?outcome=bad`), with what came of it and why."""
    found = _import_of(request, import_id)
    lines = found.lines.order_by("number")
    if request.GET.get("outcome") == "bad":
        lines = lines.filter(outcome=UserImportLine.Outcome.BAD)
    headings = [_("Line"), _("User ID"), _("Name"), _("Result"), _("Why")]
    rows = [
        [line.number, line.values.get("login_id", ""), line.values.get("name", ""), *_said(line)]
        for line in lines.iterator(chunk_size=500)
    ]
    return _csv_answer("import-report.csv", [headings, *rows])


def _said(line: UserImportLine) -> list[str]:
    told = described(line)
    return [told["result"], " ".join([*told["changes"], *told["problems"]])]


def _act(request: AdminRequest, found: UserImport, act: Any, **options: Any) -> HttpResponse:
    try:
        act(found, **options)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    key = request.resolver_match.kwargs["admintool_key"] if request.resolver_match else ""
    return redirect("admintool:import", key, found.public_id)


def _facts(found: UserImport) -> dict[str, Any]:
    return {"found": found, "progress": imports.progress_of(found), "encoding": ENCODINGS.get(found.encoding, "")}


def _csv_answer(name: str, rows: list[list[Any]]) -> HttpResponse:
    text = io.StringIO()
    csv.writer(text).writerows([escaped(str(cell)) for cell in row] for row in rows)
    content = (BYTE_ORDER_MARK + text.getvalue()).encode()
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=disposition)


def _import_of(request: AdminRequest, import_id: str) -> UserImport:
    rows = UserImport.objects.for_tenant(request.tenant).select_related("tenant", "requested_by")
    found: UserImport = get_object_or_404(rows, public_id=import_id)
    return found
