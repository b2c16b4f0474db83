"""The attendance log: search, pages, CSV. Reading it and taking it out are events."""

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from admintool.access import AdminRequest, admintool_page
from admintool.forms import AttendanceSearchForm
from admintool.visits import record_reading
from audit.exports import stream_attendance_csv
from audit.models import Attendance
from audit.reports import attendance_page, find_attendances


@admintool_page
@require_safe
def log(request: AdminRequest, admintool_key: str) -> HttpResponse:
    form = AttendanceSearchForm(request.GET)
    if not form.is_valid():
        return render(request, "admintool/attendance.html", {"form": form})
    rows = find_attendances(request.tenant, filters=form.filters, now=timezone.now())
    try:
        page = attendance_page(rows, after=request.GET.get("after", ""))
    except Attendance.DoesNotExist as error:
        raise Http404 from error
    record_reading(request, "attendance_read", search=form.in_use)
    return render(request, "admintool/attendance.html", {"form": form, "page": page, "search": form.in_use})


@admintool_page
@require_safe
def export(request: AdminRequest, admintool_key: str) -> HttpResponse | StreamingHttpResponse:
    form = AttendanceSearchForm(request.GET)
    if not form.is_valid():
        raise Http404
    rows = find_attendances(request.tenant, filters=form.filters, now=timezone.now())
    record_reading(request, "attendance_exported", search=form.in_use)
    lines = stream_attendance_csv(request.tenant, rows, language=get_language() or "en")
    name = f"attendance-{request.tenant.slug}-{timezone.localdate()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
