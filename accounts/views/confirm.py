"""Proving again who one is, before something dangerous."""

from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.access import MemberRequest, member_page, opens_own_context
from accounts.confirming import confirm_by_code, confirm_by_passkey, confirm_by_password
from accounts.forms import ProofForm
from accounts.passkeys import begin_proving
from accounts.proofs import read_credential
from accounts.services.factors import ways_to_prove
from accounts.services.sso import enabled_providers
from accounts.sessions import provider_of
from accounts.sign_in import target_of
from accounts.views.entrance import page


@never_cache
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
@opens_own_context
def confirm(request: MemberRequest, tenant_slug: str) -> HttpResponse:
    return confirm_page(request, target=target_of(request, request.user))


def confirm_page(request: MemberRequest, *, target: str, template: str = "accounts/confirm.html") -> HttpResponse:
    """Ask for a password, a second factor or the provider at which one signed in; after the right one, to `target`."""
    if "begin" in request.POST:
        return JsonResponse(begin_proving(request, request.user))
    form, refusal = ProofForm(request.POST or None), None
    if form.is_valid():
        try:
            _prove(request, form)
            return redirect(target)
        except ValidationError as error:
            refusal = error
    providers = enabled_providers(request.tenant) if provider_of(request.session) else []
    context = {"form": form, "ways": ways_to_prove(request.user), "target": target, "providers": providers}
    return page(request, template, context, refusal)


def _prove(request: MemberRequest, form: ProofForm) -> None:
    proof = form.cleaned_data
    if proof["credential"]:
        confirm_by_passkey(request, state=proof["state"], credential=read_credential(proof["credential"]))
    elif proof["code"]:
        confirm_by_code(request, code=proof["code"])
    else:
        confirm_by_password(request, password=proof["password"])
