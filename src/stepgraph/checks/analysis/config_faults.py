"""Faults in the `config` of a step that make the step fail."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from stepgraph.checks.analysis.bound_values import PlacedValue, with_bound_values
from stepgraph.checks.analysis.value_kinds import kind_of, may_be_guarded, simple_cases
from stepgraph.checks.diagnostic import Fix, safe_fix, unsafe_fix
from stepgraph.checks.subject import WorkflowSubject, once_per_subject
from stepgraph.durations import as_float
from stepgraph.ir.facts import MethodCalled
from stepgraph.ir.static_values import (
    StaticEntry,
    StaticFunction,
    StaticMapping,
    StaticObject,
    StaticUnion,
    constant_key_entries,
)
from stepgraph.ir.values import Constant, External, Value
from stepgraph.phrases import near_names
from stepgraph.syntax.edits.source_edits import Edit, Replacement, replace_string
from stepgraph.syntax.module import SourcePlace


class ConfigEntry(Struct, frozen=True):
    """A possible value of an entry in a dictionary."""

    key: str
    possible: PlacedValue
    """The value, with the location that it comes from."""
    place: SourcePlace
    """The location of the value in the dictionary. It differs from that of `possible` for the value of a variable."""
    retries: tuple[ConfigEntry, ...]
    """The entries of a value of `retries`."""


class ConfigArgument(Struct, frozen=True):
    """A possible value of a `config=` argument."""

    possible: PlacedValue
    """The value, with the location that it comes from."""
    entries: tuple[ConfigEntry, ...]
    """The entries with constant keys, one for each possible value of an entry."""


@once_per_subject
def step_configs(subject: WorkflowSubject) -> tuple[ConfigArgument, ...]:
    """Return the configs of the steps of a workflow: arguments, and arguments that functions pass on as configs."""
    arguments = [
        call.arguments.find(3, "config") for call in subject.facts_of_type(MethodCalled) if call.method == "do"
    ]
    return tuple(
        [
            ConfigArgument(possible, _entries(subject, possible.value))
            for argument in arguments
            if argument is not None
            for possible in with_bound_values(subject, argument.value, argument.place)
        ]
    )


def _entries(subject: WorkflowSubject, value: Value, *, in_retries: bool = False) -> tuple[ConfigEntry, ...]:
    entries: list[ConfigEntry] = []
    for key, entry in constant_key_entries(value):
        for possible in with_bound_values(subject, entry.value, entry.place):
            is_retries = key == "retries" and not in_retries
            retries = _entries(subject, possible.value, in_retries=True) if is_retries else ()
            entries.append(ConfigEntry(key, possible, entry.place, retries))
    return tuple(entries)


_CONFIG: Final = ("retries", "timeout", "sensitive")
_RETRIES: Final = ("limit", "delay", "backoff")
_BACKOFFS: Final = ("constant", "linear", "exponential")
_MAX_RETRIES: Final = 10_000
DEFAULT_RETRIES: Final = {"limit": "5", "delay": '"1 second"'}
"""The engine's defaults, as source code."""

# Wrong names that people use for a key, too different from it to be typos.
_SYNONYMS: Final = {
    **dict.fromkeys(("attempts", "count", "max", "max_attempts", "max_retries", "maxAttempts", "times"), "limit"),
    **dict.fromkeys(("interval", "wait", "retry_delay", "initial_delay", "initialDelay", "base_delay"), "delay"),
    **dict.fromkeys(("strategy", "backoff_strategy", "type", "policy"), "backoff"),
    **dict.fromkeys(("timeout_seconds", "timeout_ms", "time_limit", "deadline"), "timeout"),
    **dict.fromkeys(("retry", "retry_policy", "retryPolicy"), "retries"),
}
# A name with at least this similarity to a valid name is treated as a typo.
_SIMILARITY: Final = 0.75

_OBJECT_BASES: Final = frozenset(["dataclasses.dataclass", "typing.NamedTuple"])
_NOT_FINITE: Final = frozenset(["math.inf", "math.nan"])
_LIMIT_ADVICE: Final = "Write the number of retries after the first attempt, from 0 to 10,000."
_LAMBDA: Final = "lambda:"


class ConfigFault(Struct, frozen=True):
    """A part of a config that makes the step fail."""

    place: SourcePlace
    problem: str
    """The description of the fault: a clause in lower case."""
    advice: str
    """The change to make."""
    fix: Fix | None = None
    """An automatic change that follows the advice, if any."""
    consequence: str = "the engine rejects the config, and the step never runs"
    """The effect of the fault: a clause."""


