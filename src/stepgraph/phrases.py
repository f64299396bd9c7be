"""Texts of numbers, durations, payload shapes and names, and the search for similar and partial names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from stepgraph.model.payload import Number, ObjectShape, Shape


# Months and years are left out: they have no exact number of milliseconds.
_UNITS = (
    (7 * 24 * 60 * 60 * 1000, "week"),
    (24 * 60 * 60 * 1000, "day"),
    (60 * 60 * 1000, "hour"),
    (60 * 1000, "minute"),
    (1000, "second"),
)
_ELAPSED_UNITS = (
    (24 * 60 * 60 * 1000, 60 * 60 * 1000, "d", "h"),
    (60 * 60 * 1000, 60 * 1000, "h", "min"),
    (60 * 1000, 1000, "min", "s"),
)
# The minimum number of seconds that are written without tenths.
_WHOLE_SECONDS: Final = 10
# Comparing two names takes time proportional to the product of their lengths.
_MAX_LENGTH: Final = 100
_MAX_NAME_LENGTH: Final = 120
"""The maximum number of characters of a name in a message."""
_MAX_LISTED: Final = 8
"""The maximum number of available names in a message about an unknown name."""


def missing_extra(feature: str, extra: str) -> str:
    """Return the error and the remedy for a feature that needs an extra of stepgraph, without the final period."""
    return f"{feature} requires the extra `{extra}`, which is not installed. Run `pip install 'stepgraph[{extra}]'`"


def duration_text(duration: Number | str) -> str:
    """Return a duration in words. Text stays unchanged, and milliseconds are converted to the largest exact unit.

    `300000` becomes `5 minutes`, `90000` becomes `90 seconds`, and `1500` becomes `1500 ms`.
    """
    if isinstance(duration, str):
        return duration
    for size, unit in _UNITS:
        if duration > 0 and duration % size == 0:
            return counted(int(duration // size), unit)
    return f"{number_text(duration)} ms"


def elapsed_text(milliseconds: int) -> str:
    """Return a measured time in its two largest units, rounded down: `3 min 20 s`, `2 d 5 h`, `3.1 s` or `850 ms`."""
    for size, smaller_size, unit, smaller_unit in _ELAPSED_UNITS:
        if milliseconds >= size:
            remainder = milliseconds % size // smaller_size
            return f"{milliseconds // size:,} {unit}" + (f" {remainder} {smaller_unit}" if remainder else "")
    seconds, tenths = divmod(max(0, milliseconds) // 100, 10)
    if not seconds:
        return f"{max(0, milliseconds)} ms"
    return f"{seconds}.{tenths} s" if tenths and seconds < _WHOLE_SECONDS else f"{seconds} s"


def utc_text(milliseconds: int) -> str:
    """Return a time in milliseconds since 1970 in ISO 8601: `2026-03-01T12:00:00.000Z`."""
    # Imported here for a fast start.
    from datetime import UTC, datetime, timedelta

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def instant_text(milliseconds: int) -> str:
    """Return a time in milliseconds since 1970 for people, in UTC: `2026-11-27 10:38:07 UTC`."""
    date, _, time = utc_text(milliseconds).partition("T")
    return f"{date} {time.partition('.')[0]} UTC"


def is_same_duration(first: object, second: object) -> bool:
    """Return whether two values are durations with equal texts, such as `60000` and `1 minute`."""
    if not isinstance(first, int | float | str) or not isinstance(second, int | float | str):
        return False
    return duration_text(first) == duration_text(second)


def number_text(number: Number) -> str:
    """Return a JSON number without a zero fraction: `3` for `3.0`."""
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def counted(number: Number, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 step`, `2 steps`."""
    return f"{number_text(number)} {noun if number == 1 else plural or noun + 's'}"


def counted_or_none(number: int, noun: str) -> str:
    """Return a number with its noun: `no steps`, `1 step`, `2 steps`."""
    return counted(number, noun) if number else f"no {noun}s"


def incomplete_text(notes: int) -> str:
    """Return a remark on a graph with this number of notes about missing steps, or an empty string without any."""
    return f"incomplete: {counted(notes, 'note')}" if notes else ""


def workflow_title(name: str, class_name: str) -> str:
    """Return a workflow's name and class, as in `orders (Orders)`, or the class alone if the name adds nothing."""
    return class_name if name in ("", class_name) else f"{name} ({class_name})"


def shape_text(shape: Shape) -> str:
    """Return a shape on one line: `{order: {id, lines}, note}`."""
    pieces: list[str] = []
    pending: list[str | Shape] = [shape]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            pieces.append(part)
        elif part["type"] == "object":
            pending.extend(reversed(_object_parts(part)))
        else:
            pieces.append("unknown")
    return "".join(pieces)


def payload_text(shape: Shape) -> str:
    """Return the shape of a payload on one line: `payload: {order: {id, lines}, note}`."""
    return f"payload: {shape_text(shape)}"


