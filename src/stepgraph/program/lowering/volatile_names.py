"""What gives another value each time it is called: clocks, chance, new ids.

The order of a `set` and what `hash` gives are no such things: the runtime fixes the seed of both (PYTHONHASHSEED).
"""

from __future__ import annotations

from typing import Final

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
