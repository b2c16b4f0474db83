"""A SAML identity provider: signs with xmlsec, knows its people by name, and lies when it is told to."""

import base64
import html
import secrets
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from tests.idp.serving import Answer, choice_of_people, serving

PERSISTENT = Names.NAMEID_PERSISTENT


@cache
def key_and_certificate(name: str = "first") -> tuple[str, str]:
    """A key and its own certificate, as PEM."""
    key = generate_private_key(65537, 2048)
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{name} provider")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(called, called, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode(), certificate.public_bytes(Encoding.PEM).decode()


@dataclass
class Said:
    """One response, before it is signed: everything that a test may want to be wrong. Times in seconds from now."""

    issuer: str
    audience: str
    recipient: str
    in_response_to: str
    name_id: str
    attributes: dict[str, list[str]]
    response_in_response_to: str | None = None
    response_issuer: str | None = None
    destination: str | None = None
    name_id_format: str = PERSISTENT
    assertion_id: str = field(default_factory=lambda: f"_{secrets.token_hex(16)}")
    not_before: float = -30
    not_on_or_after: float = 300
    confirmation_until: float = 300
    authenticated: float = 0
    status: str = Names.STATUS_SUCCESS
    signs_assertion: bool = True
    signs_response: bool = False
    signs_with: tuple[str, str] = field(default_factory=key_and_certificate)
    algorithm: str = Names.RSA_SHA256
    digest: str = Names.SHA256
    rewrite: Callable[[str], str] = lambda text: text

    def xml(self) -> str:
        assertion = self._signed(self._assertion()) if self.signs_assertion else self._assertion()
        response = self._response(assertion)
        return self.rewrite(self._signed(response) if self.signs_response else response)

    def _signed(self, xml: str) -> str:
        key, certificate = self.signs_with
        signed = OneLogin_Saml2_Utils.add_sign(xml, key, certificate, False, self.algorithm, self.digest)
        return etree.tostring(etree.fromstring(signed)).decode()

    def _response(self, assertion: str) -> str:
        answered = self.in_response_to if self.response_in_response_to is None else self.response_in_response_to
        irt = f'InResponseTo="{answered}"' if answered else ""
        destination = self.recipient if self.destination is None else self.destination
        return (
            f'<samlp:Response xmlns:samlp="{Names.NS_SAMLP}" xmlns:saml="{Names.NS_SAML}" ID="_r{secrets.token_hex(8)}"'
            f' Version="2.0" IssueInstant="{at(0)}" Destination="{html.escape(destination)}" {irt}>'
            f"<saml:Issuer>{self.response_issuer or self.issuer}</saml:Issuer>"
            f'<samlp:Status><samlp:StatusCode Value="{self.status}"/></samlp:Status>{assertion}</samlp:Response>'
        )

    def _assertion(self) -> str:
        irt = f'InResponseTo="{self.in_response_to}"' if self.in_response_to else ""
        recipient = f'Recipient="{html.escape(self.recipient)}"' if self.recipient else ""
        audience = f"<saml:Audience>{html.escape(self.audience)}</saml:Audience>" if self.audience else ""
        restriction = f"<saml:AudienceRestriction>{audience}</saml:AudienceRestriction>" if audience else ""
        return (
            f'<saml:Assertion xmlns:saml="{Names.NS_SAML}" ID="{self.assertion_id}" Version="2.0"'
            f' IssueInstant="{at(0)}"><saml:Issuer>{self.issuer}</saml:Issuer><saml:Subject>'
            f'<saml:NameID Format="{self.name_id_format}">{self.name_id}</saml:NameID>'
            f'<saml:SubjectConfirmation Method="{Names.CM_BEARER}"><saml:SubjectConfirmationData {irt} {recipient}'
            f' NotOnOrAfter="{at(self.confirmation_until)}"/></saml:SubjectConfirmation></saml:Subject>'
            f'<saml:Conditions NotBefore="{at(self.not_before)}" NotOnOrAfter="{at(self.not_on_or_after)}">'
            f'{restriction}</saml:Conditions><saml:AuthnStatement AuthnInstant="{at(self.authenticated)}">'
            f"<saml:AuthnContext><saml:AuthnContextClassRef>{Names.AC_PASSWORD}</saml:AuthnContextClassRef>"
            f"</saml:AuthnContext></saml:AuthnStatement>{self._statement()}</saml:Assertion>"
        )

    def _statement(self) -> str:
        def one(name: str, values: list[str]) -> str:
            inner = "".join(f"<saml:AttributeValue>{html.escape(value)}</saml:AttributeValue>" for value in values)
            return f'<saml:Attribute Name="{name}">{inner}</saml:Attribute>'

        inner = "".join(one(name, values) for name, values in self.attributes.items())
        return f"<saml:AttributeStatement>{inner}</saml:AttributeStatement>" if inner else ""