def _object_parts(shape: ObjectShape) -> list[str | Shape]:
    parts: list[str | Shape] = ["{"]
    for name, field in shape["fields"].items():
        parts += [", " if len(parts) > 1 else "", _key_text(name)]
        if field["type"] == "object":
            parts += [": ", field]
    return [*parts, "}"]


def _key_text(key: str) -> str:
    return key if key.isascii() and key.isidentifier() else json.dumps(key, ensure_ascii=False)


def near_names(name: str, available: Iterable[str], similarity: float = 0.6) -> list[str]:
    """Return up to three names of this similarity (0 to 1), ignoring case, nearest first.

    Of names equal but for case, return the first.
    """
    # Imported here for a fast start, because only misspelled names need it.
    from difflib import get_close_matches

    by_folded = {each.casefold(): each for each in reversed(list(available))}
    return [by_folded[match] for match in get_close_matches(name.casefold(), list(by_folded), cutoff=similarity)]


def suggest_names(name: str, available: Iterable[str], fallback: str = "", titles: Iterable[str] = ()) -> str:
    """Return a sentence that suggests names similar to an unknown one, or lists the available names.

    `titles` are listed in place of the names. Without any names, return `fallback`.
    """
    names = list(dict.fromkeys(available))
    if near := near_names(name, names):
        return f"Did you mean {', '.join(quoted(near))}?"
    listed = list(dict.fromkeys(titles)) or names
    more = f" and {len(listed) - _MAX_LISTED} more" if len(listed) > _MAX_LISTED else ""
    return f"Available: {', '.join(quoted(listed[:_MAX_LISTED]))}{more}." if listed else fallback


class Suggestions(Struct):
    """Suggestions for unknown names, with a limit on comparisons for modules with thousands of unknown names."""

    remaining: int = 50_000
    """The number of comparisons of two names that may still be made."""

    def nearest(self, name: str, available: Callable[[], Iterable[str]], similarity: float = 0.6) -> str | None:
        """Return the most similar name, or None if no name is similar, `name` is too long or the limit is reached."""
        if self.remaining <= 0 or len(name) > _MAX_LENGTH:
            return None
        names = [each for each in available() if len(each) <= _MAX_LENGTH]
        self.remaining -= len(names)
        return next(iter(near_names(name, names, similarity)), None)


def system_reason(error: OSError) -> str:
    """Return the reason for an error of the operating system in lower case, as part of a sentence."""
    if isinstance(error, PermissionError):
        return "permission denied"
    return (error.strerror or type(error).__name__).lower()


def capitalized(text: str) -> str:
    """Return text with its first character in upper case."""
    return f"{text[:1].upper()}{text[1:]}"


def advice_to_make_async(function: str) -> str:
    """Return advice to make a function async, because it has to await a call."""
    return f"Make `{function}` an async function: await this call in it, and each call of it."


def quoted(names: Iterable[str]) -> list[str]:
    """Return names in backquotes."""
    return [f"`{name}`" for name in names]


def without_backquotes(sentence: str) -> str:
    """Return a sentence without the pairs of backquotes around code, which a picture would show as they are."""
    *pairs, tail = sentence.split("`")
    return "".join(pairs) + ("`" if len(pairs) % 2 else "") + tail


def enumeration(names: Iterable[str], conjunction: str = "and", most: int = 5) -> str:
    """Return names in backquotes as a list, without those beyond `most`: "`a`, `b` and 3 more"."""
    return list_phrase(quoted(names), conjunction, most)


def list_phrase(texts: Iterable[str], conjunction: str = "and", most: int = 5) -> str:
    """Return texts as a list, without those beyond `most`: "a, b and 3 more"."""
    shown = list(texts)
    if len(shown) > most:
        shown[most:] = [f"{len(shown) - most:,} more"]
    *first, last = shown or [""]
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def cycle_phrase(names: Sequence[str]) -> str:
    """Return the names of a dependency cycle as a clause, such as `'a' needs 'b', which needs 'a'`."""
    first, *others = map(quoted_name, names)
    return f"{first} needs {', which needs '.join([*others, first])}"


def shortened(text: str, length: int = 300) -> str:
    """Return a text of at most `length` characters, with an ellipsis if the end is cut."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def quoted_name(name: str) -> str:
    """Return the name of a step, sleep or wait as a Python string for a message, shortened to 120 characters."""
    return repr(shortened(name, _MAX_NAME_LENGTH))


def fits_pieces(text: str, pieces: Sequence[str]) -> bool:
    """Return whether a text consists of the pieces in order, with any text between them.

    Each piece is matched at its leftmost occurrence, so no backtracking is needed.
    """
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return text == first
    at, end = len(first), len(text) - len(last)
    if end < at or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in pieces[1:-1]:
        start = text.find(piece, at, end)
        if start < 0:
            return False
        at = start + len(piece)
    return True
