"""Confirming who one is: before dangerous acts, and after a while away."""

from django.http import HttpResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.access import opens_own_context
from accounts.views.confirm import confirm_page
from admintool.access import AdminRequest, confirming_page
from admintool.views.entrance import target_of


@confirming_page
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
@opens_own_context
def confirm(request: AdminRequest, admintool_key: str) -> HttpResponse:
    target = target_of(request, request.tenant, admintool_key)
    return confirm_page(request, target=target, template="admintool/confirm.html")
