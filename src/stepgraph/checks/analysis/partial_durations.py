"""Durations of which the number is not known, and the unit is: `f"{minutes} min"`."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from stepgraph.checks.analysis.durations import is_unit, unit_meant

_FIELD_AND_UNIT: Final = re.compile(r"\{([^{}]+)\}( *)([A-Za-z]+)")
# A sum, product or power, a call that gives a number, the format of one, or a name that says so: it is no text with a
# unit of its own.
_NUMERIC: Final = re.compile(
    r".*[\w\])] *(?:[*/]|[+-] *\d)"
    r"|(?:int|round|len|min|max)\(.*"
    r"|.*:[\d.]*[dfg]$"
    r"|.*(?:\b|_)(?:seconds|secs|minutes|mins|hours|days|attempt|attempts|count)$",
    re.DOTALL | re.IGNORECASE,
)


class PartialDuration(Struct, frozen=True):
    """A field and the unit after it; `meant` is the unit that it stands for, None where that is not certain.

    It `is_number` if what the field gives can only be a number.
    """

    field: str
    is_spaced: bool
    unit: str
    meant: str | None

    @property
    def is_number(self) -> bool:
        """Whether the field is plainly a number, whatever it is."""
        return _NUMERIC.match(self.field) is not None

    @property
    def is_known(self) -> bool:
        """Whether the engine takes the unit for what it says."""
        return is_unit(self.unit)


def partial_duration(text: str) -> PartialDuration | None:
    """Return the parts of text that is one field and a unit, None for any other text."""
    match = _FIELD_AND_UNIT.fullmatch(text)
    if match is None:
        return None
    return PartialDuration(match[1], bool(match[2]), match[3], unit_meant(match[3]))
