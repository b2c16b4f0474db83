"""Checks of single fields, and `Shape`: a frozen dataclass that reads itself from JSON and writes itself back.

A check takes what `json.loads` gave and returns the value to keep, or raises BadValue. Nothing is converted silently.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Self

Json = dict[str, Any]
Check = Callable[[object], Any]

LARGEST_NUMBER = 2**53
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class BadValue(ValueError):
    """A field is missing, unknown, or not what it must be; `code` is the error's on the wire."""

    def __init__(self, code: str = "bad_message") -> None:
        super().__init__(code)
        self.code = code


def checked(check: Check, **options: Any) -> Any:
    """A dataclass field that is read with `check`; without a `default` it must be there."""
    return field(metadata={"check": check}, **options)


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise BadValue
    return value


def number(value: object) -> float:
    """A finite number of at most 2**53."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValue
    if not math.isfinite(value) or abs(value) > LARGEST_NUMBER:
        raise BadValue
    return value


def whole(low: int, high: int = LARGEST_NUMBER) -> Check:
    def check(value: object) -> int:
        if type(value) is not int or not low <= value <= high:
            raise BadValue
        return value

    return check


def text(low: int, high: int, *, too_long: str = "bad_message") -> Check:
    """Unicode text of `low` to `high` characters that can be encoded and stored: no lone surrogate, no NUL."""

    def check(value: object) -> str:
        if not isinstance(value, str) or len(value) < low:
            raise BadValue
        if len(value) > high:
            raise BadValue(too_long)
        if _UNSTORABLE.search(value):
            raise BadValue
        return value

    return check


def word(pattern: str) -> Check:
    """Text that matches `pattern` as a whole."""
    compiled = re.compile(pattern)

    def check(value: object) -> str:
        if not isinstance(value, str) or compiled.fullmatch(value) is None:
            raise BadValue
        return value

    return check


def one_of(values: Collection[str]) -> Check:
    def check(value: object) -> str:
        if not isinstance(value, str) or value not in values:
            raise BadValue
        return value

    return check


def or_null(inner: Check) -> Check:
    return lambda value: None if value is None else inner(value)


def items(inner: Check, *, most: int) -> Check:
    """A list of at most `most` items."""

    def check(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise BadValue
        return tuple(inner(item) for item in value)

    return check


def mapping(key: Check, inner: Check, *, most: int) -> Check:
    """An object with at most `most` names."""

    def check(value: object) -> Json:
        if not isinstance(value, dict) or len(value) > most:
            raise BadValue
        return {key(name): inner(item) for name, item in value.items()}

    return check


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Base of everything on the wire. Its JSON has exactly its fields; one whose default is None may be left out."""

    @classmethod
    def read(cls, value: object) -> Self:
        """Read a JSON object. Raises BadValue."""
        if not isinstance(value, dict):
            raise BadValue
        known = {each.name: each for each in fields(cls)}
        if not value.keys() <= known.keys():
            raise BadValue
        if any(name not in value and each.default is MISSING for name, each in known.items()):
            raise BadValue
        return cls(**{name: known[name].metadata["check"](item) for name, item in value.items()})

    def plain(self) -> Json:
        """What `json.dumps` takes. A field that is at its default None is left out."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        optional = {each.name for each in fields(self) if each.default is None}
        return {name: _plain(value) for name, value in found.items() if value is not None or name not in optional}


def _plain(value: Any) -> Any:
    if isinstance(value, Shape):
        return value.plain()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value
