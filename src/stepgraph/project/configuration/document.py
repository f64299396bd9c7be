"""Configuration files as plain data, with the position of each value, and typed access to their fields.

A value of the wrong type is reported as a problem.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Final, Protocol, TypeAlias

from msgspec import Struct, field

from stepgraph.limits import PATH_CHARACTERS
from stepgraph.model.note import Problem

_SIGNS: Final = "%${<"
"""The signs with which placeholders start. Most values contain none of them."""
_AROUND_NAMES: Final = ("@", "__")


# Field names and list indices, from the top level.
Path: TypeAlias = tuple[str | int, ...]
# Line and column, from 1.
Position: TypeAlias = tuple[int, int]

_LINE_END: Final = re.compile("\n")

_PLAIN_ENTRY: Final = re.compile(r"[\w*?./!\[\]-]{1,60}", re.ASCII)
"""A short entry of a list, such as a rule, a flag or a pattern, that needs no escaping in TOML and JSON."""

# The nesting limit of values and dotted names, because work on deeper ones takes quadratic or cubic time in the depth.
MAX_DEPTH: Final = 100
TOO_DEEP: Final = "nested too deeply"

# This replaces Python's message about its limit on the digits of an integer.
TOO_MANY_DIGITS: Final = "a number has too many digits"


@cache
def _placeholder() -> re.Pattern[str]:
    """Return the expression for `%NAME%`, `$NAME` and `${NAME}`, `{{ name }}` and `{% name %}`, and `<name>`."""
    return re.compile(r"%[A-Za-z_]|\$\{?[A-Za-z_]|\{[{%\w]|<[%A-Za-z]")


def is_placeholder(text: str) -> bool:
    """Return whether a value contains a placeholder such as `%NAME%` or `{{ name }}`."""
    if any(sign in text for sign in _SIGNS) and _placeholder().search(text) is not None:
        return True
    return any(part.isidentifier() for mark in _AROUND_NAMES for part in text.split(mark)[1:-1])


def is_placeholder_date(text: str) -> bool:
    """Return whether a value stands for a date, as `%DATE%` and `YYYY-MM-DD` do."""
    return is_placeholder(text) or (text[:1].isalpha() and re.fullmatch("[A-Z][A-Z_-]+", text) is not None)


class MalformedError(Exception):
    """A configuration file cannot be parsed, is not an object, or exceeds a limit. The message has no final period."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


def explain_malformed(text: str, error: MalformedError) -> tuple[str, str, Position]:
    """Return the message, advice and position for a text that cannot be parsed, such as one with merge conflicts."""
    # Imported here because few files are malformed.
    from stepgraph.merge_conflicts import CONFLICT_ADVICE, CONFLICT_MESSAGE, find_conflict

    line = find_conflict(text)
    return (f"{error.message}.", "", error.position) if line is None else (CONFLICT_MESSAGE, CONFLICT_ADVICE, (line, 1))


