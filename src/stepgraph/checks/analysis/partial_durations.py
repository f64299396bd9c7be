"""Durations with an unknown number and a constant unit: `f"{minutes} min"`."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from stepgraph.checks.analysis.durations import expand_unit, is_unit

_FIELD_AND_UNIT: Final = re.compile(r"\{([^{}]+)\}( *)([A-Za-z]+)")
# Numbers rather than strings with a unit: arithmetic, calls that return numbers, number formats and telling names.
_NUMERIC: Final = re.compile(
    r".*[\w\])] *(?:[*/]|[+-] *\d)"
    r"|(?:int|round|len|min|max)\(.*"
    r"|.*:[\d.]*[dfg]$"
    r"|.*(?:\b|_)(?:seconds|secs|minutes|mins|hours|days|attempt|attempts|count)$",
    re.DOTALL | re.IGNORECASE,
)


class PartialDuration(Struct, frozen=True):
    """A replacement field followed by a unit."""

    field: str
    """The source of the replacement field, without braces."""
    is_spaced: bool
    """Whether a space separates the field from the unit."""
    unit: str
    """The unit as written."""
    intended_unit: str | None
    """The unit of the engine that it certainly means, if any."""

    @property
    def is_number(self) -> bool:
        """Whether the source of the field shows that its value is a number."""
        return _NUMERIC.match(self.field) is not None

    @property
    def has_valid_unit(self) -> bool:
        """Whether the engine interprets the unit correctly."""
        return is_unit(self.unit)


def parse_partial_duration(text: str) -> PartialDuration | None:
    """Parse text that consists of a replacement field and a unit. Return None for any other text."""
    match = _FIELD_AND_UNIT.fullmatch(text)
    if match is None:
        return None
    return PartialDuration(match[1], bool(match[2]), match[3], expand_unit(match[3]))
