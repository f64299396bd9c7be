"""Step configuration, merged key by key with the engine's defaults."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.calls import Argument
from stepgraph.interpreter.values.containers import Mapping, MappingEntry
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.interpreter.values.shown_elements import EntriesByKey
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.ir.nodes import MergedStepConfig
from stepgraph.ir.values import UNKNOWN, Constant, Moment, Template, Value, is_none
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.model.payload import Backoff, Number

DEFAULTS: Final = MergedStepConfig()

_BACKOFFS: Final[dict[object, Backoff]] = {"constant": "constant", "linear": "linear", "exponential": "exponential"}
_DURATIONS: Final = ("timeout", "delay")
"""The keys of durations."""


def settings_from(interpreter: Interpreter, argument: Argument | None) -> MergedStepConfig:
    """Return the settings in a `config` argument.

    A duration that is not constant is represented by its source. Other settings that are not constant keep their
    defaults and are reported.
    """
    if argument is None or is_none(argument.value) or _is_empty(argument.value):
        return DEFAULTS
    settings = DEFAULTS
    for key, entry in _entries(interpreter, argument, "config").items():
        if key == "timeout":
            settings = replace(settings, timeout=_duration_of(entry.value, entry.place))
        elif key == "retries":
            for name, inner in _entries(interpreter, entry, "retries").items():
                settings = _with_retry(interpreter, settings, name, inner)
    return settings


def _is_empty(value: Value) -> bool:
    return isinstance(value, Mapping) and value.read_as_empty()


def _with_retry(
    interpreter: Interpreter, settings: MergedStepConfig, key: object, entry: MappingEntry
) -> MergedStepConfig:
    if key == "delay":
        if isinstance(entry.value, FunctionValue | StepFunction):
            _report_delay_function(interpreter, entry.place)
        return replace(settings, delay=_duration_of(entry.value, entry.place))
    if key == "limit":
        limit = number_of(entry.value)
        if limit is not None:
            return replace(settings, limit=limit)
        _report_value(interpreter, entry, "limit", DEFAULTS.limit)
    if key == "backoff":
        backoff = _BACKOFFS.get(entry.value.value) if isinstance(entry.value, Constant) else None
        if backoff is not None:
            return replace(settings, backoff=backoff)
        _report_value(interpreter, entry, "backoff", DEFAULTS.backoff)
    return settings


def _entries(interpreter: Interpreter, source: Argument | MappingEntry, setting: str) -> dict[object, MappingEntry]:
    """Return the entries of a dictionary that have constant keys, by key.

    If another entry may replace a duration, the source of the duration is the dictionary. Other settings that may be
    replaced keep their defaults.
    """
    value = source.value
    if not isinstance(value, Mapping) or not value.shows_constants:
        _report(interpreter, source, setting, "the default")
        return {}
    by_key = EntriesByKey.of(value.entries)
    if value.partial or not by_key.is_complete:
        _report(interpreter, source, setting, "the default for unknown keys")
    if not by_key.uncertain:
        return by_key.certain
    return by_key.certain | {
        key: replace(by_key.uncertain[key], value=UNKNOWN, place=source.place)
        for key in _DURATIONS
        if key in by_key.uncertain
    }


def _report_value(interpreter: Interpreter, entry: MappingEntry, setting: str, default: object) -> None:
    """Report a setting that the graph does not show, because it is invalid or not a constant."""
    if not isinstance(entry.value, Constant):
        _report(interpreter, entry, setting, f"the default, {default}")
        return
    interpreter.note(
        "invalid-config",
        entry.place,
        f"the step's {setting} `{entry.place.text}` is invalid, so the engine rejects the config.",
        f"The graph shows the default, {default}.",
        incomplete=False,
    )


def _report(interpreter: Interpreter, source: Argument | MappingEntry, setting: str, fallback: object) -> None:
    verb = "are" if setting == "retries" else "is"
    problem = "not valid" if isinstance(source.value, Constant) else "not statically known"
    message = f"the step's {setting} `{source.place.text}` {verb} {problem}."
    interpreter.note("dynamic-config", source.place, message, f"The graph shows {fallback}.", incomplete=False)


def _report_delay_function(interpreter: Interpreter, place: SourcePlace) -> None:
    interpreter.note(
        "dynamic-config",
        place,
        f"the step's delay `{place.text}` is a function, which the engine calls after each failed attempt.",
        "The graph shows its source.",
        incomplete=False,
    )


# Maximum size of an integer in JSON, in bits, because readers may reject larger integers.
WIDEST_NUMBER: Final = 512


def _text_of(value: Value, place: SourcePlace) -> str:
    """Return the text of a constant string, or the source of another value in braces."""
    if type(value) is Constant and type(value.value) is str:
        return value.value
    return value.text if isinstance(value, Template) else "{" + place.text + "}"


def name_text(argument: Argument | None) -> str:
    """Return the name in an argument, as in `_text_of`, or `{}` without an argument."""
    return "{}" if argument is None else _text_of(argument.value, argument.place)


def duration_text(argument: Argument | None) -> Number | str:
    """Return the duration in an argument, as in `_duration_of`, or `{}` without an argument."""
    return "{}" if argument is None else _duration_of(argument.value, argument.place)


def _duration_of(value: Value, place: SourcePlace) -> Number | str:
    """Return a duration as milliseconds, as its constant string, or as its source in braces."""
    number = number_of(value)
    return _text_of(value, place) if number is None else number


def number_of(value: Value) -> Number | None:
    """Return a constant as a JSON number. Return None if the value cannot be represented as one."""
    number = value.value if type(value) is Constant else None
    if type(number) is int:  # no bool
        return number if number.bit_length() <= WIDEST_NUMBER else None
    return number if type(number) is float and math.isfinite(number) else None


def timestamp_text(argument: Argument | None) -> str:
    """Return a timestamp as text, or `{}` without an argument.

    A constant datetime is in ISO 8601, and constant epoch milliseconds are digits. For other values, see `_text_of`.
    """
    if argument is None:
        return "{}"
    if isinstance(argument.value, Moment):
        return argument.value.text
    number = number_of(argument.value)
    if number is None:
        return _text_of(argument.value, argument.place)
    return str(int(number)) if number == int(number) else repr(number)
