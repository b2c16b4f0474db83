"""Signing in with SAML, against a provider of the tests."""

import base64
import re
import zlib
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names

from accounts.models import SsoIdentity, SsoProvider, User
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.accounts.visits import actions
from tests.idp.saml import SamlProvider, key_and_certificate
from tests.idp.signing_on import leave, path_of, post_saml, set_up_saml, sign_on_by_saml, who_is_in

SAML = f"{{{Names.NS_SAML}}}"
SAMLP = f"{{{Names.NS_SAMLP}}}"
DS = f"{{{Names.NS_DS}}}"


@pytest.fixture
def idp() -> SamlProvider:
    return SamlProvider(people={"mori": ("name-id-of-mori", {"uid": ["member"]}), "eve": ("eve", {"uid": ["eve"]})})


@pytest.fixture
def provider(tenant: Tenant, idp: SamlProvider) -> SsoProvider:
    return set_up_saml(tenant, idp)


def reasons() -> list[str]:
    failed = AuditEvent.objects.filter(action="login_failed").order_by("pk")
    return [event.details["reason"] for event in failed]


def test_person_signs_in_and_is_known_from_then_on(client: Client, provider, idp, member: User) -> None:
    answer = sign_on_by_saml(client, idp, "mori")
    assert (answer.status_code, answer.url) == (302, "/t/acme/rooms/")
    assert who_is_in(client) == "member"
    identity = SsoIdentity.objects.get()
    assert (identity.provider, identity.subject, identity.user) == (provider, "name-id-of-mori", member)
    assert actions()[-2:] == ["sso_linked", "login_succeeded"]

    other = Client()
    sign_on_by_saml(other, idp, "mori", attributes={})
    assert who_is_in(other) == "member"


def test_response_may_be_signed_too(client: Client, provider, idp, member: User) -> None:
    sign_on_by_saml(client, idp, "mori", signs_response=True)
    assert who_is_in(client) == "member"


def test_second_certificate_counts_while_the_provider_changes_them(client: Client, provider, idp, member: User) -> None:
    provider.config["certificates"].append(key_and_certificate("next")[1])
    provider.save()
    sign_on_by_saml(client, idp, "mori", signs_with=key_and_certificate("next"))
    assert who_is_in(client) == "member"


def test_address_of_the_provider_may_have_parameters(client: Client, provider, idp, member: User) -> None:
    provider.config["sso_url"] = 'https://idp.example/sso?idpid=C0&x="<1>'
    provider.save()
    sign_on_by_saml(client, idp, "mori")
    assert who_is_in(client) == "member"


WRONG = [
    ({"signs_assertion": False}, "bad_signature"),
    ({"signs_assertion": False, "signs_response": True}, "bad_signature"),  # python3-saml: the assertion itself
    ({"signs_with": key_and_certificate("stranger")}, "bad_signature"),
    ({"algorithm": Names.RSA_SHA1}, "bad_signature"),
    ({"digest": Names.SHA1}, "bad_signature"),
    ({"issuer": "https://other.example"}, "wrong_issuer"),
    ({"response_issuer": "https://other.example"}, "wrong_issuer"),
    ({"audience": "https://other.example"}, "wrong_audience"),
    ({"audience": ""}, "wrong_audience"),
    ({"destination": "https://other.example/acs"}, "wrong_audience"),
    ({"recipient": "https://other.example/acs", "destination": ""}, "not_acceptable"),
    ({"recipient": "http://testserver/t/acme/sso/idp/acs/more"}, "not_begun_here"),
    ({"recipient": "", "destination": "http://testserver/t/acme/sso/idp/acs/"}, "not_begun_here"),
    ({"in_response_to": "_another"}, "not_begun_here"),
    ({"in_response_to": ""}, "not_begun_here"),
    ({"response_in_response_to": ""}, "not_begun_here"),
    ({"not_on_or_after": -120}, "out_of_time"),
    ({"not_on_or_after": -400}, "out_of_time"),
    ({"not_before": 120}, "out_of_time"),
    ({"not_before": 400}, "out_of_time"),
    ({"confirmation_until": -120}, "not_acceptable"),
    ({"status": Names.STATUS_RESPONDER}, "provider_said_no"),
    ({"name_id": ""}, "no_stable_subject"),
    ({"name_id": "x" * 256}, "no_stable_subject"),
    ({"name_id_format": Names.NAMEID_TRANSIENT}, "no_stable_subject"),
]


@pytest.mark.parametrize(("changes", "reason"), WRONG, ids=[f"{change}" for change, _reason in WRONG])
def test_wrong_response_signs_nobody_in(client: Client, provider, idp, member: User, changes, reason) -> None:
    assert sign_on_by_saml(client, idp, "mori", **changes).status_code == 400
    assert who_is_in(client) == ""
    assert reasons() == [reason]
    assert not SsoIdentity.objects.exists()


def parsed(text: str) -> etree._Element:
    return etree.fromstring(text)


