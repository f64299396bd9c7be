"""TOML, read by the standard library's parser, with the positions of its values."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

from stepgraph.project.configuration.document import (
    MAX_DEPTH,
    TOO_DEEP,
    TOO_MANY_DIGITS,
    ConfigurationDocument,
    MalformedError,
    Path,
    position_at,
)

_ERROR_POSITION: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
# Strings may be unclosed, because a pattern that fails at the end of the file would backtrack.
_STRING: Final = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*+(?:"{3,5})?'
    r"|'''(?:[^']|'{1,2}(?!'))*+(?:'{3,5})?"
    r'|"(?:[^"\\\n]|\\.)*+"?'
    r"|'[^'\n]*+'?",
    re.DOTALL,
)
_STRING_OR_COMMENT: Final = re.compile(f"{_STRING.pattern}|#[^\\r\\n]*+", re.DOTALL)
_NAME_END: Final = re.compile(r"[=\[\]{},\n]")
_KEY: Final = re.compile(f"{_STRING.pattern}|[A-Za-z0-9_-]++", re.DOTALL)
_SCALAR: Final = re.compile(r"[^\s,\]}#](?:[^\n,\]}#]*[^\s,\]}#])?")
_SPACE: Final = re.compile(r"(?:[ \t]++|#[^\n]*+)*+")
_SPACE_AND_LINES: Final = re.compile(r"(?:[ \t\n]++|#[^\n]*+)*+")


class TomlDocument(ConfigurationDocument):
    """A TOML document. Raises MalformedError for anything else, including duplicate keys."""

    def __init__(self, text: str) -> None:
        super().__init__(text.replace("\r\n", "\n"))
        if _has_long_name(self.text):
            raise MalformedError(TOO_DEEP, (1, 1))
        try:
            self.data: Mapping[str, object] = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise _malformed(self.text, str(error)) from None
        except RecursionError:
            raise MalformedError(TOO_DEEP, (1, 1)) from None
        except ValueError:
            raise MalformedError(TOO_MANY_DIGITS, (1, 1)) from None
        if _is_too_deep(self.data):
            raise MalformedError(TOO_DEEP, (1, 1))

    @cached_property
    def offsets(self) -> _TomlOffsets:
        """The offsets of values and keys."""
        return _TomlOffsets(self.text)


def _has_long_name(text: str) -> bool:
    """Return whether a dotted name has too many parts. Each part is a nested table."""
    names = _NAME_END.split(_STRING_OR_COMMENT.sub("", text))
    return any(name.count(".") > MAX_DEPTH for name in names)


def _is_too_deep(data: Mapping[str, object]) -> bool:
    """Return whether tables are nested too deeply for positions, whose computation takes cubic time in the depth."""
    level: list[object] = [data]
    for _ in range(MAX_DEPTH):
        tables = [table.values() for table in level if isinstance(table, dict)]
        arrays = [array for array in level if isinstance(array, list)]
        level = [inner for values in (*tables, *arrays) for inner in values if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def toml_comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and text of each comment in a valid document."""
    for match in _STRING_OR_COMMENT.finditer(text):
        if match[0].startswith("#"):
            yield match.start(), match[0]


def _malformed(text: str, message: str) -> MalformedError:
    match = _ERROR_POSITION.search(message)
    position = (int(match[1]), int(match[2])) if match and match[1] else position_at(text, len(text))
    message = _ERROR_POSITION.sub("", message)
    return MalformedError(f"not valid TOML: {message[:1].lower()}{message[1:]}", position)


class _TomlOffsets:
    """The offsets of the values and keys of a valid document by their paths, computed in one pass."""

    def __init__(self, text: str) -> None:
        self.values: dict[Path, int] = {}
        self.keys: dict[Path, list[int]] = {}
        self._text = text
        self._offset = 0
        self._tables: dict[Path, int] = {}  # the number of tables so far in each array of tables
        table: Path = ()
        while True:
            self._skip(_SPACE_AND_LINES)
            if self._offset >= len(text):
                return
            if text[self._offset] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip(self, space: re.Pattern[str]) -> None:
        match = space.match(self._text, self._offset)
        self._offset = match.end() if match else self._offset

    def _header(self) -> Path:
        start = self._offset
        is_array = self._text.startswith("[[", start)
        self._offset += 1 + is_array
        keys = self._keys()
        self._offset += 1 + is_array
        for length in range(1, len(keys)):
            self.values.setdefault(self._resolve_arrays((), keys[:length]), start)
        table = (*self._resolve_arrays((), keys[:-1]), keys[-1])
        if is_array:
            self.values.setdefault(table, start)
            self._tables[table] = self._tables.get(table, 0) + 1
            table = (*table, self._tables[table] - 1)
        self.values[table] = start
        return table

    def _resolve_arrays(self, path: Path, keys: list[str]) -> Path:
        """Return the path to a table. In an array of tables, keys refer to its last table."""
        for key in keys:
            path = (*path, key)
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        return path

    def _keys(self) -> list[str]:
        """Read a dotted key and return its parts, without quotes."""
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            start = self._offset
            self._skip(_KEY)
            key = self._text[start : self._offset]
            keys.append(next(iter(tomllib.loads(f"{key}=0"))) if key.startswith(('"', "'")) else key)
            self._skip(_SPACE)
            if self._text[self._offset] != ".":
                return keys
            self._offset += 1

    def _pair(self, table: Path) -> None:
        self._skip(_SPACE)
        start = self._offset
        keys = self._keys()
        self._offset += 1
        for length in range(1, len(keys)):
            self.values.setdefault((*table, *keys[:length]), start)
        self.keys[*table, *keys] = [start]
        self._value((*table, *keys))

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        self.values[path] = self._offset
        opening = self._text[self._offset]
        if opening in "[{":
            self._offset += 1
            self._elements(path, in_array=opening == "[")
            return
        scalar = _STRING.match(self._text, self._offset) or _SCALAR.match(self._text, self._offset)
        self._offset = scalar.end() if scalar else len(self._text)

    def _elements(self, path: Path, *, in_array: bool) -> None:
        count = 0
        while True:
            self._skip(_SPACE_AND_LINES)
            character = self._text[self._offset]
            if character in ",]}":
                self._offset += 1
                if character != ",":
                    return
            elif in_array:
                self._value((*path, count))
                count += 1
            else:
                self._pair(path)
