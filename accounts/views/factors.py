"""A user's own sign-in: what is set up, setting up more, taking away."""

from allauth.account.internal.flows.login import record_authentication
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import MemberRequest, confirmed, member_page
from accounts.actors import actor_of
from accounts.errors import FactorNotFound
from accounts.services.factors import find_factor, make_recovery_codes, remove_factor, set_up
from accounts.services.security import demands_factor
from accounts.views.adding import adding_page, codes_page


@never_cache
@require_safe
@member_page
def security(request: MemberRequest, tenant_slug: str) -> HttpResponse:
    context = {"set_up": set_up(request.user), "is_demanded": demands_factor(request.user)}
    return render(request, "accounts/security.html", context)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
@confirmed
def add(request: MemberRequest, tenant_slug: str) -> HttpResponse:
    """Set up an authenticator app or a passkey."""

    def go_on(kind: str) -> HttpResponse:
        record_authentication(request, request.user, "mfa", type=kind)
        messages.success(request, _("It is set up. From now on you are asked for it when you log in."))
        return redirect("security", tenant_slug)

    return adding_page(request, request.user, actor=actor_of(request), template="accounts/factor_add.html", go_on=go_on)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
@confirmed
def remove(request: MemberRequest, tenant_slug: str, factor_id: str) -> HttpResponse:
    try:
        factor = find_factor(request.user, factor_id)
    except FactorNotFound as error:
        raise Http404 from error
    if request.method == "POST":
        try:
            remove_factor(request.user, actor=actor_of(request), factor_id=factor_id)
        except ValidationError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, _("It is removed."))
        return redirect("security", tenant_slug)
    return render(request, "accounts/factor_remove.html", {"factor": factor, "set_up": set_up(request.user)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
@confirmed
def codes(request: MemberRequest, tenant_slug: str) -> HttpResponse:
    """New recovery codes in place of the old ones, shown in the answer and never again."""
    target = reverse("security", args=[tenant_slug])
    if request.method != "POST":
        return render(request, "accounts/recovery_codes_new.html", {"target": target})
    try:
        made = make_recovery_codes(request.user, actor=actor_of(request))
    except FactorNotFound as error:
        messages.error(request, error.message)
        return redirect(target)
    return codes_page(request, request.user, made, target=target)
