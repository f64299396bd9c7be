"""The kinds of values, as messages name them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stepgraph.ir.static_values import (
    StaticAwaitable,
    StaticClass,
    StaticCollection,
    StaticFunction,
    StaticGenerator,
    StaticMapping,
    StaticObject,
    StaticStep,
    StaticUnion,
)
from stepgraph.ir.values import Constant, Duration, ExternalResult, Moment, Value

if TYPE_CHECKING:
    from stepgraph.syntax.module import SourcePlace

# The kinds of results, by the dotted name of the called function or class.
_RESULT_KINDS: Final = {
    "datetime.timedelta": "a timedelta",
    "datetime.date": "a date",
    "datetime.date.today": "a date",
    "datetime.datetime.now": "a datetime",
    "datetime.datetime.utcnow": "a datetime",
    "datetime.datetime": "a datetime",
    "decimal.Decimal": "a Decimal",
}


_COMPOUND_TYPES: Final = frozenset(
    [
        *(StaticCollection, StaticMapping, StaticGenerator, StaticAwaitable),
        *(StaticFunction, StaticStep, StaticClass, StaticObject),
    ]
)
_NAME: Final = r"[^\W\d][\w.]*"
# Members of enumerations with other bases, such as `str`, may also be strings or numbers.
_PLAIN_ENUMERATION_BASES: Final = frozenset(["enum.Enum", "enum.unique", "enum.global_enum"])


def simple_cases(value: Value) -> tuple[Value, ...]:
    """Return the cases of a value except collections, functions and objects or, if no other case remains, all cases.

    If some case is simple, a type test may exclude the others: `a[0] if isinstance(a, list) else a`.
    """
    if type(value) is not StaticUnion:
        return (value,)
    cases = value.cases
    return tuple([case for case in cases if type(case) not in _COMPOUND_TYPES]) or cases


def may_be_guarded(value: Value, place: SourcePlace) -> bool:
    """Return whether a value is falsy and written as a name, so that a test may guard its use: `if PAUSE:`."""
    is_falsy = type(value) is Constant and not value.value
    return is_falsy and place.text not in ("None", "False") and re.fullmatch(_NAME, place.text) is not None


def kind_of(value: Value) -> str | None:
    """Return the kind of a value with its article, or None if the kind is uncertain."""
    match value:
        case Constant(value=constant):
            return _kind_of_constant(constant)
        case Duration():
            return "a timedelta"
        case Moment():
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
        case ExternalResult(name=name):
            return _RESULT_KINDS.get(name)
        case StaticObject(kinds=kinds) if "enum.Enum" in kinds and _PLAIN_ENUMERATION_BASES.issuperset(kinds):
            return "an enum member"
        case _:
            return None


def describe_wrong_kind(value: Value, source: str) -> str | None:
    """Return a clause about a value of the wrong kind, to be followed by "but", or None if its kind is uncertain."""
    kind = kind_of(value)
    if kind is None:
        return None
    return f"got `{source}`" if kind == source else f"`{source}` is {kind}"


def _kind_of_constant(constant: object) -> str:
    if constant is None:
        return "None"
    return {
        str: "a string",
        bytes: "bytes",
        bool: "a bool",
        int: "a number",
        float: "a number",
        complex: "a complex number",
    }.get(type(constant), "a constant")
