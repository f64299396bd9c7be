"""JSON with comments and trailing commas, read by the standard library's parser.

Comments and trailing commas are blanked first, so that each place in the text stays what it was. Where a value stands
is found only when it is asked for: a file without mistakes needs no places.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

from stepgraph.project.configuration.document import (
    DEEPEST,
    TOO_DEEP,
    TOO_MANY_DIGITS,
    Lines,
    MalformedError,
    Path,
    Position,
    innermost,
    position_at,
)

# Text and comments may end with the file, so that no part of them is ever looked at again.
_TOKEN: Final = re.compile(
    r'"(?:[^"\\\n]|\\[^\n])*+"?|//[^\r\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?|[^\s"/,\[\]{}]++|\S', re.DOTALL
)
_VALID_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{},]|[^\s\[\]{},:"]++')
_CONSTANT: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|-?[A-Z]\w*+')


class JsoncDocument:
    """An object in JSONC. Raises MalformedError for anything else."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._json = _without_comments(text)
        self._repeats = False
        self.data: Mapping[str, object] = self._parsed()
        self.repeated = self._repeated() if self._repeats else ()

    def position(self, path: Path) -> Position:
        """Return where a part stands, or the innermost part around it that is there."""
        return self._lines.position(innermost(self._places.values, path))

    def _parsed(self) -> Mapping[str, object]:
        try:
            data: object = json.loads(self._json, object_pairs_hook=self._object, parse_constant=self._constant)
        except json.JSONDecodeError as error:
            raise MalformedError(_message(error), (error.lineno, error.colno)) from None
        except ValueError:
            raise MalformedError(TOO_MANY_DIGITS, (1, 1)) from None
        if not isinstance(data, dict):
            raise MalformedError("an object is expected", (1, 1))
        return data

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        self._repeats |= len(made) < len(pairs)
        return made

    def _constant(self, name: str) -> object:
        found = next(match for match in _CONSTANT.finditer(self._json) if match[0] == name)
        raise MalformedError(f"{name} is no value of JSON", position_at(self._text, found.start()))

    def _repeated(self) -> tuple[tuple[Path, Position], ...]:
        keys = self._places.keys.items()
        again = [(path, offset) for path, offsets in keys for offset in offsets[1:]]
        return tuple((path, self._lines.position(offset)) for path, offset in again)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._text)

    @cached_property
    def _places(self) -> _Places:
        return _Places(self._json)


def jsonc_comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield the comments of valid JSONC, each with its offset."""
    for found in _TOKEN.finditer(text):
        if found[0].startswith(("//", "/*")):
            yield found.start(), found[0]


class _Places:
    """Where the values and keys of valid JSON stand."""

    def __init__(self, text: str) -> None:
        self.values: dict[Path, int] = {}
        self.keys: dict[Path, list[int]] = {}
        path: list[str | int] = []
        in_objects: list[bool] = []
        expects_key = False
        for match in _VALID_TOKEN.finditer(text):
            part = match[0]
            if part == ",":
                expects_key = in_objects[-1]
                path[-1] = _next(path[-1])
            elif part in "]}":
                expects_key = False
                in_objects.pop()
                path.pop()
            elif expects_key:
                expects_key = False
                path[-1] = json.loads(part)
                self.keys.setdefault(tuple(path), []).append(match.start())
            else:
                self.values[tuple(path)] = match.start()
                if part in "[{":
                    expects_key = part == "{"
                    in_objects.append(expects_key)
                    path.append("" if expects_key else 0)


def _message(error: json.JSONDecodeError) -> str:
    """Return the parser's message as part of a sentence, which the place follows in none."""
    return (error.msg[:1].lower() + error.msg[1:]).removesuffix(" at").removesuffix(" starting")


def _next(part: str | int) -> str | int:
    return part + 1 if isinstance(part, int) else part


def _without_comments(text: str) -> str:
    """Return text of the same length, with spaces for comments and trailing commas."""
    kept: list[str] = []
    done = depth = 0
    last = "["
    comma: int | None = None
    for match in _TOKEN.finditer(text):
        part = match[0]
        if part.startswith("/*") and not part.endswith("*/", 2):
            raise MalformedError("this comment is not closed", position_at(text, match.start()))
        if part.startswith(("//", "/*")):
            kept += [text[done : match.start()], re.sub(r"[^\r\n]", " ", part)]
            done = match.end()
            continue
        if part in "[{]}":
            depth += 1 if part in "[{" else -1
            if depth > DEEPEST:
                raise MalformedError(TOO_DEEP, (1, 1))
        if comma is not None and part in "]}":
            kept[comma] = " "
        comma = None
        if part == "," and last[-1] not in "[{,:":
            comma = len(kept) + 1
            kept += [text[done : match.start()], ","]
            done = match.end()
        last = part
    return "".join(kept) + text[done:]
