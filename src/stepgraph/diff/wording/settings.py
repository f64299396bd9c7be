"""What was changed of an element, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, cast

from stepgraph.diff.elements import Element
from stepgraph.json_text import canonical_json
from stepgraph.model.payload import (
    DEFAULT_BACKOFF,
    DEFAULT_DELAY,
    DEFAULT_EVENT_TIMEOUT,
    DEFAULT_RETRIES,
    DEFAULT_TIMEOUT,
    Shape,
)
from stepgraph.phrases.durations import duration_text
from stepgraph.phrases.shapes import shape_text

_LONGEST: Final = 60
"""Of a value that is written as JSON."""

_INNER_FIELDS: Final[Mapping[str, tuple[tuple[str, str, object], ...]]] = {
    "config": (
        ("retries.limit", "retries", DEFAULT_RETRIES),
        ("retries.delay", "retry delay", DEFAULT_DELAY),
        ("retries.backoff", "backoff", DEFAULT_BACKOFF),
        ("timeout", "timeout", DEFAULT_TIMEOUT),
    ),
    "options": (("event_type", "event type", ""), ("timeout", "timeout", DEFAULT_EVENT_TIMEOUT)),
}
_DURATIONS: Final = frozenset({"duration", "timeout", "retry delay"})


def changes_of(old: Element, new: Element, field: str) -> Iterator[str]:
    """Yield what was changed of a field, each as a phrase: `timeout 1 minute to 2 minutes`."""
    before, after = old.fields.get(field), new.fields.get(field)
    match field:
        case "config" | "options":
            yield from _inner_changes(field, before, after)
        case "payload":
            yield f"payload {_shape(before)} to {_shape(after)}"
        case "resolves":
            yield "now waited for" if field in new.fields else "no longer waited for"
        case "discriminant":
            yield f"discriminant `{before}` to `{after}`"
        case _:
            yield _change(field, before, after)


def _inner_changes(field: str, before: object, after: object) -> Iterator[str]:
    """Yield what was changed of settings, where what is not there is as the engine takes it."""
    told = False
    for path, noun, default in _INNER_FIELDS[field]:
        first, second = _at(before, path, default), _at(after, path, default)
        if canonical_json(first) != canonical_json(second):
            told = True
            yield _change(noun, first, second)
    if not told:
        yield f"{field} changed"


def _at(value: object, path: str, default: object) -> object:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return default if value is None else value


def _change(noun: str, before: object, after: object) -> str:
    old, new = _value(noun, before), _value(noun, after)
    if old == new:
        return f"{noun} written {_brief(canonical_json(after))} instead of {_brief(canonical_json(before))}"
    return f"{noun} {old} to {new}"


def _value(noun: str, value: object) -> str:
    if value is None:
        return "none"
    if noun in _DURATIONS and isinstance(value, int | float | str):
        return duration_text(value)
    return _brief(value if isinstance(value, str) else canonical_json(value))


def _brief(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _shape(value: object) -> str:
    if not isinstance(value, dict):
        return "none"
    try:
        return shape_text(cast("Shape", value))
    except (KeyError, AttributeError):
        # One that this version does not know.
        return canonical_json(value)
