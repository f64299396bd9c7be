"""Values that are others when the code runs again: where they come from, and where they go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.values import (
    DEEPEST,
    UNKNOWN,
    Alternatives,
    Arguments,
    Collection,
    External,
    Foreign,
    Mapping,
    Template,
    Unknown,
    Value,
    Visits,
    Volatile,
)
from stepgraph.interpreter.replay.replay_state import VolatileUse
from stepgraph.interpreter.store import leaves
from stepgraph.ir.facts import Steered, UsedAfterStep
from stepgraph.syntax.module import Place

# Elements of a collection beyond these are not looked at.
_MOST_ELEMENTS: Final = 50


def volatile_parts(value: Value) -> Iterator[Volatile]:
    """Yield what in a value is another one when the code runs again, in collections too."""
    return _volatile_parts(value, Visits(), 0)


def _volatile_parts(value: Value, visits: Visits, depth: int) -> Iterator[Volatile]:
    match value:
        case Volatile():
            yield value
        case Template(volatile=Volatile() as volatile):
            yield volatile
        case Alternatives(options=options) if depth < DEEPEST:
            for option in options[:_MOST_ELEMENTS]:
                yield from _volatile_parts(option.value, visits, depth + 1)
        case Collection() | Mapping() if visits.enter(value.state, depth):
            for element in value.state.elements()[:_MOST_ELEMENTS]:
                yield from _volatile_parts(element.value, visits, depth + 1)


def derived(machine: Machine, values: Iterable[Value], result: Value = UNKNOWN) -> Value:
    """Return what is made of values: the `result`, unless nothing is known of that and one of them is volatile.

    Of several, the oldest one counts.
    """
    if not machine.replay.volatiles or not isinstance(result, Unknown | Foreign):
        return result
    found = [volatile for value in values for volatile in volatile_parts(value)]
    if not found:
        return result
    gives = result.name if isinstance(result, Foreign) else ""
    return replace(min(found, key=lambda v: v.since), gives=gives, called=True, truth_known=False)


def template(machine: Machine, text: str, parts: Iterable[Value]) -> Template:
    """Return text of which not all parts are known."""
    found = derived(machine, parts)
    return Template(text, found if isinstance(found, Volatile) else None)


def member_of(owner: Volatile, name: str) -> Volatile:
    """Return an attribute of a volatile value."""
    gives = f"{owner.gives}{'()' if owner.called else ''}.{name}" if owner.gives else ""
    return replace(owner, gives=gives, called=False, truth_known=owner.truth_known and name in STAYS_TRUE)


def called(machine: Machine, callee: External, arguments: Arguments, place: Place, result: Value) -> Value:
    """Return what a call of something outside the project gives, of which nothing is known but its `result`."""
    name = callee.name
    if name == "random.seed" and arguments.items:
        machine.replay.seeded = True
    if not isinstance(result, Unknown | Foreign):
        return result
    if machine.replays and is_volatile(name, len(arguments.items), seeded=machine.replay.seeded):
        machine.replay.volatiles += 1
        always_true = is_always_true(name)
        return Volatile(name, place, machine.replay.checkpoint, machine.replay.volatiles, name, truth_known=always_true)
    if not machine.replay.volatiles or not passes_on(name):
        return result
    made = derived(machine, (argument.value for argument in arguments.items), result)
    given = arguments.items[0].value if arguments.items else UNKNOWN
    if isinstance(made, Volatile) and isinstance(given, Volatile) and name in STAYS_TRUE:
        return replace(made, truth_known=given.truth_known)
    return made


def steer(machine: Machine, test: Value, test_place: Place, steered: Place, first_branch: int = 0) -> None:
    """Remember that a volatile value decides what is done, in the branches from the `first_branch` on."""
    if not machine.replays or not machine.replay.volatiles:
        return
    for value in leaves(test):
        if isinstance(value, Volatile) and not value.truth_known:
            machine.observe(Steered(value.name, value.place, test_place, steered, first_branch))
            return


def used(machine: Machine, value: Value, place: Place) -> None:
    """Remember where a value is used by what the engine keeps: it is to be the same in all that is kept."""
    if not machine.replay.volatiles or machine.replay.reporting:
        return
    for volatile in volatile_parts(value):
        use = VolatileUse(volatile, place)
        machine.replay.uses.append(use)
        if volatile.since < machine.replay.checkpoint:
            _observe(machine, use)


def used_again(machine: Machine, uses: Iterable[VolatileUse]) -> None:
    """Remember uses in what is run once more: a function that is called again with the same values."""
    for use in uses:
        machine.replay.uses.append(use)
        if use.volatile.since < machine.replay.checkpoint:
            _observe(machine, use)


def used_at_each_pass(machine: Machine, first: int, made_before: int) -> None:
    """Remember uses in a loop that runs steps, those from the `first` on, of values that are older than the loop."""
    for use in machine.replay.uses[first:]:
        if use.volatile.serial <= made_before:
            _observe(machine, use)


def _observe(machine: Machine, use: VolatileUse) -> None:
    machine.observe(UsedAfterStep(use.volatile.name, use.volatile.place, use.place))


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


def is_volatile(name: str, arguments: int, *, seeded: bool) -> bool:
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