@once_per_subject
def config_faults(subject: WorkflowSubject) -> tuple[ConfigFault, ...]:
    """Return the faults in the step configs of a workflow. Other rules report most invalid durations."""
    return tuple([fault for config in step_configs(subject) for fault in _config_faults(config)])


def _dictionaries_first(value: Value) -> tuple[Value, ...]:
    """Return the cases of a value that are dictionaries or, if no case is one, all cases.

    If some case is a dictionary, a type test may exclude the others: `config if isinstance(config, dict) else {...}`.
    """
    if type(value) is not StaticUnion:
        return (value,)
    cases = value.cases
    return tuple([case for case in cases if isinstance(case, StaticMapping)]) or cases


def _config_faults(config: ConfigArgument) -> Iterator[ConfigFault]:
    for value in _dictionaries_first(config.possible.value):
        if isinstance(value, StaticMapping):
            yield from _unknown_keys(value, _CONFIG, "the config")
        elif _must_not_be_dictionary(value):
            yield ConfigFault(
                config.possible.place,
                f"`config` is {_kind_phrase(value)}, not a dictionary",
                'Write a dictionary, such as `{"timeout": "5 minutes"}`.',
            )
    for entry in config.entries:
        if entry.key == "retries":
            yield from _retries_faults(entry)
        elif entry.key == "sensitive":
            for value in _dictionaries_first(entry.possible.value):
                yield from _sensitive_faults(value, entry.possible.place)


def _sensitive_faults(value: Value, place: SourcePlace) -> Iterator[ConfigFault]:
    if _must_be_invalid(value, ("output",)):
        yield ConfigFault(
            place,
            f'`sensitive` must be "output", not `{place.text}`',
            'Write "output" to hide the step\'s result, or remove the key.',
        )


def _retries_faults(retries: ConfigEntry) -> Iterator[ConfigFault]:
    place = retries.possible.place
    for value in _dictionaries_first(retries.possible.value):
        if isinstance(value, StaticMapping):
            yield from _unknown_keys(value, _RETRIES, "`retries`")
            yield from _missing_keys(value, place)
        elif _must_not_be_dictionary(value):
            yield ConfigFault(
                place,
                f"`retries` is {_kind_phrase(value)}, not a dictionary",
                'Write a dictionary with both keys, such as `{"limit": 3, "delay": "10 seconds"}`.',
            )
    for entry in retries.retries:
        possible = entry.possible
        for value in simple_cases(possible.value):
            if not may_be_guarded(value, possible.place):
                yield from _retry_faults(entry.key, value, possible.place)


def _retry_faults(key: str, value: Value, place: SourcePlace) -> Iterator[ConfigFault]:
    if key == "limit":
        reason = _invalid_limit_reason(value, place)
        if reason is not None:
            yield ConfigFault(place, reason, _LIMIT_ADVICE)
    elif key == "backoff" and _must_be_invalid(value, _BACKOFFS):
        similar = _similar_name(value.value if isinstance(value, Constant) else None, _BACKOFFS)
        yield ConfigFault(
            place,
            f"unknown backoff `{place.text}`",
            f'Write "{similar}".' if similar else 'Available: "constant", "linear", "exponential".',
        )
    elif key == "delay" and isinstance(value, StaticFunction):
        yield from _delay_function_faults(value, place)
    elif key == "delay" and isinstance(value, Constant):
        number = value.value
        if number is None:
            yield ConfigFault(place, "`delay` is None", 'Write the time before a retry, such as "10 seconds".')
        elif isinstance(number, int | float) and number < 0:
            yield ConfigFault(place, f"`delay` is negative (`{place.text}`)", "Write 0 or a positive delay.")


def _delay_function_faults(function: StaticFunction, place: SourcePlace) -> Iterator[ConfigFault]:
    if function.arity is None or function.arity.accepts(1):
        return
    advice = "Give it one parameter, such as `failure`, with the attributes `failure.ctx.attempt` and `failure.error`."
    fix = None
    if place.text.startswith(_LAMBDA):
        fixed = f"lambda failure:{place.text.removeprefix(_LAMBDA)}"
        advice, fix = f"Write `{fixed}`.", safe_fix(Replacement(place, fixed))
    yield ConfigFault(
        place,
        f"the retry delay `{place.text}` does not accept one argument",
        advice,
        fix,
        "the engine calls it with one after a failed attempt, so the step fails without a retry",
    )


def _invalid_limit_reason(value: Value, place: SourcePlace) -> str | None:
    match value:
        case Constant(value=int(constant) | float(constant)) if not isinstance(constant, bool):
            return _out_of_bounds_reason(as_float(constant), place)
        case External(name=name) if name in _NOT_FINITE:
            return _out_of_bounds_reason(math.nan, place)
    kind = kind_of(value)
    if kind is None:
        return None
    source = place.text
    return f"`limit` is {kind}{'' if kind == source else f' (`{source}`)'}, not a number"


