"""Restrictions: the rules in their order, changes with what they would do, and who may what, and why."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import actor_of
from accounts.models import Restriction
from accounts.services.restriction_changes import create_rule, delete_rule, edit_rule, move_rule, switch_rule
from accounts.services.restrictions import decide
from admintool.access import AdminRequest, admintool_page, reauthenticated
from admintool.foresight import foresee
from admintool.restriction_forms import NewRestrictionForm, RestrictionForm, WhoMayForm, initial_of
from admintool.rule_sentences import rules_in_words
from admintool.visits import record_reading
from audit.events import Actor

ACTS: dict[str, Callable[[Restriction, Actor], None]] = {
    "enable": lambda rule, actor: switch_rule(rule, actor=actor, is_enabled=True),
    "disable": lambda rule, actor: switch_rule(rule, actor=actor, is_enabled=False),
    "delete": lambda rule, actor: delete_rule(rule, actor=actor),
    "up": lambda rule, actor: move_rule(rule, actor=actor, up=True),
    "down": lambda rule, actor: move_rule(rule, actor=actor, up=False),
}


@admintool_page
@require_safe
def rule_list(request: AdminRequest, admintool_key: str) -> HttpResponse:
    return render(request, "admintool/restrictions.html", {"rules": rules_in_words(request.tenant)})


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: AdminRequest, admintool_key: str) -> HttpResponse:
    """GET the form; POST it to see what follows; POST it again with `confirmed` to have it so."""
    form = NewRestrictionForm(request.POST or None, tenant=request.tenant, initial={"effect": "allow"})
    return _change(request, admintool_key, form, lambda: _create(request, form), {})


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: AdminRequest, admintool_key: str, rule_id: str) -> HttpResponse:
    rule = _rule_of(request, rule_id)
    form = RestrictionForm(request.POST or None, tenant=request.tenant, initial=initial_of(rule))
    change = partial(edit_rule, rule, actor=actor_of(request))
    return _change(request, admintool_key, form, lambda: change(**form.rule), {"rule": rule})


@admintool_page
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: AdminRequest, admintool_key: str, rule_id: str, act: str) -> HttpResponse:
    """Switch, delete or move a rule: at once when it hits nobody, else after the page that says whom."""
    rule = _rule_of(request, rule_id)
    try:
        foresight = foresee(request.tenant, lambda: ACTS[act](_rule_of(request, rule_id), actor_of(request)))
        asks = act == "delete" or foresight.hits_somebody
        if request.method != "POST" or (asks and "confirmed" not in request.POST):
            record_reading(request, "restriction_rehearsed", rule=rule.name)
            shown = {"rule": rule, "act": act, "foresight": foresight}
            return render(request, "admintool/restriction_act.html", shown)
        ACTS[act](rule, actor_of(request))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("The changes are saved and in force."))
    return redirect("admintool:restrictions", admintool_key)


@admintool_page
@require_safe
def who_may(request: AdminRequest, admintool_key: str) -> HttpResponse:
    form = WhoMayForm(request.GET or None, tenant=request.tenant)
    shown: dict[str, Any] = {"form": form}
    if form.is_valid():
        asked = form.cleaned_data
        where = {"user": asked["user"], "ip_address": asked["ip"], "now": asked["at"], "room_id": asked["room"]}
        shown |= {"asked": asked, "answers": [(scope, decide(scope, **where)) for scope in Restriction.Scope]}
    return render(request, "admintool/who_may.html", shown)


def _change(
    request: AdminRequest,
    admintool_key: str,
    form: RestrictionForm,
    change: Callable[[], object],
    shown: dict[str, Any],
) -> HttpResponse:
    shown = {"form": form, **shown}
    if "again" in request.POST or not form.is_valid():
        return render(request, "admintool/restriction_form.html", shown)
    try:
        if "confirmed" not in request.POST:
            shown["foresight"] = foresee(request.tenant, change)
            record_reading(request, "restriction_rehearsed", rule=form.cleaned_data["name"])
            return render(request, "admintool/restriction_confirm.html", shown)
        change()
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return render(request, "admintool/restriction_form.html", shown)
    messages.success(request, _("The changes are saved and in force."))
    return redirect("admintool:restrictions", admintool_key)


@transaction.atomic
def _create(request: AdminRequest, form: NewRestrictionForm) -> None:
    """The second rule first refuses nobody whom the first one is about to allow: both are one change."""
    actor = actor_of(request)
    create_rule(request.tenant, actor=actor, **form.rule)
    if form.opposite is not None:
        create_rule(request.tenant, actor=actor, **form.opposite)


def _rule_of(request: AdminRequest, rule_id: str) -> Restriction:
    rules = Restriction.objects.for_tenant(request.tenant).select_related("tenant")
    found: Restriction = get_object_or_404(rules, public_id=rule_id)
    return found
