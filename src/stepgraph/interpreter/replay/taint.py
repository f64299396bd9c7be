"""Nondeterministic values: their sources, their uses, and the propagation of taint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.frame import PathResult
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.replay.replay_state import ReplayState
from stepgraph.interpreter.replay.tracer import CallTrace, NondeterministicUse, TraceMark
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.heap_cells import DEEPEST, Visits
from stepgraph.interpreter.values.objects import LexicalScope, ProjectObject
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.replay_facts import NondeterministicCondition, NondeterministicUseAfterStep
from stepgraph.ir.values import (
    UNKNOWN,
    Constant,
    Duration,
    External,
    ExternalResult,
    Nondeterministic,
    Template,
    Unknown,
    Value,
    taint_of,
)
from stepgraph.syntax.module import SourcePlace

# The maximum number of elements of a collection that are searched for taint.
_MAX_ELEMENTS: Final = 50


def nondeterministic_parts(value: Value) -> Iterator[Nondeterministic]:
    """Yield the nondeterministic values in a value, including elements of collections."""
    return _nondeterministic_parts(value, Visits(), 0)


def _nondeterministic_parts(value: Value, visits: Visits, depth: int) -> Iterator[Nondeterministic]:
    match value:
        case Nondeterministic() | Template():
            source = taint_of(value)
            if source is not None:
                yield source
        case Union(cases=cases) if depth < DEEPEST:
            for case in cases[:_MAX_ELEMENTS]:
                yield from _nondeterministic_parts(case.value, visits, depth + 1)
        case Collection() | Mapping() if visits.enter(value.state, depth):
            for element in value.state.elements()[:_MAX_ELEMENTS]:
                yield from _nondeterministic_parts(element.value, visits, depth + 1)


def propagate_taint(replay: ReplayState, values: Iterable[Value], result: Value) -> Value:
    """Return the result of an operation, tainted by the oldest nondeterministic value among the operands.

    Only an unknown `result` is tainted.
    """
    if not replay.nondeterministic_count or not isinstance(result, Unknown | ExternalResult):
        return result
    sources = [nondeterministic for value in values for nondeterministic in nondeterministic_parts(value)]
    if not sources:
        return result
    origin = result.name if isinstance(result, ExternalResult) else ""
    has_fixed_end = all(source.has_fixed_end for source in sources)
    oldest = replace(min(sources, key=lambda source: source.since), has_fixed_end=has_fixed_end, offset=None)
    return replace(oldest, result_name=origin, is_called=True, has_stable_truth=False)


def with_offset(left: Value, right: Value, result: Value, place: SourcePlace) -> Value:
    """Return the result of a sum. It has an offset if one operand has an offset and the other one is a duration."""
    match left, right:
        case (Nondeterministic(offset=float(offset)), Duration(milliseconds=milliseconds)) | (
            Duration(milliseconds=milliseconds),
            Nondeterministic(offset=float(offset)),
        ) if isinstance(result, Nondeterministic):
            return replace(result, offset=offset + milliseconds, sum_place=place)
    return result


def with_fixed_end(fixed: Value, result: Value) -> Value:
    """Return the result of `fixed - now` or `max(fixed, now)`, marked if `fixed` may be a time and `now` is a clock."""
    if isinstance(result, Nondeterministic) and result.name in _CLOCKS and _may_be_fixed_time(fixed):
        return replace(result, has_fixed_end=True)
    return result


def _may_be_fixed_time(value: Value) -> bool:
    """Return whether a value may be a time that does not change at replay. A literal number is rather an offset."""
    return not isinstance(value, Constant) and next(nondeterministic_parts(value), None) is None


def _maximum(result: Union) -> Union:
    """Return the result of `max` with marked clock values, as in `with_fixed_end`."""
    fixed = next((case.value for case in result.cases if _may_be_fixed_time(case.value)), None)
    if fixed is None:
        return result
    return replace(result, cases=tuple(replace(c, value=with_fixed_end(fixed, c.value)) for c in result.cases))


def tainted_result(
    replay: ReplayState, callee: External, arguments: Arguments, place: SourcePlace, result: Value
) -> Value:
    """Return the result of an external call, tainted if the function is nondeterministic or propagates taint."""
    name = callee.name
    if name == "random.seed" and arguments.items:
        replay.seeded = True
    if name == "builtins.max" and isinstance(result, Union):
        return _maximum(result)
    if not isinstance(result, Unknown | ExternalResult):
        return result
    if replay.interpreter.replays and _is_nondeterministic(name, len(arguments.items), seeded=replay.seeded):
        replay.nondeterministic_count += 1
        always_truthy = _is_always_truthy(name)
        created = Nondeterministic(
            name,
            place,
            replay.last_step,
            replay.nondeterministic_count,
            name,
            offset=0.0,
            has_stable_truth=always_truthy,
            calls=replay.interpreter.calls,
        )
        replay.latest[created] = created
        return created
    if not replay.nondeterministic_count or not _propagates_taint(name):
        return result
    values = [argument.value for argument in arguments.items]
    if name in _FIELD_READERS:
        return _fields_of(replay, values, place, result)
    tainted = propagate_taint(replay, values, result)
    first_argument = arguments.items[0].value if arguments.items else UNKNOWN
    if (
        isinstance(tainted, Nondeterministic)
        and isinstance(first_argument, Nondeterministic)
        and name in _TRUTH_PRESERVING
    ):
        return replace(tainted, has_stable_truth=first_argument.has_stable_truth)
    return tainted


def _fields_of(replay: ReplayState, values: Iterable[Value], place: SourcePlace, result: Value) -> Value:
    """Return the result of a function that reads all fields of an object. In a step, this is a use of the fields."""
    fields = [field for value in values if isinstance(value, ProjectObject) for field in value.state.values()]
    if replay.interpreter.in_step:
        for field in fields:
            record_use(replay, field, place)
    return propagate_taint(replay, fields, result)


def returned_arguments(call: cst.Call, arguments: Arguments) -> list[Value]:
    """Return the arguments of a method call that become part of its result, as in `"{}".format(x)`.

    For methods of dictionaries, this is the default.
    """
    if not isinstance(call.func, cst.Attribute):
        return []
    name = call.func.attr.value
    if isinstance(call.func.value, cst.BaseString) or name in _FORMATTING_METHODS:
        return [argument.value for argument in arguments.items]
    return [argument.value for argument in arguments.items[1:]] if name in _DEFAULTING_METHODS else []


_FORMATTING_METHODS: Final = frozenset(["format", "format_map", "join", "replace"])
_DEFAULTING_METHODS: Final = frozenset(["get", "pop", "setdefault"])


def taint_selected_values(
    replay: ReplayState, tests: Iterable[Value], paths: Sequence[PathResult], start: TraceMark
) -> None:
    """Taint the variables and results that differ by path, if a test that selects the path may differ at replay."""
    if not replay.interpreter.replays or not replay.nondeterministic_count:
        return
    source = next(filter(None, map(_unstable_truth, tests)), None)
    if source is None:
        return
    selected = source.element()
    store, frame = replay.interpreter.store, replay.interpreter.frame
    if len(frame.returns) > start.return_count:
        frame.selected_result = selected
    ends = [path for path in paths if path.is_reachable]
    if len(ends) == 1:
        return
    slots = [(change.container, change.key) for path in ends for change in path.changes.values()]
    # The store holds no constants of names with several bindings, so it does not record these changes.
    slots += [
        (frame.scope.names, name) for scope, name in replay.bindings[start.binding_count :] if scope is frame.scope
    ]
    for cell, key in slots:
        if isinstance(cell.get(key), Unknown):
            store.put(cell, key, selected)


def _unstable_truth(test: Value) -> Nondeterministic | None:
    """Return the nondeterministic value that decides the truth of a test, or None."""
    sources = (value for value in union_values(test) if isinstance(value, Nondeterministic))
    return next((source for source in sources if not source.has_stable_truth), None)


def record_test(
    replay: ReplayState, test: Value, test_place: SourcePlace, decision_place: SourcePlace, first_branch: int
) -> None:
    """Record a fact if a nondeterministic value decides which of the branches from `first_branch` on runs."""
    if not replay.interpreter.replays or not replay.nondeterministic_count:
        return
    source = _unstable_truth(test)
    if source is not None:
        replay.interpreter.observe(
            NondeterministicCondition(source.name, source.place, test_place, decision_place, first_branch, source.calls)
        )


def record_use(replay: ReplayState, value: Value, place: SourcePlace) -> None:
    """Record a use in data that the engine stores, with a fact if a step has run since the value was created."""
    if not replay.nondeterministic_count or replay.logging_only.depth:
        return
    deferred = replay.deferred_uses
    for nondeterministic in nondeterministic_parts(value):
        use = NondeterministicUse(nondeterministic, place)
        if deferred is not None and deferred[0] is replay.interpreter.frame:
            deferred[1].append(use)
        else:
            _record_use(replay, use)


@contextmanager
def deferred_uses(replay: ReplayState) -> Iterator[Callable[[Value], None]]:
    """Defer the uses in the value of an assignment to a variable of a step.

    Call the result with the value. If the value has the taint of a use, only uses of the variable count.
    """
    outer, uses = replay.deferred_uses, list[NondeterministicUse]()
    replay.deferred_uses = replay.interpreter.frame, uses
    assigned: list[Nondeterministic] = []
    try:
        yield lambda value: assigned.extend(nondeterministic_parts(value))
    finally:
        replay.deferred_uses = outer
    for use in uses:
        if use.nondeterministic not in assigned:
            _record_use(replay, use)


def _record_use(replay: ReplayState, use: NondeterministicUse) -> None:
    replay.uses.append(use)
    if use.nondeterministic.since < replay.last_step:
        _observe_use(replay, use)


def record_memoized_uses(replay: ReplayState, trace: CallTrace, scope: LexicalScope) -> None:
    """Record a memoized function's uses of outer values in a later call, whose arguments `scope` binds.

    Other outer values, such as attributes, are the latest values from their places.
    """
    if not trace.uses or replay.logging_only.depth:
        return
    arguments = {part: part for value in scope.names.values() for part in nondeterministic_parts(value)}
    for use in trace.uses:
        latest = replay.latest.get(use.nondeterministic, use.nondeterministic)
        _record_use(replay, NondeterministicUse(arguments.get(use.nondeterministic, latest), use.place))


def record_uses_in_loop(replay: ReplayState, first: int, newest: int) -> None:
    """Record a fact for each use, in a loop with steps, of a value that is older than the loop.

    `first` is the index of the loop's first use, and `newest` is the serial of the newest value before the loop.
    """
    for use in replay.uses[first:]:
        if use.nondeterministic.serial <= newest:
            _observe_use(replay, use)


def _observe_use(replay: ReplayState, use: NondeterministicUse) -> None:
    source = use.nondeterministic
    replay.interpreter.observe(NondeterministicUseAfterStep(source.name, source.place, use.place, source.calls))


_CLOCKS: Final = frozenset(
    [
        *(f"time.{name}" for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")),
        *(f"time.{name}_ns" for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")),
        *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
        *("datetime.date.today", "asyncio.loop.time", "js.Date.now", "js.performance.now"),
    ]
)

_IDS: Final = frozenset(
    [
        *(f"uuid.uuid{version}" for version in (1, 4, 6, 7)),
        *("js.crypto.randomUUID", "builtins.id"),
    ]
)

_RANDOM: Final = frozenset(
    f"random.{name}"
    for name in [
        *("betavariate", "binomialvariate", "choice", "choices", "expovariate", "gammavariate", "gauss", "getrandbits"),
        *("lognormvariate", "normalvariate", "paretovariate", "randbytes", "randint", "random", "randrange", "sample"),
        *("triangular", "uniform", "vonmisesvariate", "weibullvariate"),
    ]
)

_ALWAYS_RANDOM: Final = frozenset(
    [
        *(f"secrets.{name}" for name in ("choice", "randbelow", "randbits")),
        *(f"secrets.token_{kind}" for kind in ("bytes", "hex", "urlsafe")),
        *("os.urandom", "os.getrandom", "js.Math.random"),
    ]
)

# Functions that use the current time if called with fewer arguments than this number.
_CURRENT_TIME_BELOW: Final = {
    "time.asctime": 1,
    "time.ctime": 1,
    "time.gmtime": 1,
    "time.localtime": 1,
    "time.strftime": 2,
    "js.Date.new": 1,
}

_NONDETERMINISTIC: Final = _CLOCKS | _IDS | _RANDOM | _ALWAYS_RANDOM

# Sources whose values are always truthy, and functions that preserve truthiness.
_ALWAYS_TRUTHY: Final = _CLOCKS | _IDS | {"secrets.token_hex", "secrets.token_urlsafe", "secrets.token_bytes"}
_TRUTH_PRESERVING: Final = frozenset(["builtins.str", "builtins.repr", "builtins.int", "builtins.float"])


def _is_nondeterministic(name: str, arguments: int, *, seeded: bool) -> bool:
    """Return whether an external call returns a different value each time. A `seeded` call of `random` does not."""
    if name in _CURRENT_TIME_BELOW:
        return arguments < _CURRENT_TIME_BELOW[name]
    return name in _NONDETERMINISTIC and not (seeded and name in _RANDOM)


def _is_always_truthy(name: str) -> bool:
    """Return whether the result of a call is always truthy."""
    return name in _ALWAYS_TRUTHY or name in _CURRENT_TIME_BELOW


# Modules whose functions, apart from the sources above, compute their results only from their arguments.
_PURE_MODULES: Final = frozenset(
    [
        *(
            "base64",
            "binascii",
            "builtins",
            "dataclasses",
            "datetime",
            "decimal",
            "hashlib",
            "hmac",
            "itertools",
            "json",
        ),
        *("math", "operator", "random", "string", "time", "uuid", "zoneinfo"),
    ]
)

# Functions that read the fields of an object.
_FIELD_READERS: Final = frozenset(["builtins.vars", "dataclasses.asdict", "dataclasses.astuple"])

# Functions whose results do not depend on the nondeterministic parts of their arguments.
_UNTAINTED: Final = frozenset(
    f"builtins.{name}"
    for name in [
        *("callable", "delattr", "dir", "getattr", "hasattr", "isinstance", "issubclass", "len", "next", "print"),
        *("setattr", "super", "type"),
    ]
)


def _propagates_taint(name: str) -> bool:
    """Return whether the result of an external call is nondeterministic if an argument is."""
    return name.split(".", maxsplit=1)[0] in _PURE_MODULES and name not in _UNTAINTED
