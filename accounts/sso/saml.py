"""SAML 2.0 Web Browser SSO (saml-profiles-2.0-os, 4.1): requests by HTTP-Redirect, answers by HTTP-POST.

python3-saml parses without entities or DTDs, validates against the schema, and verifies the signature of the one
assertion in the document. What it lets pass when it is missing (audience, recipient, InResponseTo) is demanded here,
of the signed assertion itself.
"""

import base64
import time
import zlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from accounts.models import SsoProvider
from accounts.sso.addresses import acs_url, entity_id
from accounts.sso.asserted import LONGEST_SUBJECT, Asserted, texts
from accounts.sso.pending import CONFIRM, Pending, use_once
from accounts.sso.refusals import SsoRefused

LONGEST_RESPONSE = 512 * 1024  # characters of base64
SKEW = 60  # s between the clocks
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
SAML = f"{{{Names.NS_SAML}}}"
SAMLP = f"{{{Names.NS_SAMLP}}}"


def request_url(request: HttpRequest, provider: SsoProvider, pending: Pending, *, state: str) -> str:
    """Where the browser goes to sign in: the provider's address with our AuthnRequest, whose id is the nonce."""
    packed = zlib.compress(_authn_request(request, provider, pending), wbits=-15)
    query = urlencode({"SAMLRequest": base64.b64encode(packed).decode(), "RelayState": state})
    address = str(provider.config["sso_url"])
    return address + ("&" if urlsplit(address).query else "?") + query


def asserted_by_response(request: HttpRequest, provider: SsoProvider, pending: Pending, *, response: str) -> Asserted:
    """What a SAML response (base64) says in answer to the request of `pending`. Raises SsoRefused."""
    if not 0 < len(response) <= LONGEST_RESPONSE:
        raise SsoRefused("not_acceptable", "no response, or too long")
    here = acs_url(request, provider.tenant.slug, provider.app)
    found = _verified(response, _settings(request, provider), here=here, request_id=pending.nonce)
    assertion = found.get_xml_document().find(f"{SAML}Assertion")
    _require_audience(assertion, entity_id(request, provider.tenant.slug, provider.app))
    until = _require_confirmation(assertion, here=here, request_id=pending.nonce)
    if pending.purpose == CONFIRM:
        _require_recent(assertion, pending.begun_at)
    use_once(f"assertion:{provider.pk}:{assertion.get('ID')}", seconds=int(until - time.time()) + 2 * SKEW)
    return _asserted(found)


def _authn_request(request: HttpRequest, provider: SsoProvider, pending: Pending) -> bytes:
    root = etree.Element(f"{SAMLP}AuthnRequest", nsmap={"samlp": Names.NS_SAMLP, "saml": Names.NS_SAML})
    now = datetime.fromtimestamp(pending.begun_at, UTC)
    root.set("ID", pending.nonce)
    root.set("Version", "2.0")
    root.set("IssueInstant", now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    root.set("Destination", provider.config["sso_url"])
    root.set("ProtocolBinding", Names.BINDING_HTTP_POST)
    root.set("AssertionConsumerServiceURL", acs_url(request, provider.tenant.slug, provider.app))
    if pending.purpose == CONFIRM:
        root.set("ForceAuthn", "true")
    etree.SubElement(root, f"{SAML}Issuer").text = entity_id(request, provider.tenant.slug, provider.app)
    etree.SubElement(root, f"{SAMLP}NameIDPolicy", AllowCreate="true")
    return bytes(etree.tostring(root))


def _settings(request: HttpRequest, provider: SsoProvider) -> OneLogin_Saml2_Settings:
    config = provider.config
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": entity_id(request, provider.tenant.slug, provider.app),
                "assertionConsumerService": {"url": acs_url(request, provider.tenant.slug, provider.app)},
            },
            "idp": {
                "entityId": config["entity_id"],
                "singleSignOnService": {"url": config["sso_url"]},
                "x509certMulti": {"signing": list(config["certificates"])},
            },
            "security": {
                "wantAssertionsSigned": True,
                "wantAttributeStatement": False,
                "allowRepeatAttributeName": True,
                "rejectDeprecatedAlgorithm": True,
                "allowSingleLabelDomains": True,
                "requestedAuthnContext": False,
            },
        }
    )


