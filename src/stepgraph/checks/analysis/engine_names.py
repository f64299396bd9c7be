"""Names that the engine matches with `^[a-zA-Z0-9_][a-zA-Z0-9-_]*$`: event types and ids of instances."""

from __future__ import annotations

import re
from typing import Final, Literal

from msgspec import Struct

from stepgraph.checks.analysis.value_kinds import kind_of
from stepgraph.ir.values import Constant, Template, Value

MAX_NAME_LENGTH: Final = 100
_VALID: Final = r"[a-zA-Z0-9_][a-zA-Z0-9_-]*"
_INVALID_PART: Final = r"[^a-zA-Z0-9_-]+"
_FIELD: Final = r"\{[^{}]*\}"
# Times in a computed name, without a format, and a character that their text always contains.
_CLOCKS: Final = (
    (re.compile(r"\{((?:str\()?(?:\w+\.)*datetime\.(?:utc)?now\([\w.=]*\)(?:\.isoformat\(\))?\)?)\}"), ":"),
    (re.compile(r"\{((?:str\()?time\.time\(\)\)?)\}"), "."),
)


class NameFault(Struct, frozen=True):
    """The reason why the engine rejects a name."""

    cause: Literal["kind", "empty", "length", "characters"]
    problem: str
    """A predicate with the problem."""


def find_name_fault(value: Value) -> NameFault | None:
    """Return the fault of a name, or None for a valid or unknown name."""
    if isinstance(value, Template):
        return _fault_of_template(value.text)
    if not isinstance(value, Constant):
        kind = kind_of(value)
        return None if kind is None else NameFault("kind", f"is {kind}, not a string")
    text = value.value
    if not isinstance(text, str):
        return NameFault("kind", f"is `{text!r}`, not a string")
    if not text:
        return NameFault("empty", "is empty")
    if len(text) > MAX_NAME_LENGTH:
        return NameFault("length", f"has {len(text)} characters, more than {MAX_NAME_LENGTH}")
    if re.fullmatch(_VALID, text):
        return None
    invalid = re.search(_INVALID_PART, text)
    problem = f"contains {quoted_characters(invalid[0])}" if invalid else "starts with a hyphen"
    return NameFault("characters", f"{text!r} {problem}")


def correct_name(value: Value) -> str | None:
    """Return a constant name without invalid characters, or None if it would be empty or too long."""
    text = value.value if isinstance(value, Constant) and isinstance(value.value, str) else ""
    correction = re.sub(_INVALID_PART, "-", text).strip("-")
    return correction if re.fullmatch(_VALID, correction) and len(correction) <= MAX_NAME_LENGTH else None


def _fault_of_template(text: str) -> NameFault | None:
    """Return the fault of the constant parts of a computed name."""
    constant_text = re.sub(_FIELD, "", text)
    if "{" in constant_text or "}" in constant_text:
        return None
    if len(constant_text) > MAX_NAME_LENGTH:
        return NameFault("length", f"has more than {MAX_NAME_LENGTH} characters")
    invalid = re.search(_INVALID_PART, constant_text)
    if invalid is not None:
        return NameFault("characters", f"contains {quoted_characters(invalid[0])}")
    for clock, character in _CLOCKS:
        if (field := clock.search(text)) is not None:
            return NameFault("characters", f"contains {quoted_characters(character)}, from `{field[1]}`")
    return NameFault("characters", "starts with a hyphen") if text.startswith("-") else None


def quoted_characters(characters: str) -> str:
    """Return characters in quotes, or the words for a space."""
    return "a space" if characters == " " else repr(characters)
