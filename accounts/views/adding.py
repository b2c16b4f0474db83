"""Setting up a second factor: an authenticator app or a passkey, and the recovery codes that come with the first."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from accounts.forms import AppForm, PasskeyForm
from accounts.models import User
from accounts.passkeys import begin_adding, finish_adding
from accounts.proofs import forget_seed, new_seed, read_credential, seed_in_groups, seed_picture
from accounts.services.factors import add_passkey, add_totp
from accounts.views.entrance import page
from audit.events import Actor


def adding_page(
    request: HttpRequest, user: User, *, actor: Actor, template: str, go_on: Callable[[str], HttpResponse]
) -> HttpResponse:
    """A page with an app's QR code and a button for a passkey. `go_on(kind)`, once one is set up, answers a redirect;
    recovery codes are shown in its place when they are new, with a link that leads on."""
    if "begin" in request.POST:
        return JsonResponse(begin_adding(request, user))
    is_passkey = "credential" in request.POST
    app = AppForm(request.POST if request.method == "POST" and not is_passkey else None)
    passkey = PasskeyForm(request.POST if is_passkey else None)
    form, refusal = (passkey if is_passkey else app), None
    if form.is_valid():
        try:
            codes = _add_passkey(request, user, passkey, actor) if is_passkey else _add_app(request, user, app, actor)
        except ValidationError as error:
            refusal = error
        else:
            return _go_on(request, user, codes, go_on("webauthn" if is_passkey else "totp"))
    seed = new_seed(request)
    shown = {"picture": seed_picture(user, seed), "seed": seed_in_groups(seed)}
    return page(request, template, {"form": form, "app": app, "passkey": passkey, "person": user, **shown}, refusal)


def codes_page(request: HttpRequest, user: User, codes: list[str], *, target: str) -> HttpResponse:
    """The codes, this once."""
    context = {"codes": [f"{code[:4]} {code[4:]}" for code in codes], "target": target, "person": user}
    return render(request, "accounts/recovery_codes.html", context)


def _add_app(request: HttpRequest, user: User, form: AppForm, actor: Actor) -> list[str]:
    codes = add_totp(user, actor=actor, secret=new_seed(request), code=form.cleaned_data["code"])
    forget_seed(request)
    return codes


def _add_passkey(request: HttpRequest, user: User, form: PasskeyForm, actor: Actor) -> list[str]:
    values = form.cleaned_data
    answer = read_credential(values["credential"])
    credential = finish_adding(request, user, state=values["state"], credential=answer)
    return add_passkey(user, actor=actor, name=values["name"], credential=credential)


def _go_on(request: HttpRequest, user: User, codes: list[str], answer: HttpResponse) -> HttpResponse:
    if not codes:
        return answer
    shown = codes_page(request, user, codes, target=answer.headers["Location"])
    shown.cookies = answer.cookies
    return shown
