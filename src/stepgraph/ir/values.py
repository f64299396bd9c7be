"""The base class of abstract values, and values without parts.

A value is `relevant` if it can lead to a step. The join of different values is `UNKNOWN` unless one of them is
relevant. A `tainted` value is unknown to the graph, but rules track its uses.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import ClassVar, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.limits import MAXIMUM, Limit, LimitExceededError
from stepgraph.syntax.module import SourcePlace

Scalar: TypeAlias = str | bytes | int | float | complex | None


class Value:
    """The base class of abstract values."""

    __slots__ = ()
    relevant: ClassVar[bool] = True
    """Whether the value can lead to a step."""
    tainted: ClassVar[bool] = False
    """Whether replay rules track the value, although it leads to no step."""
    parts: int = 1
    """The number of values in the tree of this value if its fields decide equality. Repeated values count each time."""


def count_with_children(children: Iterable[Value]) -> int:
    """Return the number of values in a tree with these children. Raises LimitExceededError above the limit."""
    parts = 1 + sum(child.parts for child in children)
    if parts > MAXIMUM[Limit.PARTS]:
        raise LimitExceededError(Limit.PARTS)
    return parts


class Unknown(Value, Struct, frozen=True):
    """A value without any information. The interpreter assumes that the value leads to no step."""

    relevant: ClassVar[bool] = False


UNKNOWN = Unknown()


class PartlyKnownText(Unknown, frozen=True):
    """Text that starts or ends with a constant, according to a test. The graph does not show the constant."""

    parts_around_field: tuple[str, str]
    """The constant start and end."""


class Constant(Value, Struct, frozen=True):
    """A literal, or the result of an operation on literals."""

    value: Scalar
    relevant: ClassVar[bool] = False


class NameArgument(Value, Struct, frozen=True):
    """A constant argument that a function uses as the name of an attribute or step.

    It is relevant, so that calls with different names have different summaries. The graph does not show it.
    """

    value: str


class Absent(Value, Struct, frozen=True):
    """A None that the graph does not show as a constant, such as the result of a call.

    Calling it raises a TypeError and so ends the branch, unlike calling `UNKNOWN`.
    """

    relevant: ClassVar[bool] = False


ABSENT = Absent()


def is_none(value: Value) -> bool:
    """Return whether a value is None."""
    return isinstance(value, Absent) or value == Constant(None)


class Unset(Value, Struct, frozen=True):
    """The value of an attribute that an object or class does not have itself. A read continues in the bases.

    It is relevant, so that a join with a path that sets the attribute keeps it.
    """


UNSET = Unset()


class Moment(Value, Struct, frozen=True):
    """A constant `datetime(...)`."""

    text: str
    """The datetime in ISO 8601 format."""
    relevant: ClassVar[bool] = False


class Duration(Value, Struct, frozen=True):
    """A constant `timedelta(...)`."""

    milliseconds: float
    relevant: ClassVar[bool] = False


# Attributes of times and ids that are always truthy, like the times and ids themselves.
_TRUTH_PRESERVING: Final = frozenset(["astimezone", "date", "hex", "isoformat", "replace", "strftime", "timestamp"])


class Nondeterministic(Value, Struct, frozen=True):
    """A value that differs at replay: a time, a random number, a new id, or a value derived from one."""

    name: str
    """The dotted name of the nondeterministic function: `time.time`."""
    place: SourcePlace
    """The call of the function."""
    since: int
    """The number of the last step, sleep or wait before the call, or 0 if none precedes it."""
    serial: int
    """The 1-based number of the value in the order of creation."""
    result_name: str
    """The dotted name of the function that returned the value, or of an attribute of its result. Empty if unknown."""
    is_called: bool = True
    """Whether the value is the result of calling `result_name`. If not, the value is the attribute itself."""
    has_fixed_end: bool = False
    """Whether the value leads to a time that does not change at replay: `due - time.time()`."""
    offset: float | None = None
    """The milliseconds from the result of the call to the value, if constant, as in `now() + timedelta(...)`."""
    sum_place: SourcePlace | None = None
    """The location of the last sum that changed the offset."""
    has_stable_truth: bool = False
    """Whether the truth of the value is the same at replay. Times and ids are always truthy."""
    calls: tuple[SourcePlace, ...] = ()
    """The calls that lead to the call of the function, innermost first."""
    relevant: ClassVar[bool] = False
    tainted: ClassVar[bool] = True

    def member(self, name: str) -> Nondeterministic:
        """Return an attribute of the value."""
        origin = f"{self.result_name}{'()' if self.is_called else ''}.{name}" if self.result_name else ""
        has_stable_truth = self.has_stable_truth and name in _TRUTH_PRESERVING
        return replace(self, result_name=origin, is_called=False, offset=None, has_stable_truth=has_stable_truth)

    def element(self) -> Nondeterministic:
        """Return an element of the value."""
        return replace(self, result_name="", is_called=True, offset=None, has_stable_truth=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Nondeterministic) and (self.name, self.place) == (other.name, other.place)

    def __hash__(self) -> int:
        return hash((self.name, self.place))


class Resource(Value, Struct, frozen=True):
    """A resource outside the workflow, such as `fetch` or a binding of `env`, or the result of calling a resource."""

    name: str
    """The dotted name: `env.KV.put`, `fetch`."""
    call_place: SourcePlace | None = None
    """The call that returned the value; None for the resource itself."""
    relevant: ClassVar[bool] = False
    tainted: ClassVar[bool] = True

    def member(self, name: str) -> Resource:
        """Return an attribute of the resource, or of the result of calling it."""
        return Resource(f"{self.name}{'()' if self.call_place else ''}.{name}")


class Template(Value, Struct, frozen=True):
    """A string with constant and unknown parts."""

    text: str
    """The string, with the source of each unknown part in braces."""
    nondeterministic: Nondeterministic | None = None
    """The oldest nondeterministic value among the parts."""
    relevant: ClassVar[bool] = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


class Unresolved(Value, Struct, frozen=True):
    """A value that may lead to a step and cannot be resolved. Calling or awaiting the value is reported."""

    reason: str
    """The cause, as the start of a sentence in a note."""
    place: SourcePlace

    @property
    def advice(self) -> str:
        """The remedy for steps that the value runs, as sentences in a note."""
        remedy = "Correct the import." if self.place.is_import else "Call them by name."
        return f"Steps that it runs are missing from the graph. {remedy}"


class External(Value, Struct, frozen=True):
    """A function, class or module outside the project."""

    name: str
    """The dotted name: `asyncio.gather`, `builtins.print`."""
    relevant: ClassVar[bool] = False


class ExternalResult(Value, Struct, frozen=True):
    """The result of a call of external code, possibly with an offset: `datetime.now() + timedelta(hours=1)`."""

    name: str
    """The dotted name of the called function."""
    relevant: ClassVar[bool] = False

    @property
    def limits_tasks(self) -> bool:
        """Whether the result is a lock, semaphore or condition, whose type matters to a `with` in any function."""
        return self.name in LIMITING_CLASSES


LIMITING_CLASSES: Final = frozenset(
    f"{module}.{name}"
    for module in ("asyncio", "asyncio.locks")
    for name in ("BoundedSemaphore", "Condition", "Lock", "Semaphore")
)
"""The classes whose objects limit how many tasks execute the block of a `with` at the same time."""


def affects_tasks(value: object) -> bool:
    """Return whether a value may determine which tasks run, or how: `asyncio.gather`, `asyncio.FIRST_COMPLETED`."""
    return isinstance(value, External) and value.name.startswith("asyncio.")


def origin_name(value: Value) -> str | None:
    """Return the dotted name of the external function that returned a value. Return None for other values."""
    if isinstance(value, Nondeterministic) and value.is_called:
        return value.result_name or None
    return value.name if isinstance(value, ExternalResult) else None


class ExternalResultMember(Value, Struct, frozen=True):
    """An attribute of the result of external code."""

    name: str
    """The dotted name: `datetime.datetime.now().date`."""
    relevant: ClassVar[bool] = False


def taint_of(value: Value) -> Nondeterministic | None:
    """Return the nondeterministic value on which a value without parts depends, or None."""
    if type(value) is Nondeterministic:
        return value
    return value.nondeterministic if type(value) is Template else None


def join_taint(values: Sequence[Value]) -> Value:
    """Return the join of different values that lead to no step: unknown, with the oldest taint of the values.

    The truth of the join is stable if no tainted value has an unstable truth, because the paths are the same at replay.
    """
    sources = [source for value in values if (source := taint_of(value)) is not None]
    if not sources:
        return UNKNOWN
    oldest = min(sources, key=lambda source: source.since)
    joined = without_taint(values[0])
    if any(without_taint(value) != joined for value in values):
        joined = UNKNOWN
    if isinstance(joined, Template):
        return replace(joined, nondeterministic=oldest)
    result_name = joined.name if isinstance(joined, ExternalResult | ExternalResultMember) else ""
    return replace(
        oldest,
        result_name=result_name,
        is_called=not isinstance(joined, ExternalResultMember),
        has_fixed_end=all(source.has_fixed_end for source in sources),
        offset=None,
        has_stable_truth=all(source.has_stable_truth for source in sources),
    )


def without_taint(value: Value) -> Value:
    """Return the value that an analysis without taint tracking computes."""
    if type(value) is not Nondeterministic:
        return value
    if not value.result_name:
        return UNKNOWN
    return ExternalResult(value.result_name) if value.is_called else ExternalResultMember(value.result_name)


def is_from_package(value: Value) -> bool:
    """Return whether a value comes from a third-party package, whose definitions are unknown."""
    if isinstance(value, ExternalResult | ExternalResultMember | External):
        return value.name.split(".")[0] not in _STANDARD_PACKAGES
    return False


_STANDARD_PACKAGES: Final = frozenset({*sys.stdlib_module_names, "typing_extensions"})


def is_foreign(value: Value) -> bool:
    """Return whether a value is or comes from code outside the project, whose operators have unknown effects."""
    match value:
        case External(name=name):
            return not name.startswith("builtins.")
        case ExternalResult() | ExternalResultMember() | Nondeterministic() | Resource():
            return True
        case _:
            return False


class RangeResult(ExternalResult, frozen=True):
    """A `range` of constant numbers."""

    numbers: range
    """All numbers. They may be too many for `len`."""

    @property
    def count(self) -> int:
        """How many numbers the range has."""
        numbers = self.numbers
        return (numbers[-1] - numbers[0]) // numbers.step + 1 if numbers else 0
