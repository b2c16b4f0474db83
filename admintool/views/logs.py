"""The logs: search, pages, downloads. Reading one and taking it out are events."""

from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts.actors import actor_of
from admintool.access import AdminRequest, admintool_page
from admintool.log_forms import LogSearchForm
from admintool.log_pages import LOG_VIEWS, LogView
from admintool.usage_tables import usage_of_search
from admintool.visits import record_search
from audit.exports import FORMATS, begin_export, stream_export
from audit.models import LogExport
from audit.reports import BadPosition, find, page_of

EXPORTS_SHOWN = 5


@admintool_page
@require_safe
def first(request: AdminRequest, admintool_key: str) -> HttpResponse:
    return redirect("admintool:attendance", admintool_key)


@admintool_page
@require_safe
def page(request: AdminRequest, admintool_key: str, *, view: LogView) -> HttpResponse:
    form = LogSearchForm(view.log, request.tenant, request.GET)
    shown = _rows(request, view, form) if form.is_valid() else {}
    return render(request, "admintool/logs/log.html", {"form": form, "view": view, "views": LOG_VIEWS, **shown})


@admintool_page
@require_safe
def export(request: AdminRequest, admintool_key: str, *, view: LogView) -> StreamingHttpResponse:
    form = LogSearchForm(view.log, request.tenant, request.GET)
    file_format = request.GET.get("file", "csv")
    if not form.is_valid() or file_format not in FORMATS:
        raise Http404
    found = find(view.log, request.tenant, search=form.search, now=timezone.now())
    begun = begin_export(found, actor=actor_of(request), file_format=file_format, search=form.in_use)
    pieces = stream_export(begun, found, actor=actor_of(request), language=get_language() or "en")
    name = f"{view.page}-{request.tenant.slug}-{timezone.localdate()}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(pieces, content_type="application/zip", headers=headers)


def _rows(request: AdminRequest, view: LogView, form: LogSearchForm) -> dict[str, Any]:
    found = find(view.log, request.tenant, search=form.search, now=timezone.now())
    try:
        page = page_of(found, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    except BadPosition as error:
        raise Http404 from error
    record_search(request, f"{view.log.name}_read", search=form.in_use)
    is_first = not {"after", "before"} & set(request.GET)
    exports = LogExport.objects.for_tenant(request.tenant).filter(log=view.log.name).order_by("-begun_at")
    return {
        "page": page,
        "search": form.in_use,
        "exports": exports[:EXPORTS_SHOWN],
        **(usage_of_search(request.tenant, form.search) if view.has_charts and is_first else {}),
    }