def _verified(
    response: str, settings: OneLogin_Saml2_Settings, *, here: str, request_id: str
) -> OneLogin_Saml2_Response:
    place = urlsplit(here)
    where = {"https": "on" if place.scheme == "https" else "off", "http_host": place.netloc, "script_name": place.path}
    try:
        found = OneLogin_Saml2_Response(settings, response)
        found.is_valid(where, request_id, raise_exceptions=True)
    except Exception as error:  # python3-saml raises its own, lxml's, xmlsec's and plain ones
        raise SsoRefused(_reason(error), error) from error
    if found.get_in_response_to() != request_id:
        raise SsoRefused("not_begun_here", "InResponseTo is missing")
    return found


_REASONS = {
    "WRONG_ISSUER": "wrong_issuer",
    "WRONG_AUDIENCE": "wrong_audience",
    "WRONG_DESTINATION": "wrong_audience",
    "WRONG_INRESPONSETO": "not_begun_here",
    "WRONG_SUBJECTCONFIRMATION": "not_acceptable",
    "ASSERTION_EXPIRED": "out_of_time",
    "ASSERTION_TOO_EARLY": "out_of_time",
    "SESSION_EXPIRED": "out_of_time",
    "STATUS_CODE_IS_NOT_SUCCESS": "provider_said_no",
    "NO_SIGNATURE_FOUND": "bad_signature",
    "NO_SIGNED_ASSERTION": "bad_signature",
    "INVALID_SIGNATURE": "bad_signature",
    "INVALID_SIGNED_ELEMENT": "bad_signature",
    "WRONG_SIGNED_ELEMENT": "bad_signature",
    "DEPRECATED_SIGNATURE_METHOD": "bad_signature",
    "DEPRECATED_DIGEST_METHOD": "bad_signature",
}


def _reason(error: Exception) -> str:
    """python3-saml numbers its errors; their names are attributes of the class."""
    code = getattr(error, "code", None)
    names = [name for name in _REASONS if code is not None and getattr(type(error), name, None) == code]
    return _REASONS[names[0]] if names else "not_acceptable"


def _require_audience(assertion: Any, our_name: str) -> None:
    """Every restriction must name us, and there must be one (saml-core-2.0-os, 2.5.1.4)."""
    restrictions = assertion.findall(f"{SAML}Conditions/{SAML}AudienceRestriction")
    named = [{audience.text for audience in restriction.findall(f"{SAML}Audience")} for restriction in restrictions]
    if not named or not all(our_name in audiences for audiences in named):
        raise SsoRefused("wrong_audience", named)


def _require_confirmation(assertion: Any, *, here: str, request_id: str) -> float:
    """Until when (epoch s) its bearer may bring it: to us, for this request (saml-profiles-2.0-os, 4.1.4.2)."""
    now = time.time()
    for confirmation in assertion.findall(f"{SAML}Subject/{SAML}SubjectConfirmation"):
        data = confirmation.find(f"{SAML}SubjectConfirmationData")
        if confirmation.get("Method") != BEARER or data is None or data.get("NotOnOrAfter") is None:
            continue
        until = float(OneLogin_Saml2_Utils.parse_SAML_to_time(data.get("NotOnOrAfter")))
        if (data.get("Recipient"), data.get("InResponseTo")) == (here, request_id) and now < until + SKEW:
            _require_conditions_in_time(assertion, now)
            return until
    raise SsoRefused("not_begun_here", "no confirmation for this request and address")


def _require_conditions_in_time(assertion: Any, now: float) -> None:
    """python3-saml allows five minutes between the clocks; that is more than any has to need."""
    conditions = assertion.find(f"{SAML}Conditions")
    begin, end = conditions.get("NotBefore"), conditions.get("NotOnOrAfter")
    parse = OneLogin_Saml2_Utils.parse_SAML_to_time
    if (begin and parse(begin) > now + SKEW) or (end and parse(end) + SKEW <= now):
        raise SsoRefused("out_of_time", f"{begin} – {end}")


def _require_recent(assertion: Any, since: float) -> None:
    at = assertion.find(f"{SAML}AuthnStatement").get("AuthnInstant")
    if OneLogin_Saml2_Utils.parse_SAML_to_time(at) + SKEW < since:
        raise SsoRefused("out_of_time", "signed in too long ago")


def _asserted(found: OneLogin_Saml2_Response) -> Asserted:
    try:
        name, attributes = found.get_nameid_data(), found.get_attributes()
    except Exception as error:  # as in `_verified`
        raise SsoRefused("no_stable_subject", error) from error
    subject = str(name.get("Value", "")).strip()
    if name.get("Format") == Names.NAMEID_TRANSIENT or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise SsoRefused("no_stable_subject", name.get("Format"))
    plain = {attribute: texts(values) for attribute, values in attributes.items()}
    return Asserted(subject, {attribute: values for attribute, values in plain.items() if values})
