"""SAML metadata: the provider's, pasted by an administrator, and ours for the provider (saml-metadata-2.0-os)."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

LONGEST_METADATA = 512 * 1024  # characters
MD = f"{{{Names.NS_MD}}}"


def read_metadata(text: str) -> dict[str, Any]:
    """`entity_id`, `sso_url` and `certificates` (base64) that provider metadata names. Raises ValidationError."""
    if len(text) > LONGEST_METADATA:
        raise ValidationError(_("This file is too long for metadata."), code="metadata")
    try:
        found = OneLogin_Saml2_IdPMetadataParser.parse(text).get("idp", {})
    except Exception as error:  # python3-saml raises lxml's errors and its own; all say that it is no metadata
        raise ValidationError(_("This is not SAML metadata."), code="metadata") from error
    multiple = found.get("x509certMulti", {}).get("signing")
    named = {
        "entity_id": found.get("entityId", ""),
        "sso_url": found.get("singleSignOnService", {}).get("url", ""),
        "certificates": multiple or ([found["x509cert"]] if found.get("x509cert") else []),
    }
    if not all(named.values()):
        problem = _("The metadata names no provider with a redirect address and a signing certificate.")
        raise ValidationError(problem, code="metadata")
    return named


def our_metadata(*, entity_id: str, acs_url: str) -> bytes:
    """The document that tells a provider of us. It needs nothing but the two addresses: it tells no secret."""
    root = etree.Element(f"{MD}EntityDescriptor", entityID=entity_id, nsmap={"md": Names.NS_MD})
    descriptor = etree.SubElement(
        root,
        f"{MD}SPSSODescriptor",
        AuthnRequestsSigned="false",
        WantAssertionsSigned="true",
        protocolSupportEnumeration=Names.NS_SAMLP,
    )
    for name_format in (Names.NAMEID_PERSISTENT, Names.NAMEID_UNSPECIFIED):
        etree.SubElement(descriptor, f"{MD}NameIDFormat").text = name_format
    service = {"Binding": Names.BINDING_HTTP_POST, "Location": acs_url, "index": "0", "isDefault": "true"}
    etree.SubElement(descriptor, f"{MD}AssertionConsumerService", service)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))
