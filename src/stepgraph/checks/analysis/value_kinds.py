"""What kind of thing a value is, in the words of a message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stepgraph.ir.static_values import (
    StaticAwaitable,
    StaticClass,
    StaticCollection,
    StaticConstant,
    StaticDatetime,
    StaticDuration,
    StaticFunction,
    StaticGenerator,
    StaticMapping,
    StaticObject,
    StaticResult,
    StaticStep,
    StaticValue,
    cases_of,
)

if TYPE_CHECKING:
    from stepgraph.syntax.module import Place

_MADE: Final = {
    "datetime.timedelta": "a timedelta",
    "datetime.date": "a date",
    "datetime.date.today": "a date",
    "datetime.datetime.now": "a datetime",
    "datetime.datetime.utcnow": "a datetime",
    "datetime.datetime": "a datetime",
    "decimal.Decimal": "a Decimal",
}


_NAME: Final = re.compile(r"[^\W\d][\w.]*")
# Members of other enumerations are text or numbers too.
_MERE_ENUMERATION: Final = frozenset(["enum.Enum", "enum.unique", "enum.global_enum"])


def simple_possibilities(value: StaticValue) -> tuple[StaticValue, ...]:
    """Return what a value may be besides a collection, function or object; if nothing, all that it may be.

    Where it may be something simple, a test can have told the others apart: `a[0] if isinstance(a, list) else a`.
    """
    compound = (
        StaticCollection
        | StaticMapping
        | StaticGenerator
        | StaticAwaitable
        | StaticFunction
        | StaticStep
        | StaticClass
        | StaticObject
    )
    possible = cases_of(value)
    return tuple(one for one in possible if not isinstance(one, compound)) or possible


def may_be_nothing(value: StaticValue, place: Place) -> bool:
    """Whether a name stands for None, 0 or no text: it may be used only where it is more, as in `if PAUSE:`."""
    empty = isinstance(value, StaticConstant) and not value.value
    return empty and place.text not in ("None", "False") and _NAME.fullmatch(place.text) is not None


def kind_of(value: StaticValue) -> str | None:
    """Return what a value is, with its article; None where that is not known for certain."""
    match value:
        case StaticConstant(value=constant):
            return _kind_of_constant(constant)
        case StaticDuration():
            return "a timedelta"
        case StaticDatetime():
            return "a datetime"
        case StaticCollection(kind=kind):
            return f"a {kind}"
        case StaticMapping():
            return "a dictionary"
        case StaticFunction() | StaticStep():
            return "a function"
        case StaticClass():
            return "a class"
        case StaticGenerator():
            return "a generator"
        case StaticResult(name=name):
            return _MADE.get(name)
        case StaticObject(kinds=kinds) if "enum.Enum" in kinds and _MERE_ENUMERATION.issuperset(kinds):
            return "a member of an enumeration"
        case _:
            return None


def described(value: StaticValue, written: str) -> str | None:
    """Return what is said of a value that is not of the right kind, None where it is not known for certain."""
    kind = kind_of(value)
    if kind is None:
        return None
    return f"`{written}` is given" if kind == written else f"`{written}` is {kind}"


def _kind_of_constant(constant: object) -> str:
    if constant is None:
        return "None"
    return {
        str: "text",
        bytes: "bytes",
        bool: "a truth value",
        int: "a number",
        float: "a number",
        complex: "a complex number",
    }.get(type(constant), "a constant")
