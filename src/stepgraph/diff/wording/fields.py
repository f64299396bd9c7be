"""Phrases for changed fields, and short remarks beside changed elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final, cast

from stepgraph.diff.changes.edit_groups import Action, EditGroup
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, KEY, TreeElement
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

_MAX_LENGTH: Final = 60
"""Maximum length of a JSON value in characters."""

_SETTINGS: Final[Mapping[str, tuple[tuple[str, str, object], ...]]] = {
    "config": (
        ("retries.limit", "retries", DEFAULT_RETRIES),
        ("retries.delay", "retry delay", DEFAULT_DELAY),
        ("retries.backoff", "backoff", DEFAULT_BACKOFF),
        ("timeout", "timeout", DEFAULT_TIMEOUT),
    ),
    "options": (("event_type", "event type", ""), ("timeout", "timeout", DEFAULT_EVENT_TIMEOUT)),
}
_DURATIONS: Final = frozenset({"duration", "timeout", "retry delay"})


def changes_of(old: TreeElement, new: TreeElement, field: str) -> Iterator[str]:
    """Yield a phrase for each change of a field: `timeout 1 minute to 2 minutes`."""
    before, after = old.fields.get(field), new.fields.get(field)
    match field:
        case "config" | "options":
            yield from _setting_changes(field, before, after)
        case "payload":
            yield f"payload {_shape(before)} to {_shape(after)}"
        case "resolves":
            yield "now waited for" if field in new.fields else "no longer waited for"
        case "discriminant":
            yield f"discriminant `{before}` to `{after}`"
        case _:
            yield _change(field, before, after)


def _setting_changes(field: str, before: object, after: object) -> Iterator[str]:
    """Yield the changes of settings. Missing settings have the engine's defaults."""
    has_difference = False
    for path, noun, default in _SETTINGS[field]:
        first, second = _at(before, path, default), _at(after, path, default)
        if canonical_json(first) != canonical_json(second):
            has_difference = True
            yield _change(noun, first, second)
    if not has_difference:
        yield f"{field} changed"


def _at(value: object, path: str, default: object) -> object:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return default if value is None else value


def _change(noun: str, before: object, after: object) -> str:
    old, new = _value(noun, before), _value(noun, after)
    if old == new:
        return f"{noun} written {_shorten(canonical_json(after))} instead of {_shorten(canonical_json(before))}"
    return f"{noun} {old} to {new}"


def _value(noun: str, value: object) -> str:
    if value is None:
        return "none"
    if noun in _DURATIONS and isinstance(value, int | float | str):
        return duration_text(value)
    return _shorten(value if isinstance(value, str) else canonical_json(value))


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}…"


def _shape(value: object) -> str:
    if not isinstance(value, dict):
        return "none"
    try:
        return shape_text(cast("Shape", value))
    except (KeyError, AttributeError):
        # A shape of a later version.
        return canonical_json(value)


_PLAIN: Final = {
    Action.MOVED: "moved",
    Action.REORDERED: "reordered",
    Action.CONCURRENT: "made concurrent",
    Action.SEQUENTIAL: "made sequential",
}


def remarks_on(group: EditGroup, matching: Matching) -> Iterator[tuple[int, str]]:
    """Yield the elements with a remark in pictures, by new number, and the remark.

    Additions, removals and wraps have marks instead.
    """
    if group.action in _PLAIN:
        yield from ((number, _PLAIN[group.action]) for number in group.new)
    elif group.action in {Action.RENAMED, Action.CHANGED}:
        for old, new in zip(group.old, group.new, strict=True):
            yield new, _old_value(matching.old[old], matching.new[new], group)


def _old_value(old: TreeElement, new: TreeElement, group: EditGroup) -> str:
    if group.action is Action.RENAMED:
        return f"was '{old.text(KEY) or old.name or old.text('class_name')}'"
    if old.kind == BRANCH:
        condition = old.fields.get("condition")
        return "was else" if condition is None else f"was {condition}"
    if old.kind in {"switch", "break"}:
        return f"was {old.text('discriminant') or old.text('kind')}"
    return ", ".join(chain.from_iterable(changes_of(old, new, field) for field in group.fields))
