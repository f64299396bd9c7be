"""What the engine refuses in the `config` of a step."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.checks.analysis.durations import as_float
from stepgraph.checks.analysis.step_configs import config_arguments, entries
from stepgraph.checks.analysis.value_kinds import kind_of, may_be_nothing, simple_possibilities
from stepgraph.ir.static_values import (
    StaticConstant,
    StaticEntry,
    StaticImport,
    StaticMapping,
    StaticObject,
    StaticValue,
    cases_of,
)
from stepgraph.syntax.edits import Edit, Replacement
from stepgraph.syntax.module import Place

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_CONFIG: Final = ("retries", "timeout", "sensitive")
_RETRIES: Final = ("limit", "delay", "backoff")
_BACKOFFS: Final = ("constant", "linear", "exponential")
_MOST_RETRIES: Final = 10_000

# What people write for a key that is too far from it to be a slip.
_SYNONYMS: Final = {
    **dict.fromkeys(("attempts", "count", "max", "max_attempts", "max_retries", "maxAttempts", "times"), "limit"),
    **dict.fromkeys(("interval", "wait", "retry_delay", "initial_delay", "initialDelay", "base_delay"), "delay"),
    **dict.fromkeys(("strategy", "backoff_strategy", "type", "policy"), "backoff"),
    **dict.fromkeys(("timeout_seconds", "timeout_ms", "time_limit", "deadline"), "timeout"),
    **dict.fromkeys(("retry", "retry_policy", "retryPolicy"), "retries"),
}
# A key that is as close to a right one as this is a slip.
_SLIP: Final = 0.75

_OBJECTS: Final = frozenset(["dataclasses.dataclass", "typing.NamedTuple"])
_NOT_FINITE: Final = frozenset(["math.inf", "math.nan"])


class ConfigFault(Struct, frozen=True):
    """A part of a config for which the engine refuses it: `what` is wrong with it, and what to write instead."""

    place: Place
    what: str
    advice: str
    edits: tuple[Edit, ...] = ()


def config_faults(subject: WorkflowSubject) -> Iterator[ConfigFault]:
    """Yield what the engine refuses in the configs of the steps of a workflow, but for durations."""
    for config in config_arguments(subject):
        for value in _dictionaries_first(config.value):
            yield from _faults_of_config(value, config.place)


def _dictionaries_first(value: StaticValue) -> tuple[StaticValue, ...]:
    """Return the dictionaries that a value may be; if none, all that it may be.

    Where it may be one, a test can have told the others apart: `config if isinstance(config, dict) else {...}`.
    """
    possible = cases_of(value)
    return tuple(one for one in possible if isinstance(one, StaticMapping)) or possible


def _faults_of_config(value: StaticValue, place: Place) -> Iterator[ConfigFault]:
    if isinstance(value, StaticMapping):
        yield from _unknown_keys(value, _CONFIG, "a step's config")
        for key, entry in entries(value):
            for inner in _dictionaries_first(entry.value):
                if key == "retries":
                    yield from _faults_of_retries(inner, entry.place)
                elif key == "sensitive":
                    yield from _faults_of_sensitive(inner, entry.place)
    elif _is_no_dictionary(value):
        yield ConfigFault(
            place,
            f"`config` is {_kind(value)}, not a dictionary",
            'Write a dictionary, like `{"timeout": "5 minutes"}`.',
        )


def _faults_of_sensitive(value: StaticValue, place: Place) -> Iterator[ConfigFault]:
    if _is_other(value, ("output",)):
        yield ConfigFault(
            place,
            f'`sensitive` is `{place.text}`, and may only be "output"',
            'Write "output" to hide the step\'s result, or leave the key out.',
        )


def _faults_of_retries(value: StaticValue, place: Place) -> Iterator[ConfigFault]:
    if isinstance(value, StaticMapping):
        yield from _unknown_keys(value, _RETRIES, "`retries`")
        yield from _missing_keys(value, place)
        for key, entry in entries(value):
            for inner in simple_possibilities(entry.value):
                if not may_be_nothing(inner, entry.place):
                    yield from _faults_of_retry(key, inner, entry.place)
    elif _is_no_dictionary(value):
        yield ConfigFault(
            place,
            f"`retries` is {_kind(value)}, not a dictionary",
            'Write a dictionary with both keys, like `{"limit": 3, "delay": "10 seconds"}`.',
        )


def _faults_of_retry(key: str, value: StaticValue, place: Place) -> Iterator[ConfigFault]:
    if key == "limit":
        fault = _fault_of_limit(value, place)
        if fault is not None:
            yield ConfigFault(place, *fault)
    elif key == "backoff" and _is_other(value, _BACKOFFS):
        near = _near(value.value if isinstance(value, StaticConstant) else None, _BACKOFFS)
        yield ConfigFault(
            place,
            f"`backoff` is `{place.text}`, and may only be constant, linear or exponential",
            f'Write "{near}".' if near else 'Write "constant", "linear" or "exponential".',
        )
    elif key == "delay" and isinstance(value, StaticConstant):
        number = value.value
        if number is None:
            yield ConfigFault(place, "`delay` is None", 'Write how long to wait before a retry, like "10 seconds".')
        elif isinstance(number, int | float) and number < 0:
            yield ConfigFault(place, f"`delay` is negative: `{place.text}`", "Write 0, or the delay that is meant.")


def _fault_of_limit(value: StaticValue, place: Place) -> tuple[str, str] | None:
    what = _why_no_limit(value, place.text)
    if what is None:
        return None
    return what, "Write how many retries there may be after the first attempt, as a number from 0 to 10,000."


def _why_no_limit(value: StaticValue, written: str) -> str | None:
    match value:
        case StaticConstant(value=int(constant) | float(constant)) if not isinstance(constant, bool):
            return _why_out_of_bounds(as_float(constant), written)
        case StaticImport(name=name) if name in _NOT_FINITE:
            return _why_out_of_bounds(math.nan, written)
    kind = kind_of(value)
    if kind is None:
        return None
    return f"`limit` is {kind}{'' if kind == written else f' (`{written}`)'}, not a number"


def _why_out_of_bounds(number: float, written: str) -> str | None:
    if not math.isfinite(number):
        return f"`limit` is `{written}`, which is no finite number"
    if number < 0:
        return f"`limit` is negative: `{written}`"
    if number > _MOST_RETRIES:
        return f"`limit` is {number:,.0f}, more than the 10,000 that there may be"
    return None


def _unknown_keys(value: StaticMapping, known: tuple[str, ...], where: str) -> Iterator[ConfigFault]:
    for entry in value.entries:
        key = entry.key.value if isinstance(entry.key, StaticConstant) else None
        if isinstance(entry.key, StaticConstant) and key not in known:
            present = [name for name, _ in entries(value)]
            yield _unknown_key(entry, key, [name for name in known if name not in present], where)


def _unknown_key(entry: StaticEntry, key: object, free: list[str], where: str) -> ConfigFault:
    what = f"{where} has no key `{key}`"
    name = key if isinstance(key, str) else ""
    if name in _RETRIES:
        return ConfigFault(entry.key_place, what, f"Write `{name}` in the dictionary `retries`.")
    if name in _CONFIG:
        return ConfigFault(entry.key_place, what, f"Write `{name}` beside `retries`, not in it.")
    near = _near(name, free)
    if near is not None:
        return ConfigFault(entry.key_place, what, f'Write "{near}".', _renamed(entry.key_place, name, near))
    meant = _SYNONYMS.get(name)
    if meant in free:
        return ConfigFault(entry.key_place, what, f'Write "{meant}".')
    keys = ", ".join(free)
    return ConfigFault(
        entry.key_place, what, f"Remove it; the keys that it may have are {keys}." if keys else "Remove it."
    )


def _renamed(place: Place, name: str, right: str) -> tuple[Edit, ...]:
    quoted = {f"{quote}{name}{quote}": f"{quote}{right}{quote}" for quote in ('"', "'")}
    text = quoted.get(place.text)
    return () if text is None else (Replacement(place, text),)


def _missing_keys(value: StaticMapping, place: Place) -> Iterator[ConfigFault]:
    present = [name for name, _ in entries(value)]
    missing = [name for name in ("limit", "delay") if name not in present]
    renamed = {_near(name, _RETRIES) or _SYNONYMS.get(name) for name in present if name not in _RETRIES}
    missing = [name for name in missing if name not in renamed]
    if value.is_complete and missing:
        names = " and no ".join(f"`{name}`" for name in missing)
        yield ConfigFault(
            place,
            f"`retries` has no {names}, and needs both `limit` and `delay`",
            'Write both, like `{"limit": 3, "delay": "10 seconds"}`; the engine\'s defaults are 5 and 1000 ms.',
        )


def _near(name: object, right: Iterable[str]) -> str | None:
    """Return what is meant by a slip, None where a text is no slip."""
    if not isinstance(name, str):
        return None
    found = difflib.get_close_matches(name.lower(), list(right), 1, _SLIP)
    return found[0] if found else None


def _is_other(value: StaticValue, right: tuple[str, ...]) -> bool:
    """Whether a value is known not to be one of some texts; None stands for a key that is left out."""
    if isinstance(value, StaticConstant):
        return value.value is not None and value.value not in right
    return kind_of(value) is not None


def _is_no_dictionary(value: StaticValue) -> bool:
    if isinstance(value, StaticConstant) and value.value is None:
        return False
    return kind_of(value) is not None or (isinstance(value, StaticObject) and bool(_OBJECTS & set(value.kinds)))


def _kind(value: StaticValue) -> str:
    return (
        f"an object of `{value.class_name}`" if isinstance(value, StaticObject) else kind_of(value) or "something else"
    )
