"""What an identity provider says about a person, once its signature and purpose are verified."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST_SUBJECT = 255  # characters
LONGEST_VALUE = 1000  # characters; longer ones are no names of groups or people
MOST_VALUES = 2000  # of one attribute


@dataclass(frozen=True)
class Asserted:
    """`subject` is OIDC's `sub` or SAML's NameID; `attributes` are texts by name, an attribute has one or more."""

    subject: str
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def values(self, name: str) -> tuple[str, ...]:
        return self.attributes.get(name, ())

    def value(self, name: str) -> str:
        """The only or first value; empty without one."""
        return next(iter(self.values(name)), "")


def texts(value: Any) -> tuple[str, ...]:
    """The texts in a claim or attribute: itself, or those of its list. Numbers and truth values are texts too."""
    listed = value if isinstance(value, list | tuple) else [value]
    plain = [str(item).strip() for item in listed[:MOST_VALUES] if isinstance(item, str | int | float | bool)]
    return tuple(text for text in plain if 0 < len(text) <= LONGEST_VALUE)
