"""Storability of values: whether the engine can receive a value, and store it as the result of a step."""

from __future__ import annotations

import datetime as dt
import sys
import uuid
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.ir.static_values import (
    StaticAwaitable,
    StaticClass,
    StaticCollection,
    StaticFunction,
    StaticGenerator,
    StaticMapping,
    StaticObject,
    StaticStep,
    cases_of,
)
from stepgraph.ir.values import (
    Constant,
    Duration,
    External,
    ExternalResult,
    ExternalResultMember,
    Moment,
    Value,
)
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.python_names import COROUTINE_FUNCTIONS

_DATES: Final = (
    "datetime.date",
    "datetime.date.today",
    "datetime.date.fromisoformat",
    "datetime.date.fromtimestamp",
    "datetime.date.fromordinal",
    "datetime.date.fromisocalendar",
)
# Calls that return a datetime. A step cannot return the results of its methods `date` and `time`.
_DATETIMES: Final = (
    "datetime.datetime",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.datetime.fromisoformat",
    "datetime.datetime.fromtimestamp",
    "datetime.datetime.utcfromtimestamp",
    "datetime.datetime.strptime",
    "datetime.datetime.combine",
)

_MATCHES: Final = tuple(
    f"{owner}.{name}" for owner in ("re", "re.compile()") for name in ("match", "search", "fullmatch")
)

_ISO: Final = "Return its `.isoformat()`."
_STR: Final = "Convert it with `str(...)`."
_SECONDS: Final = "Return its `total_seconds()`."
_LIST: Final = "Convert it with `list(...)`."
_RESPONSE: Final = "Return what you need from it, such as `await response.json()`."

# The kind of the result, with its article, and the advice, by the dotted name of the call.
UNSTORABLE: Final[dict[str, tuple[str, str]]] = {
    **dict.fromkeys(_DATES, ("a date", _ISO)),
    **dict.fromkeys((f"{call}().date" for call in _DATETIMES), ("a date", _ISO)),
    **dict.fromkeys((f"{call}().time" for call in _DATETIMES), ("a time", _ISO)),
    **dict.fromkeys(("datetime.time", "datetime.time.fromisoformat"), ("a time", _ISO)),
    "datetime.timedelta": ("a timedelta", _SECONDS),
    **dict.fromkeys(
        ("decimal.Decimal", *(f"decimal.Decimal().{name}" for name in ("quantize", "normalize", "to_integral_value"))),
        ("a Decimal", _STR),
    ),
    "fractions.Fraction": ("a Fraction", _STR),
    **dict.fromkeys(
        (f"uuid.{name}" for name in ("UUID", "uuid1", "uuid3", "uuid4", "uuid5", "uuid6", "uuid7", "uuid8")),
        ("a UUID", _STR),
    ),
    **dict.fromkeys(
        (f"pathlib.{name}" for name in ("Path", "PurePath", "PosixPath", "PurePosixPath", "Path.cwd", "Path.home")),
        ("a path", _STR),
    ),
    **dict.fromkeys(
        (f"ipaddress.{name}" for name in ("ip_address", "ip_network", "IPv4Address", "IPv6Address")),
        ("an address", _STR),
    ),
    **dict.fromkeys(("collections.namedtuple()", "typing.NamedTuple()"), ("a named tuple", "Return its `_asdict()`.")),
    "builtins.bytearray": ("a bytearray", "Convert it with `bytes(...)`."),
    "builtins.complex": ("a complex number", "Return its parts, `[z.real, z.imag]`."),
    **dict.fromkeys(("builtins.divmod", "os.path.split", "os.path.splitext", "struct.unpack"), ("a tuple", _LIST)),
    "builtins.frozenset": ("a frozenset", "Convert it with `set(...)` or `list(...)`."),
    "builtins.range": ("a range", _LIST),
    "collections.deque": ("a deque", _LIST),
    "builtins.filter": ("an iterator", _LIST),
    "builtins.object": ("an object", "Return a string or a number."),
    **dict.fromkeys(("csv.DictReader", "csv.reader"), ("an iterator", _LIST)),
    **dict.fromkeys(
        ("hmac.new", *(f"hashlib.{name}" for name in ("md5", "new", "sha1", "sha224", "sha256", "sha384", "sha512"))),
        ("a hash object", "Return its `.hexdigest()`."),
    ),
    **dict.fromkeys(("time.gmtime", "time.localtime"), ("a `struct_time`", "Return `time.time()`.")),
    **dict.fromkeys(("urllib.parse.urlparse", "urllib.parse.urlsplit"), ("a parsed URL", "Return its `.geturl()`.")),
    "re.compile": ("a compiled pattern", "Return its `.pattern`."),
    **dict.fromkeys(_MATCHES, ("a match object", "Return its `.group()`.")),
    **dict.fromkeys((f"{call}().{name}" for call in _MATCHES for name in ("groups", "span")), ("a tuple", _LIST)),
    **dict.fromkeys(("re.finditer", "re.compile().finditer"), ("an iterator", _LIST)),
    "collections.Counter().most_common": ("a list of tuples", "Convert its pairs with `list(...)`."),
    "types.SimpleNamespace": ("an object", "Convert it with `vars(...)`."),
    **dict.fromkeys(
        (
            *("js.Response", "js.Response.json", "js.Response.new", "pyodide.http.FetchResponse", "workers.Response"),
            *("workers.Response.from_json", "workers.Response.json", "workers.Response.redirect"),
        ),
        ("a Response", _RESPONSE),
    ),
    "workers.WorkflowInstance": ("a handle of a workflow instance", "Return its `.id`."),
    "workers.WorkflowInstance[]": ("handles of workflow instances", "Return the `.id` of each of them."),
    **dict.fromkeys(("io.BytesIO", "io.StringIO"), ("an in-memory file", "Return its `getvalue()`.")),
}

