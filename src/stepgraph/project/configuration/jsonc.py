"""JSON with comments and trailing commas, read by the standard library's parser.

Comments and trailing commas are first replaced with spaces, which preserves offsets. Positions of values are computed
on first use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

from stepgraph.limits import JSON_VALUES
from stepgraph.model.json_input import syntax_error_text
from stepgraph.project.configuration.document import (
    MAX_DEPTH,
    TOO_DEEP,
    TOO_MANY_DIGITS,
    ConfigurationDocument,
    MalformedError,
    Path,
    Position,
    kind_text,
    position_at,
)

# Strings and comments may be unclosed, because a pattern that fails at the end of the file would backtrack.
_TOKEN: Final = re.compile(
    r'"(?:[^"\\\n]|\\[^\n])*+"?|//[^\r\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?|[^\s"/,\[\]{}]++|\S', re.DOTALL
)
_VALID_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{},]|[^\s\[\]{},:"]++')
_SEPARATORS: Final = (",", "[", "{")
"""The characters, at least one of which precedes each value except the root."""
_CONSTANT: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|-?[A-Z]\w*+')


class JsoncDocument(ConfigurationDocument):
    """A JSONC document whose root is an object. Raises MalformedError for anything else."""

    def __init__(self, text: str) -> None:
        if sum(map(text.count, _SEPARATORS)) > JSON_VALUES:
            raise MalformedError(f"more than {JSON_VALUES:,} values", (1, 1))
        super().__init__(text)
        self._json = _without_comments(text)
        self._has_duplicates = False
        self.data: Mapping[str, object] = self._parse()
        self.duplicates = self._duplicates() if self._has_duplicates else ()

    def _parse(self) -> Mapping[str, object]:
        if not self._json.strip():
            raise MalformedError("expected an object, got an empty file", (1, 1))
        try:
            data: object = json.loads(self._json, object_pairs_hook=self._object, parse_constant=self._constant)
        except json.JSONDecodeError as error:
            raise _invalid(syntax_error_text(error), (error.lineno, error.colno)) from None
        except ValueError:
            raise MalformedError(TOO_MANY_DIGITS, (1, 1)) from None
        if not isinstance(data, dict):
            raise MalformedError(f"expected an object, got {kind_text(data)}", (1, 1))
        return data

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        values = dict(pairs)
        self._has_duplicates |= len(values) < len(pairs)
        return values

    def _constant(self, name: str) -> object:
        constant = next(match for match in _CONSTANT.finditer(self._json) if match[0] == name)
        raise _invalid(f"{name} is not a JSON value", position_at(self.text, constant.start()))

    def _duplicates(self) -> tuple[tuple[Path, Position], ...]:
        keys = self.offsets.keys.items()
        duplicates = [(path, offset) for path, offsets in keys for offset in offsets[1:]]
        return tuple((path, self.lines.position(offset)) for path, offset in duplicates)

    @cached_property
    def offsets(self) -> _JsonOffsets:
        """The offsets of values and keys."""
        return _JsonOffsets(self._json)


def jsonc_comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and text of each comment in valid JSONC."""
    for token in _TOKEN.finditer(text):
        if token[0].startswith(("//", "/*")):
            yield token.start(), token[0]


class _JsonOffsets:
    """The offsets of the values and keys of valid JSON, by their paths."""

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
                path[-1] = _next_part(path[-1])
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


def _invalid(message: str, position: Position) -> MalformedError:
    return MalformedError(f"not valid JSON: {message}", position)


def _next_part(part: str | int) -> str | int:
    return part + 1 if isinstance(part, int) else part


def _without_comments(text: str) -> str:
    """Return text of the same length, with spaces for comments and trailing commas."""
    chunks: list[str] = []
    copied_end = depth = 0
    last = "["
    comma: int | None = None
    for match in _TOKEN.finditer(text):
        part = match[0]
        if part.startswith("/*") and not part.endswith("*/", 2):
            raise _invalid("unclosed comment", position_at(text, match.start()))
        if part.startswith(("//", "/*")):
            chunks += [text[copied_end : match.start()], re.sub(r"[^\r\n]", " ", part)]
            copied_end = match.end()
            continue
        if part in "[{]}":
            depth += 1 if part in "[{" else -1
            if depth > MAX_DEPTH:
                raise MalformedError(TOO_DEEP, (1, 1))
        if comma is not None and part in "]}":
            chunks[comma] = " "
        comma = None
        if part == "," and last[-1] not in "[{,:":
            comma = len(chunks) + 1
            chunks += [text[copied_end : match.start()], ","]
            copied_end = match.end()
        last = part
    return "".join(chunks) + text[copied_end:]
