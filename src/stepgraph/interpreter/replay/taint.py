"""Values that are others when the code runs again: where they come from, and where they go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import leaves
from stepgraph.interpreter.objects.values import (
    DEEPEST,
    UNKNOWN,
    Arguments,
    Collection,
    External,
    ExternalResult,
    Mapping,
    Nondeterministic,
    Template,
    Union,
    Unknown,
    Value,
    Visits,
)
from stepgraph.interpreter.replay.replay_state import NondeterministicUse
from stepgraph.ir.facts import NondeterministicTest, UsedAfterStep
from stepgraph.syntax.module import Place

# Elements of a collection beyond these are not looked at.
_MOST_ELEMENTS: Final = 50


def nondeterministic_parts(value: Value) -> Iterator[Nondeterministic]:
    """Yield what in a value is another one when the code runs again, in collections too."""
    return _nondeterministic_parts(value, Visits(), 0)


def _nondeterministic_parts(value: Value, visits: Visits, depth: int) -> Iterator[Nondeterministic]:
    match value:
        case Nondeterministic():
            yield value
        case Template(nondeterministic=Nondeterministic() as nondeterministic):
            yield nondeterministic
        case Union(cases=cases) if depth < DEEPEST:
            for case in cases[:_MOST_ELEMENTS]:
                yield from _nondeterministic_parts(case.value, visits, depth + 1)
        case Collection() | Mapping() if visits.enter(value.state, depth):
            for element in value.state.elements()[:_MOST_ELEMENTS]:
                yield from _nondeterministic_parts(element.value, visits, depth + 1)


def derived(interpreter: Interpreter, values: Iterable[Value], result: Value = UNKNOWN) -> Value:
    """Return what is made of values: the `result`, unless nothing is known of that and one of them is volatile.

    Of several, the oldest one counts.
    """
    if not interpreter.replay.nondeterministic_count or not isinstance(result, Unknown | ExternalResult):
        return result
    found = [nondeterministic for value in values for nondeterministic in nondeterministic_parts(value)]
    if not found:
        return result
    gives = result.name if isinstance(result, ExternalResult) else ""
    return replace(min(found, key=lambda v: v.since), gives=gives, called=True, truth_known=False)


def template(interpreter: Interpreter, text: str, parts: Iterable[Value]) -> Template:
    """Return text of which not all parts are known."""
    found = derived(interpreter, parts)
    return Template(text, found if isinstance(found, Nondeterministic) else None)


def member_of(owner: Nondeterministic, name: str) -> Nondeterministic:
    """Return an attribute of a volatile value."""
    gives = f"{owner.gives}{'()' if owner.called else ''}.{name}" if owner.gives else ""
    return replace(owner, gives=gives, called=False, truth_known=owner.truth_known and name in STAYS_TRUE)


def called(interpreter: Interpreter, callee: External, arguments: Arguments, place: Place, result: Value) -> Value:
    """Return what a call of something outside the project gives, of which nothing is known but its `result`."""
    name = callee.name
    if name == "random.seed" and arguments.items:
        interpreter.replay.seeded = True
    if not isinstance(result, Unknown | ExternalResult):
        return result
    if interpreter.replays and is_nondeterministic(name, len(arguments.items), seeded=interpreter.replay.seeded):
        interpreter.replay.nondeterministic_count += 1
        always_true = is_always_true(name)
        return Nondeterministic(
            name,
            place,
            interpreter.replay.last_step,
            interpreter.replay.nondeterministic_count,
            name,
            truth_known=always_true,
        )
    if not interpreter.replay.nondeterministic_count or not passes_on(name):
        return result
    made = derived(interpreter, (argument.value for argument in arguments.items), result)
    given = arguments.items[0].value if arguments.items else UNKNOWN
    if isinstance(made, Nondeterministic) and isinstance(given, Nondeterministic) and name in STAYS_TRUE:
        return replace(made, truth_known=given.truth_known)
    return made


def record_test(
    interpreter: Interpreter, test: Value, test_place: Place, decided: Place, first_branch: int = 0
) -> None:
    """Remember that a volatile value decides what is done, in the branches from the `first_branch` on."""
    if not interpreter.replays or not interpreter.replay.nondeterministic_count:
        return
    for value in leaves(test):
        if isinstance(value, Nondeterministic) and not value.truth_known:
            interpreter.observe(NondeterministicTest(value.name, value.place, test_place, decided, first_branch))
            return


def used(interpreter: Interpreter, value: Value, place: Place) -> None:
    """Remember where a value is used by what the engine keeps: it is to be the same in all that is kept."""
    if not interpreter.replay.nondeterministic_count or interpreter.replay.reporting:
        return
    for nondeterministic in nondeterministic_parts(value):
        use = NondeterministicUse(nondeterministic, place)
        interpreter.replay.uses.append(use)
        if nondeterministic.since < interpreter.replay.last_step:
            _observe(interpreter, use)


def used_again(interpreter: Interpreter, uses: Iterable[NondeterministicUse]) -> None:
    """Remember uses in what is run once more: a function that is called again with the same values."""
    for use in uses:
        interpreter.replay.uses.append(use)
        if use.nondeterministic.since < interpreter.replay.last_step:
            _observe(interpreter, use)


def used_at_each_pass(interpreter: Interpreter, first: int, made_before: int) -> None:
    """Remember uses in a loop that runs steps, those from the `first` on, of values that are older than the loop."""
    for use in interpreter.replay.uses[first:]:
        if use.nondeterministic.serial <= made_before:
            _observe(interpreter, use)


def _observe(interpreter: Interpreter, use: NondeterministicUse) -> None:
    interpreter.observe(UsedAfterStep(use.nondeterministic.name, use.nondeterministic.place, use.place))


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

# Those that give the present time where they are given fewer arguments than this.
_NOW_WITHOUT: Final = {
    "time.asctime": 1,
    "time.ctime": 1,
    "time.gmtime": 1,
    "time.localtime": 1,
    "time.strftime": 2,
    "js.Date.new": 1,
}

_ALL: Final = _CLOCKS | _IDS | _RANDOM | _ALWAYS_RANDOM

# Their values are never zero or empty, and so are these made of them.
_ALWAYS_TRUE: Final = _CLOCKS | _IDS | {"secrets.token_hex", "secrets.token_urlsafe", "secrets.token_bytes"}
STAYS_TRUE: Final = frozenset(
    [
        *("builtins.str", "builtins.repr", "builtins.int", "builtins.float"),
        *("astimezone", "date", "hex", "isoformat", "replace", "strftime", "timestamp"),
    ]
)


def is_nondeterministic(name: str, arguments: int, *, seeded: bool) -> bool:
    """Whether a call of something outside the project gives another value each time; `seeded` chance does not."""
    if name in _NOW_WITHOUT:
        return arguments < _NOW_WITHOUT[name]
    return name in _ALL and not (seeded and name in _RANDOM)


def is_always_true(name: str) -> bool:
    """Whether what a call gives is true whatever it is."""
    return name in _ALWAYS_TRUE or name in _NOW_WITHOUT


# Where functions come from whose result is made of their arguments alone.
_PURE: Final = frozenset(
    [
        *("base64", "binascii", "builtins", "datetime", "decimal", "hashlib", "hmac", "itertools", "json", "math"),
        *("operator", "random", "string", "time", "uuid", "zoneinfo"),
    ]
)

# Those of which the result says nothing of the values that they are given.
_NEUTRAL: Final = frozenset(
    f"builtins.{name}"
    for name in [
        *("callable", "delattr", "dir", "getattr", "hasattr", "isinstance", "issubclass", "len", "next", "print"),
        *("setattr", "super", "type", "vars"),
    ]
)


def passes_on(name: str) -> bool:
    """Whether what a call of something outside the project gives varies with its arguments."""
    return name.split(".", maxsplit=1)[0] in _PURE and name not in _NEUTRAL