def serialised(root: etree._Element) -> str:
    return etree.tostring(root).decode()


def test_response_written_anew_is_still_the_providers(client: Client, provider, idp, member: User) -> None:
    """What the forgeries below do to it besides forging is not what they are refused for."""
    sign_on_by_saml(client, idp, "mori", rewrite=lambda text: serialised(parsed(text)))
    assert who_is_in(client) == "member"


def forged_from(assertion: etree._Element, new_id: str | None) -> etree._Element:
    """A copy that says another person and is not signed."""
    forged = parsed(serialised(assertion))
    forged.remove(forged.find(f"{DS}Signature"))
    forged.find(f"{SAML}Subject/{SAML}NameID").text = "somebody-else"
    forged.find(f".//{SAML}AttributeValue").text = "admin"
    if new_id:
        forged.set("ID", new_id)
    return forged


def forged_first(text: str) -> str:
    root = parsed(text)
    assertion = root.find(f"{SAML}Assertion")
    root.insert(2, forged_from(assertion, "_forged"))
    return serialised(root)


def forged_last(text: str) -> str:
    root = parsed(text)
    root.append(forged_from(root.find(f"{SAML}Assertion"), "_forged"))
    return serialised(root)


def forged_with_the_same_id(text: str) -> str:
    root = parsed(text)
    root.insert(2, forged_from(root.find(f"{SAML}Assertion"), None))
    return serialised(root)


def original_inside_the_forged(text: str) -> str:
    root = parsed(text)
    assertion = root.find(f"{SAML}Assertion")
    forged = forged_from(assertion, "_forged")
    root.replace(assertion, forged)
    forged.append(assertion)
    return serialised(root)


def original_inside_the_forged_signature(text: str) -> str:
    """The signature moves to the forged assertion and carries the original in an Object."""
    root = parsed(text)
    assertion = root.find(f"{SAML}Assertion")
    forged = forged_from(assertion, "_forged")
    signature = assertion.find(f"{DS}Signature")
    assertion.remove(signature)
    root.replace(assertion, forged)
    forged.insert(1, signature)
    etree.SubElement(signature, f"{DS}Object").append(assertion)
    return serialised(root)


def original_in_an_extension(text: str) -> str:
    root = parsed(text)
    assertion = root.find(f"{SAML}Assertion")
    forged = forged_from(assertion, None)
    root.replace(assertion, forged)
    signature = assertion.find(f"{DS}Signature")
    forged.insert(1, parsed(serialised(signature)))
    extensions = etree.Element(f"{SAMLP}Extensions")
    extensions.append(assertion)
    root.insert(1, extensions)
    return serialised(root)


def changed_after_signing(text: str) -> str:
    return text.replace("name-id-of-mori", "name-id-of-admin")


def attribute_added(text: str) -> str:
    root = parsed(text)
    statement = root.find(f".//{SAML}AttributeStatement")
    added = etree.SubElement(statement, f"{SAML}Attribute", Name="groups")
    etree.SubElement(added, f"{SAML}AttributeValue").text = "administrators"
    return serialised(root)


