"""Typed access to the fields of a configuration. A value of the wrong type is reported as a problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from stepgraph.model.note import Problem, ProblemKind
from stepgraph.project.configuration.document import Document, Path

_KINDS = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


class Fields(Struct, frozen=True):
    """An object in a document."""

    path: str
    """The path of the configuration file."""
    document: Document
    problems: list[Problem]
    """The problems of the whole file, to which this object adds its own."""
    values: Mapping[str, object]
    at: Path = field(default=())
    """The path of this object in the document."""

    def text(self, name: str, *, required: bool = False) -> str | None:
        """Return a field that is a nonempty string without characters that a name cannot contain."""
        value = self.values.get(name)
        if value is None:
            if required:
                self.report((), f"`{name}` is missing{self._entry_suffix()}.")
            return None
        if isinstance(value, str) and value:
            invalid = invalid_character(value)
            if invalid is None:
                return value
            self.report((name,), f"`{name}` has {invalid} in it.")
            return None
        expected = "must not be empty" if value == "" else f"must be a string, got {_kind_text(value)}"
        self.report((name,), f"`{name}` {expected}.")
        return None

    def number(self, name: str) -> int | None:
        """Return a field that is a positive integer."""
        value = self.values.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return value
        value_text = value if isinstance(value, int | float) and not isinstance(value, bool) else _kind_text(value)
        self.report((name,), f"`{name}` must be a positive integer, got {value_text}.")
        return None

    def flag(self, name: str) -> bool | None:
        """Return a boolean field."""
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.report((name,), f"`{name}` must be true or false, got {_kind_text(value)}.")
        return None

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Return a field that is a list of strings, without the elements of other types."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            self.report((name,), f"`{name}` must be a list of strings, got {_kind_text(value)}.")
            return None
        wrong = [index for index, element in enumerate(value) if not isinstance(element, str)]
        for index in wrong:
            self.report((name, index), f"`{name}` must contain only strings, got {_kind_text(value[index])}.")
        return tuple(element for element in value if isinstance(element, str))

    def nested(self, name: str) -> Fields | None:
        """Return a field that is an object."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, dict):
            return self._of(value, name)
        self.report((name,), f"`{name}` must be an object, got {_kind_text(value)}.")
        return None

    def nested_list(self, name: str) -> Iterator[Fields]:
        """Yield the objects in a field that is a list of objects."""
        value = self.values.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            self.report((name,), f"`{name}` must be a list of objects, got {_kind_text(value)}.")
            return
        for index, element in enumerate(value):
            if isinstance(element, dict):
                yield self._of(element, name, index)
            else:
                self.report((name, index), f"`{name}` must contain only objects, got {_kind_text(element)}.")

    def named_objects(self) -> Iterator[tuple[str, Fields]]:
        """Yield the name and value of each field that is an object. Other fields are reported."""
        for name in self.values:
            invalid = invalid_character(name)
            if invalid is not None:
                self.report((name,), f"a name in this object has {invalid} in it.")
                continue
            inner = self.nested(name)
            if inner is not None:
                yield name, inner

    def report(self, below: Sequence[str | int], message: str, advice: str = "") -> None:
        """Add a problem at the value at the path `below`, relative to this object."""
        position = self.position(below)
        self.problems.append(Problem(self.path, message, advice, *position, kind=ProblemKind.CONFIGURATION))

    def position(self, below: Sequence[str | int] = ()) -> tuple[int, int]:
        """Return the line and column, from 1, of the value at the path `below`, relative to this object."""
        return self.document.position((*self.at, *below))

    def _of(self, values: Mapping[str, object], *below: str | int) -> Fields:
        return Fields(self.path, self.document, self.problems, values, (*self.at, *below))

    def _entry_suffix(self) -> str:
        return f" in this entry of `{self.at[-2]}`" if self.at and isinstance(self.at[-1], int) else ""


def invalid_character(text: str) -> str | None:
    """Describe a character that no name or path can contain, None if there is none."""
    if "\0" in text:
        return "a null character"
    return "half of a surrogate pair" if any("\ud800" <= character <= "\udfff" for character in text) else None


def _kind_text(value: object) -> str:
    if value == "":
        return "an empty string"
    return _KINDS.get(type(value), "a date")