def _out_of_bounds_reason(number: float, place: SourcePlace) -> str | None:
    if not math.isfinite(number):
        return f"`limit` must be finite, not `{place.text}`"
    if number < 0:
        return f"`limit` is negative (`{place.text}`)"
    if number > _MAX_RETRIES:
        return f"`limit` is {number:,.0f}, above the maximum of 10,000"
    return None


def _unknown_keys(value: StaticMapping, valid_keys: tuple[str, ...], owner: str) -> Iterator[ConfigFault]:
    for entry in value.entries:
        key = entry.key
        if type(key) is Constant and key.value not in valid_keys:
            present = [name for name, _ in constant_key_entries(value)]
            yield _unknown_key(entry, key.value, [name for name in valid_keys if name not in present], owner)


def _unknown_key(entry: StaticEntry, key: object, unused_keys: list[str], owner: str) -> ConfigFault:
    problem = f"unknown key `{key}` in {owner}"
    name = key if isinstance(key, str) else ""
    if name in _RETRIES:
        return ConfigFault(entry.key_place, problem, f"Move `{name}` to the dictionary `retries`.")
    if name in _CONFIG:
        return ConfigFault(entry.key_place, problem, f"Move `{name}` out of `retries`, to the config itself.")
    similar = _similar_name(name, unused_keys)
    if similar is not None:
        fix = safe_fix(*replace_string(entry.key_place, name, similar))
        return ConfigFault(entry.key_place, problem, f'Write "{similar}".', fix)
    synonym = _SYNONYMS.get(name)
    if synonym in unused_keys:
        # The engine reads a number as milliseconds, so a number of seconds needs more than another key.
        edits = () if name.endswith("seconds") else replace_string(entry.key_place, name, synonym)
        return ConfigFault(entry.key_place, problem, f'Write "{synonym}".', unsafe_fix(*edits))
    keys = ", ".join(f"`{name}`" for name in unused_keys)
    return ConfigFault(entry.key_place, problem, f"Remove it. Available: {keys}." if keys else "Remove it.")


def _missing_keys(value: StaticMapping, place: SourcePlace) -> Iterator[ConfigFault]:
    present = [name for name, _ in constant_key_entries(value)]
    missing = [name for name in ("limit", "delay") if name not in present]
    if not missing:
        return
    intended = {_similar_name(name, _RETRIES) or _SYNONYMS.get(name) for name in present if name not in _RETRIES}
    missing = [name for name in missing if name not in intended]
    if value.is_complete and missing:
        names = " and ".join(f"`{name}`" for name in missing)
        yield ConfigFault(
            place,
            f"`retries` lacks {names}",
            'Write both keys, as in `{"limit": 3, "delay": "10 seconds"}`. The defaults are 5 retries and 1000 ms.',
            unsafe_fix(*_added_defaults(place, missing)),
        )


def _added_defaults(place: SourcePlace, missing: Iterable[str]) -> tuple[Edit, ...]:
    """Return the edit that adds missing keys of `retries` with the engine's defaults to a dictionary on one line."""
    text = place.text
    if not (text.startswith("{") and text.endswith("}")) or place.span.line != place.span.end_line:
        return ()
    entries = text[1:-1].strip().removesuffix(",")
    added = (f'"{name}": {DEFAULT_RETRIES[name]}' for name in missing)
    return (Replacement(place, f"{{{', '.join(filter(None, [entries, *added]))}}}"),)


def _similar_name(name: object, candidates: Iterable[str]) -> str | None:
    """Return the valid name that a typo resembles, if any."""
    if not isinstance(name, str):
        return None
    return next(iter(near_names(name, candidates, _SIMILARITY)), None)


def _must_be_invalid(value: Value, valid: tuple[str, ...]) -> bool:
    """Return whether a value must differ from all valid strings. None is valid: it means the same as an absent key."""
    if isinstance(value, Constant):
        return value.value is not None and value.value not in valid
    return kind_of(value) is not None


def _must_not_be_dictionary(value: Value) -> bool:
    if isinstance(value, Constant) and value.value is None:
        return False
    return kind_of(value) is not None or (isinstance(value, StaticObject) and bool(_OBJECT_BASES & set(value.kinds)))


def _kind_phrase(value: Value) -> str:
    return (
        f"an instance of `{value.class_name}`"
        if isinstance(value, StaticObject)
        else kind_of(value) or "something else"
    )