def position_at(text: str, offset: int) -> Position:
    """Return the line and column, from 1, of an offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


class LineIndex:
    """An index of line starts, to convert many offsets of a text."""

    def __init__(self, text: str) -> None:
        self._ends = [-1, *(match.start() for match in _LINE_END.finditer(text))]

    def position(self, offset: int) -> Position:
        """Return the line and column of an offset."""
        line = bisect_left(self._ends, offset)
        return line, offset - self._ends[line - 1]


class Offsets(Protocol):
    """The offsets of the values and keys of a valid document, by their paths."""

    values: dict[Path, int]
    keys: dict[Path, list[int]]
    """The offsets of each key, of which there are several if it is duplicate."""


class ConfigurationDocument:
    """The parsed content of a configuration file. Positions are computed on first use."""

    data: Mapping[str, object]
    """The content as built-in types."""
    duplicates: tuple[tuple[Path, Position], ...] = ()
    """Duplicate fields, which parsers treat differently."""

    def __init__(self, text: str) -> None:
        self.text = text
        """The text to which the offsets refer."""

    def position(self, path: Path) -> Position:
        """Return the position of the value at a path, or of the innermost enclosing value if it is missing."""
        values = self.offsets.values
        offset = next((values[path[:length]] for length in range(len(path), 0, -1) if path[:length] in values), 0)
        return self.lines.position(offset)

    def key_position(self, path: Path) -> Position:
        """Return the position of the key of the field at a path. For a table of TOML, it is that of its header."""
        offsets = self.offsets.keys.get(path)
        return self.position(path) if offsets is None else self.lines.position(offsets[0])

    @cached_property
    def lines(self) -> LineIndex:
        """The index of the lines of the text."""
        return LineIndex(self.text)

    @cached_property
    def offsets(self) -> Offsets:
        """The offsets of values and keys."""
        raise NotImplementedError


_KINDS = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def kind_text(value: object) -> str:
    """Return the type of a value with an article, for a sentence: `a list`."""
    if value == "":
        return "an empty string"
    return _KINDS.get(type(value), "a date")


class Fields(Struct, frozen=True):
    """Typed access to the fields of an object in a document. Methods report and omit values of a wrong type."""

    path: str
    """The path of the configuration file."""
    document: ConfigurationDocument
    problems: list[Problem]
    """The problems of the whole file, to which this object adds its own."""
    values: Mapping[str, object]
    at: Path = field(default=())
    """The path of this object in the document."""

    def text(self, name: str, *, required: bool = False) -> str | None:
        """Return a nonempty string without invalid characters. Report any other value, and a missing `required` one."""
        value = self.values.get(name)
        if value is None:
            if required:
                self._report_missing(name)
            return None
        if isinstance(value, str) and value:
            invalid = invalid_character(value)
            if invalid is None:
                return value
            self.report((name,), f"`{name}` contains {invalid}.")
            return None
        expected = "must not be empty" if value == "" else f"must be a string, got {self._kind_text(value)}"
        self.report((name,), f"`{name}` {expected}.")
        return None

    def path_text(self, name: str, *, required: bool = False) -> str | None:
        """Return a path, or None if it is missing or invalid, like `text`. Report a path that is too long."""
        value = self.text(name, required=required)
        if value is None or len(value) <= PATH_CHARACTERS:
            return value
        self.report((name,), f"`{name}` is longer than {PATH_CHARACTERS:,} characters, so it is not a path.")
        return None

    def number(self, name: str) -> int | None:
        """Return a positive integer, or None for a placeholder. Report any other value."""
        value = self.values.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return value
        if isinstance(value, str) and is_placeholder(value):
            return None
        value_text = value if isinstance(value, int | float) and not isinstance(value, bool) else self._kind_text(value)
        self.report((name,), f"`{name}` must be a positive integer, got {value_text}.")
        return None

    def flag(self, name: str) -> bool | None:
        """Return a boolean, or None if it is missing or invalid. Report an invalid value."""
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.report((name,), f"`{name}` must be true or false, got {self._kind_text(value)}.")
        return None

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Return the strings in a list. Report any other value, and elements of other types."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            advice = f'Write `["{value}"]`.' if isinstance(value, str) and _PLAIN_ENTRY.fullmatch(value) else ""
            self.report((name,), f"`{name}` must be a list of strings, got {self._kind_text(value)}.", advice)
            return None
        wrong = [index for index, element in enumerate(value) if not isinstance(element, str)]
        for index in wrong:
            self.report((name, index), f"`{name}` must contain only strings, got {self._kind_text(value[index])}.")
        return tuple(element for element in value if isinstance(element, str))

    def nested(self, name: str) -> Fields | None:
        """Return typed access to an object, or None if it is missing or invalid. Report an invalid value."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, dict):
            return self._of(value, name)
        self.report((name,), f"`{name}` must be {self._an_object}, got {self._kind_text(value)}.")
        return None

    def nested_list(self, name: str) -> Iterator[Fields]:
        """Yield the objects in a list. Report any other value, and elements of other types."""
        value = self.values.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            message = f"`{name}` must be a list of {self._object_word}s, got {self._kind_text(value)}."
            self.report((name,), message, self._advice_on_list(name) if isinstance(value, dict) else "")
            return
        for index, element in enumerate(value):
            if isinstance(element, dict):
                yield self._of(element, name, index)
            else:
                self.report(
                    (name, index), f"`{name}` must contain only {self._object_word}s, got {self._kind_text(element)}."
                )

    def named_objects(self) -> Iterator[tuple[str, Fields]]:
        """Yield the name and value of each field that is an object. Report any other field."""
        for name in self.values:
            invalid = invalid_character(name)
            if invalid is not None:
                self.report((name,), f"a name in this object contains {invalid}.")
                continue
            inner = self.nested(name)
            if inner is not None:
                yield name, inner

    def problem(self, below: Sequence[str | int], message: str, advice: str = "") -> Problem:
        """Return a problem with the value at the path `below`, relative to this object."""
        return Problem.in_configuration(self.path, message, advice, self.position(below))

    def report(self, below: Sequence[str | int], message: str, advice: str = "") -> None:
        """Add a problem with the value at the path `below`, relative to this object."""
        self.problems.append(self.problem(below, message, advice))

    def report_key(self, name: str, message: str, advice: str = "") -> None:
        """Add a problem with the key of a field."""
        self.problems.append(Problem.in_configuration(self.path, message, advice, self.key_position(name)))

    def position(self, below: Sequence[str | int] = ()) -> tuple[int, int]:
        """Return the line and column, from 1, of the value at the path `below`, relative to this object."""
        return self.document.position((*self.at, *below))

    def key_position(self, name: str) -> tuple[int, int]:
        """Return the line and column, from 1, of the key of a field."""
        return self.document.key_position((*self.at, name))

    def _report_missing(self, name: str) -> None:
        """Report a missing field, if possible at a field of a similar name, such as `class` for `class_name`."""
        # Imported here because few configurations lack a field.
        from stepgraph.phrases import near_names

        message = f"`{name}` is missing{self._entry_suffix()}."
        misspelled = next(iter(near_names(name, self.values)), None)
        if misspelled is None or invalid_character(misspelled) is not None:
            self.report((), message)
        else:
            self.report_key(misspelled, message, f"Rename `{misspelled}` to `{name}`.")

    @property
    def _is_toml(self) -> bool:
        return self.path.endswith(".toml")

    @property
    def _object_word(self) -> str:
        return "table" if self._is_toml else "object"

    @property
    def _an_object(self) -> str:
        return "a table" if self._is_toml else "an object"

    def _kind_text(self, value: object) -> str:
        return self._an_object if isinstance(value, dict) else kind_text(value)

    def _advice_on_list(self, name: str) -> str:
        """Return advice on a TOML table in place of a list of tables, or an empty string for JSON."""
        header = ".".join((*map(str, self.at), name))
        return f"Write `[[{header}]]` in place of `[{header}]`." if self._is_toml else ""

    def _of(self, values: Mapping[str, object], *below: str | int) -> Fields:
        return Fields(self.path, self.document, self.problems, values, (*self.at, *below))

    def _entry_suffix(self) -> str:
        return f" in this entry of `{self.at[-2]}`" if self.at and isinstance(self.at[-1], int) else ""


def invalid_character(text: str) -> str | None:
    """Describe a character in a text that no name or path can contain, if any."""
    if "\0" in text:
        return "a null character"
    return "half of a surrogate pair" if any("\ud800" <= character <= "\udfff" for character in text) else None
