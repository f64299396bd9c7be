"""Which values can be sent to the engine, and stored there as a step's result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.checks.analysis.unstorable_results import UNSTORABLE
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
from stepgraph.syntax.module import Place

# Whether a tuple was written where its elements are, and is none that a helper function gives in another case.
IsWritten: TypeAlias = "Callable[[Place], bool]"
# Whether one of several values that something may be is surely met on some path.
IsMet: TypeAlias = "Callable[[StaticValue], bool]"

# Kinds of objects that leave an object what it is: nothing that can be stored.
_MERE_OBJECTS: Final = frozenset(
    [
        *(
            "abc.ABC",
            "abc.ABCMeta",
            "builtins.object",
            "typing.Generic",
            "typing.Protocol",
            "typing_extensions.Protocol",
        ),
        *("enum.unique", "enum.global_enum", "functools.total_ordering", "typing.final", "typing.runtime_checkable"),
    ]
)
_ENUMERATIONS: Final = frozenset(["enum.Enum", "enum.Flag", "enum.IntFlag"])
_NAMED_TUPLES: Final = frozenset(["typing.NamedTuple", "collections.namedtuple()", "typing.NamedTuple()"])
_DATACLASSES: Final = frozenset(["dataclasses.dataclass"])
_ATTRS: Final = frozenset(
    f"{package}.{name}" for package in ("attr", "attrs") for name in ("s", "attrs", "define", "frozen", "mutable")
)
_MODELS: Final = frozenset(["pydantic.BaseModel", "pydantic.main.BaseModel"])

# Of collections that cannot be stored, what they are and what to return instead.
_COLLECTIONS: Final = {
    "tuple": ("a tuple", "Return a list: `[...]`, or a dictionary."),
    "frozenset": UNSTORABLE["builtins.frozenset"],
    "deque": UNSTORABLE["collections.deque"],
}
# From here on, an integer is none of JavaScript's numbers.
_TOO_LARGE: Final = 2**53 - 1


class Unstorable(Struct, frozen=True):
    """A value, or a part of one, that cannot be stored: what it is, with its article, and what to return instead.

    `place` is that of the part, None for the whole value. It `is_sent` where only to keep it fails.
    """

    what: str
    advice: str
    place: Place | None = None
    is_sent: bool = False


class Certainty(Struct, frozen=True):
    """What is told of a value besides what it may be: which of that is certain."""

    is_written: IsWritten
    is_met: IsMet


def unstorable(value: StaticValue, certainty: Certainty, *, awaited: bool) -> Iterator[Unstorable]:
    """Yield what of a value cannot be stored. What the SDK awaits itself, as it is told, is no matter.

    Of several values that it may be, all must be unstorable (or None), or one be surely met.
    """
    cases = cases_of(value)
    found = [tuple(_of_one(option, certainty, awaited=awaited)) for option in cases]
    whichever = all(faults or option == StaticConstant(None) for option, faults in zip(cases, found, strict=True))
    for option, faults in zip(cases, found, strict=True):
        if faults and (whichever or certainty.is_met(option)):
            yield from faults


def _of_one(value: StaticValue, certainty: Certainty, *, awaited: bool) -> Iterator[Unstorable]:
    if isinstance(value, StaticAwaitable) and awaited:
        return
    whole = _mere(value)
    if whole is not None:
        yield whole
    elif isinstance(value, StaticCollection) and value.kind in _COLLECTIONS:
        if not value.elements or any(certainty.is_written(element.place) for element in value.elements):
            yield Unstorable(*_COLLECTIONS[value.kind])
    elif isinstance(value, StaticCollection | StaticMapping) and not value.may_be_overwritten:
        yield from _of_parts(value, certainty)


def _of_parts(value: StaticCollection | StaticMapping, certainty: Certainty) -> Iterator[Unstorable]:
    parts = value.elements if isinstance(value, StaticCollection) else value.entries
    for part in parts:
        for found in unstorable(part.value, certainty, awaited=False):
            yield found if found.place is not None else replace(found, place=part.place)
    yield from _of_keys(value)


def _of_keys(value: StaticCollection | StaticMapping) -> Iterator[Unstorable]:
    """Keys, and members of sets, can be None, a truth value, a number or text."""
    if isinstance(value, StaticMapping):
        for entry in value.entries:
            if what := _no_key(entry.key):
                yield Unstorable(f"{what} as a key", "Make text of it.", entry.key_place)
    elif value.kind == "set":
        for element in value.elements:
            if (what := _no_key(element.value)) and _mere(element.value) is None:
                yield Unstorable(f"{what} in a set", "Return a list.", element.place)


def _no_key(value: StaticValue) -> str | None:
    """Return what a key is that JavaScript has nothing like, None where it can be one, or that is not known."""
    match value:
        case StaticConstant(value=bytes()):
            return "bytes"
        case StaticDatetime():
            return "a datetime"
        case StaticCollection(kind="tuple"):
            return "a tuple"
    found = _mere(value)
    return None if found is None or isinstance(value, StaticConstant) else found.what


def _mere(value: StaticValue) -> Unstorable | None:
    """Return why a value that is no collection cannot be stored, None where it can, or that is not known."""
    match value:
        case StaticConstant(value=complex()):
            return Unstorable(*UNSTORABLE["builtins.complex"])
        case StaticConstant(value=int(number)) if abs(number) >= _TOO_LARGE:
            return Unstorable("an integer that is too large for JavaScript", "Return text.", is_sent=True)
        case StaticDuration():
            return Unstorable(*UNSTORABLE["datetime.timedelta"])
        case StaticResult(name=name):
            found = UNSTORABLE.get(name)
            return None if found is None else Unstorable(*found)
        case StaticObject():
            return _of_object(value)
        case StaticGenerator():
            return Unstorable("a generator", "Return `list(...)` of it.")
        case StaticFunction() | StaticStep():
            return Unstorable("a function", "Return what it gives: call it.", is_sent=True)
        case StaticClass():
            return Unstorable("a class", "Return text that names it.", is_sent=True)
        case StaticAwaitable():
            return Unstorable("a coroutine that was not awaited", "Write `await` before it.")
        case _:
            return None


def _of_object(value: StaticObject) -> Unstorable | None:
    """An object is unstorable if all that it derives from is known, and none of that is a type that can be stored."""
    kinds = set(value.kinds)
    rest = kinds - _MERE_OBJECTS - _ENUMERATIONS - _NAMED_TUPLES - _DATACLASSES - _ATTRS - _MODELS
    if rest:
        return None
    if kinds & _ENUMERATIONS:
        return Unstorable(f"a member of the enumeration `{value.class_name}`", "Return its `.value`.")
    if kinds & _NAMED_TUPLES:
        return Unstorable(f"a named tuple (`{value.class_name}`)", "Return its `_asdict()`.")
    if kinds & _DATACLASSES:
        return Unstorable(f"an object of the dataclass `{value.class_name}`", "Return `dataclasses.asdict(...)` of it.")
    if kinds & _MODELS:
        return Unstorable(f"an object of the model `{value.class_name}`", "Return its `model_dump()`.")
    return Unstorable(f"an object of the class `{value.class_name}`", "Return a dictionary of what is needed of it.")