@dataclass
class SamlProvider:
    """`people`: name → (NameID, attributes)."""

    people: dict[str, tuple[str, dict[str, list[str]]]] = field(default_factory=dict)
    entity_id: str = "https://idp.example/saml"
    sso_url: str = "https://idp.example/sso"
    key: tuple[str, str] = field(default_factory=key_and_certificate)

    @property
    def certificate(self) -> str:
        return self.key[1]

    def come_back(self, address: str, person: str, **changes: Any) -> tuple[str, dict[str, str]]:
        """Where the browser posts what for `person`, who was sent to `address`."""
        sent = dict(parse_qsl(urlsplit(address).query))
        request = etree.fromstring(zlib.decompress(base64.b64decode(sent["SAMLRequest"]), wbits=-15))
        name_id, attributes = self.people[person]
        said = Said(
            issuer=self.entity_id,
            audience=request.find(f"{{{Names.NS_SAML}}}Issuer").text,
            recipient=request.get("AssertionConsumerServiceURL"),
            in_response_to=request.get("ID"),
            name_id=name_id,
            attributes=attributes,
            signs_with=self.key,
        )
        for name, value in changes.items():
            setattr(said, name, value)
        form = {"SAMLResponse": base64.b64encode(said.xml().encode()).decode(), "RelayState": sent["RelayState"]}
        return request.get("AssertionConsumerServiceURL"), form

    def metadata(self) -> str:
        body = "".join(self.certificate.splitlines()[1:-1])
        return (
            f'<md:EntityDescriptor xmlns:md="{Names.NS_MD}" xmlns:ds="{Names.NS_DS}" entityID="{self.entity_id}">'
            f'<md:IDPSSODescriptor protocolSupportEnumeration="{Names.NS_SAMLP}"><md:KeyDescriptor use="signing">'
            f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{body}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
            f'</md:KeyDescriptor><md:SingleSignOnService Binding="{Names.BINDING_HTTP_REDIRECT}"'
            f' Location="{html.escape(self.sso_url)}"/></md:IDPSSODescriptor></md:EntityDescriptor>'
        )

    def pages(self) -> dict[str, Callable[..., Answer]]:
        return {"/sso": self._ask, "/approve": self._approve}

    def _ask(self, sent: dict[str, str], _headers: dict[str, str]) -> Answer:
        return choice_of_people("/approve", list(self.people), sent)

    def _approve(self, sent: dict[str, str], _headers: dict[str, str]) -> Answer:
        packed = {"SAMLRequest": sent["SAMLRequest"], "RelayState": sent["RelayState"]}
        action, form = self.come_back(f"{self.sso_url}?{urlencode(packed)}", sent["person"])
        fields = "".join(f'<input name="{name}" value="{html.escape(value)}">' for name, value in form.items())
        page = f'<form method="post" action="{html.escape(action)}">{fields}</form>'
        page += "<script>document.forms[0].submit()</script>"
        return 200, "text/html; charset=utf-8", page.encode()


@contextmanager
def saml_provider(**fields: Any) -> Iterator[SamlProvider]:
    """A running one."""
    provider = SamlProvider(**fields)
    with serving(provider.pages()) as address:
        provider.sso_url = f"{address}/sso"
        yield provider


def at(seconds: float) -> str:
    """So many seconds from now, as SAML writes it."""
    return datetime.fromtimestamp(time.time() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