def signed_as_hmac(text: str) -> str:
    return text.replace(Names.RSA_SHA256, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")


def signed_by_the_key_it_brings(text: str) -> str:
    own = "".join(key_and_certificate("stranger")[1].splitlines()[1:-1])
    return re.sub(r"(<ds:X509Certificate>).*?(</ds:X509Certificate>)", rf"\g<1>{own}\g<2>", text, flags=re.DOTALL)


FORGERIES = [
    forged_first,
    forged_last,
    forged_with_the_same_id,
    original_inside_the_forged,
    original_inside_the_forged_signature,
    original_in_an_extension,
    changed_after_signing,
    attribute_added,
    signed_as_hmac,
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_wrapped_or_changed_assertion_signs_nobody_in(
    client: Client, provider, idp, member: User, admin: User, forge
) -> None:
    assert sign_on_by_saml(client, idp, "mori", rewrite=forge).status_code == 400
    assert who_is_in(client) == ""
    assert len(reasons()) == 1
    assert not SsoIdentity.objects.exists()


def test_certificate_inside_the_response_is_not_believed(client: Client, provider, idp, member: User) -> None:
    wrong = {"signs_with": key_and_certificate("stranger"), "rewrite": signed_by_the_key_it_brings}
    assert sign_on_by_saml(client, idp, "mori", **wrong).status_code == 400
    assert reasons() == ["bad_signature"]


def test_comment_does_not_cut_the_name(client: Client, provider, idp, member: User) -> None:
    """A name with a comment inside is read whole or not at all, never as its first part."""

    def comment(text: str) -> str:
        return text.replace("name-id-of-mori-and-more", "name-id-of-mori<!-- -->-and-more")

    sign_on_by_saml(client, idp, "mori", name_id="name-id-of-mori-and-more", rewrite=comment)
    assert [identity.subject for identity in SsoIdentity.objects.all()] in ([], ["name-id-of-mori-and-more"])


BOMBS = [
    '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
    '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd">',
]


@pytest.mark.parametrize("bomb", BOMBS)
def test_entities_and_dtds_are_refused(client: Client, provider, idp, member: User, bomb) -> None:
    assert sign_on_by_saml(client, idp, "mori", rewrite=lambda text: bomb + text).status_code == 400
    assert who_is_in(client) == ""


@pytest.mark.parametrize("response", ["", "nonsense", "AAAA", base64.b64encode(b"<a/>").decode(), "A" * 600_000])
def test_nonsense_is_refused(client: Client, provider, idp, response) -> None:
    action, form = idp.come_back(leave(client), "mori")
    assert post_saml(client, action, {**form, "SAMLResponse": response}).status_code == 400
    assert reasons() == ["not_acceptable"]


@pytest.mark.parametrize("state", ["", "unknown"])
def test_response_that_nobody_asked_for_is_refused(client: Client, provider, idp, member: User, state) -> None:
    """Sign-on begun at the provider: anybody could have begun it."""
    leave(client)
    action, form = idp.come_back(leave(client), "mori")
    assert Client().post(path_of(action), {**form, "RelayState": state}).status_code == 400
    assert reasons() == []


def test_response_works_once(client: Client, provider, idp, member: User) -> None:
    action, form = idp.come_back(leave(client), "mori")
    assert post_saml(client, action, form).status_code == 302
    client.logout()
    assert Client().post(path_of(action), form).status_code == 400
    assert who_is_in(client) == ""


def test_assertion_works_once_in_whatever_response(client: Client, provider, idp, member: User) -> None:
    sign_on_by_saml(client, idp, "mori", assertion_id="_the-same")
    assert sign_on_by_saml(Client(), idp, "mori", assertion_id="_the-same").status_code == 400
    assert reasons() == ["answered_before"]


def test_stolen_assertion_does_not_fit_another_request(client: Client, provider, idp, member: User) -> None:
    """What a thief may rewrite, the unsigned InResponseTo of the response, is not what counts."""
    _action, stolen = idp.come_back(leave(client), "mori")
    thief = Client()
    address = leave(thief)
    action, own = idp.come_back(address, "eve")
    own_id = parsed(base64.b64decode(own["SAMLResponse"]).decode()).get("InResponseTo")
    root = parsed(base64.b64decode(stolen["SAMLResponse"]).decode())
    root.set("InResponseTo", own_id)
    forged = base64.b64encode(serialised(root).encode()).decode()
    assert post_saml(thief, action, {**own, "SAMLResponse": forged}).status_code == 400
    assert who_is_in(thief) == ""


def test_ticket_is_of_use_to_the_browser_that_began_only(client: Client, provider, idp, member: User) -> None:
    action, form = idp.come_back(leave(client), "mori")
    redirected = Client().post(path_of(action), form)
    victim = Client()
    leave(victim)
    assert victim.get(redirected.url).status_code == 400
    assert client.get(redirected.url).status_code == 302
    assert client.get(redirected.url).status_code == 400


def test_ticket_lasts_a_minute(client: Client, provider, idp, member: User, clock) -> None:
    action, form = idp.come_back(leave(client), "mori")
    redirected = Client().post(path_of(action), form)
    clock.shift(61)
    assert client.get(redirected.url).status_code == 400


def test_saml_answer_is_not_taken_at_the_oidc_address(client: Client, provider, idp, member: User) -> None:
    address = leave(client)
    state = parse_qs(urlsplit(address).query)["RelayState"][0]
    assert client.get("/t/acme/sso/idp/callback/", {"state": state, "code": "x"}).status_code == 400


def test_confirming_asks_the_provider_for_a_fresh_sign_in(client: Client, provider, idp, member: User) -> None:
    sign_on_by_saml(client, idp, "mori")
    session = client.session
    session["confirmed_at"] = 0
    session.save()
    address = leave(client, purpose="confirm", next="/t/acme/password/")
    packed = base64.b64decode(parse_qs(urlsplit(address).query)["SAMLRequest"][0])
    assert parsed(zlib.decompress(packed, wbits=-15).decode()).get("ForceAuthn") == "true"
    assert post_saml(client, *idp.come_back(address, "mori", authenticated=-600)).status_code == 400
    assert client.session["confirmed_at"] == 0
    address = leave(client, purpose="confirm", next="/t/acme/password/")
    assert post_saml(client, *idp.come_back(address, "mori")).url == "/t/acme/password/"
    assert client.session["confirmed_at"] > 0


def test_metadata_names_our_addresses(client: Client, provider) -> None:
    answer = client.get("/t/acme/sso/idp/metadata/")
    root = etree.fromstring(answer.content)
    assert root.get("entityID") == "http://testserver/t/acme/sso/idp/metadata/"
    service = root.find(f".//{{{Names.NS_MD}}}AssertionConsumerService")
    assert service.get("Location") == "http://testserver/t/acme/sso/idp/acs/"
    assert service.get("Binding") == Names.BINDING_HTTP_POST