# Modules of the standard library whose functions results contain if the parentheses of a call are missing.
_MODULES: Final = frozenset(["builtins", "datetime", "json", "math", "random", "secrets", "time", "uuid"])
# The types of results, by the dotted name of the call.
_RESULT_TYPES: Final[dict[str, type]] = {
    **dict.fromkeys(_DATES, dt.date),
    **dict.fromkeys(_DATETIMES, dt.datetime),
    **dict.fromkeys((f"uuid.uuid{version}" for version in (1, 3, 4, 5)), uuid.UUID),
}

IsWritten: TypeAlias = "Callable[[SourcePlace], bool]"
"""Whether the code at a location creates a part of the result, and not a value for another purpose."""
MustOccur: TypeAlias = "Callable[[Value], bool]"
"""Whether a case of a union certainly occurs on some path."""

# Bases and decorators that do not make an object storable.
_PLAIN_BASES: Final = frozenset(
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

# The kind and the advice for collections that cannot be stored.
_COLLECTIONS: Final = {
    "tuple": ("a tuple", "Return a list or a dictionary."),
    "frozenset": UNSTORABLE["builtins.frozenset"],
    "deque": UNSTORABLE["collections.deque"],
}
# The smallest absolute value of an integer that cannot be stored.
_TOO_LARGE: Final = 2**53 - 1


class UnstorablePart(Struct, frozen=True):
    """A value, or a part of a value, that cannot be stored."""

    kind: str
    """The kind of the value, with its article."""
    advice: str
    """The change to make."""
    place: SourcePlace | None = None
    """The location of the part, or None for the whole value."""
    is_sendable: bool = False
    """Whether the engine can receive the value, but not store it."""


_LARGE_INTEGER: Final = UnstorablePart(
    "an integer that is too large for JavaScript", "Return a string.", is_sendable=True
)
_FUNCTION: Final = UnstorablePart("a function", "Call it, and return the result.", is_sendable=True)
_CLASS: Final = UnstorablePart("a class", "Return its name.", is_sendable=True)


class Certainty(Struct, frozen=True):
    """Predicates that determine which cases of a value certainly occur."""

    is_written: IsWritten
    must_occur: MustOccur


def unstorable_parts(value: Value, certainty: Certainty, *, awaited: bool) -> Iterator[UnstorablePart]:
    """Yield the parts of a value that cannot be stored. With `awaited`, the SDK awaits an awaitable value itself.

    For a union whose cases are all unstorable or None, all parts are reported. For any other union, only cases that
    must occur are reported.
    """
    cases = cases_of(value)
    faults_by_case = [tuple(_case_faults(case_, certainty, awaited=awaited)) for case_ in cases]
    if not any(faults_by_case):
        return
    all_faulty = all(faults or case_ == Constant(None) for case_, faults in zip(cases, faults_by_case, strict=True))
    for case_, faults in zip(cases, faults_by_case, strict=True):
        if faults and (all_faulty or certainty.must_occur(case_)):
            yield from faults


def _case_faults(value: Value, certainty: Certainty, *, awaited: bool) -> Iterator[UnstorablePart]:
    if awaited and _is_awaitable(value):
        return
    fault = _simple_fault(value)
    if fault is not None:
        yield fault
    elif isinstance(value, StaticCollection) and value.is_view:
        yield UnstorablePart("a view of a dictionary", _LIST)
    elif isinstance(value, StaticCollection) and value.kind in _COLLECTIONS:
        if not value.elements or any(certainty.is_written(element.place) for element in value.elements):
            yield UnstorablePart(*_COLLECTIONS[value.kind])
    elif isinstance(value, StaticCollection | StaticMapping) and not value.may_be_overwritten:
        yield from _part_faults(value, certainty)


def _part_faults(value: StaticCollection | StaticMapping, certainty: Certainty) -> Iterator[UnstorablePart]:
    parts = value.elements if isinstance(value, StaticCollection) else value.entries
    is_set = isinstance(value, StaticCollection) and value.kind == "set"
    for part in parts:
        if is_set and isinstance(part.value, StaticCollection) and part.value.kind == "tuple":
            continue  # reported as an invalid member of a set
        for fault in unstorable_parts(part.value, certainty, awaited=False):
            yield fault if fault.place is not None else replace(fault, place=part.place)
    yield from _key_faults(value)


def _key_faults(value: StaticCollection | StaticMapping) -> Iterator[UnstorablePart]:
    """Yield a fault for each invalid key, and for each member of a set that is invalid only in a set."""
    if isinstance(value, StaticMapping):
        for entry in value.entries:
            if kind := _invalid_key_kind(entry.key):
                yield UnstorablePart(f"{kind} as a key", "Convert it to a string.", entry.key_place)
    elif value.kind == "set":
        for element in value.elements:
            if (kind := _invalid_key_kind(element.value)) and _simple_fault(element.value) is None:
                yield UnstorablePart(f"{kind} in a set", "Return a list.", element.place)


def _invalid_key_kind(value: Value) -> str | None:
    """Return the kind of a key without an equivalent in JavaScript. Return None for a valid or unknown key."""
    match value:
        case Constant(value=bytes()):
            return "bytes"
        case Moment():
            return "a datetime"
        case StaticCollection(kind="tuple"):
            return "a tuple"
    fault = _simple_fault(value)
    return None if fault is None or isinstance(value, Constant) else fault.kind


def _simple_fault(value: Value) -> UnstorablePart | None:
    """Return the fault of a value other than a collection. Return None for a storable or unknown value."""
    match value:
        case Constant(value=complex()):
            return UnstorablePart(*UNSTORABLE["builtins.complex"])
        case Constant(value=int(number)) if abs(number) >= _TOO_LARGE:
            return _LARGE_INTEGER
        case ExternalResult(name="time.time_ns"):
            return _LARGE_INTEGER
        case Duration():
            return UnstorablePart(*UNSTORABLE["datetime.timedelta"])
        case ExternalResult() | StaticAwaitable() if _is_awaitable(value):
            return UnstorablePart("a coroutine that was not awaited", "Write `await` before it.")
        case ExternalResult(name=name):
            description = UNSTORABLE.get(name)
            return None if description is None else UnstorablePart(*description)
        case StaticObject():
            return _object_fault(value)
        case StaticGenerator():
            return UnstorablePart("a generator", "Convert it with `list(...)`.")
        case StaticFunction() | StaticStep():
            return _FUNCTION
        case StaticClass():
            return _CLASS
        case External(name=name):
            return _external_fault(name)
        case ExternalResultMember(name=name):
            owner, _, member = name.rpartition("().")
            return _FUNCTION if callable(getattr(_RESULT_TYPES.get(owner), member, None)) else None
        case _:
            return None


def _is_awaitable(value: Value) -> bool:
    is_external = isinstance(value, ExternalResult) and value.name in COROUTINE_FUNCTIONS
    return is_external or isinstance(value, StaticAwaitable)


def _external_fault(name: str) -> UnstorablePart | None:
    """Return the fault of a module, class or function of the standard library. Return None for other names."""
    if name in sys.stdlib_module_names:
        return UnstorablePart("a module", "Return a value from it.")
    module, *path = name.split(".")
    # Imported here because `secrets` loads OpenSSL, which takes longer than all other imports of the rules.
    external: object = import_module(module) if module in _MODULES else None
    for attribute in path:
        external = getattr(external, attribute, None)
    if isinstance(external, type):
        return _CLASS
    return _FUNCTION if callable(external) else None


def _object_fault(value: StaticObject) -> UnstorablePart | None:
    """Return the fault of an object. Return None for an object with an unknown or storable base."""
    kinds = set(value.kinds)
    unknown_bases = kinds - _PLAIN_BASES - _ENUMERATIONS - _NAMED_TUPLES - _DATACLASSES - _ATTRS - _MODELS
    if unknown_bases:
        return None
    if kinds & _ENUMERATIONS:
        return UnstorablePart(f"a member of the enum `{value.class_name}`", "Return its `.value`.")
    if kinds & _NAMED_TUPLES:
        return UnstorablePart(f"a named tuple (`{value.class_name}`)", "Return its `_asdict()`.")
    if kinds & _DATACLASSES:
        return UnstorablePart(
            f"an instance of the dataclass `{value.class_name}`", "Convert it with `dataclasses.asdict(...)`."
        )
    if kinds & _MODELS:
        return UnstorablePart(f"an instance of the model `{value.class_name}`", "Return its `model_dump()`.")
    return UnstorablePart(
        f"an instance of the class `{value.class_name}`", "Return a dictionary of the fields you need."
    )
