"""Trees of code that differs from earlier code only in its names, strings and comments.

LibCST takes ten times as long to create a node as to copy one. Most programs repeat the structure of statements, so the
trees of frequent structures are copied from templates.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from itertools import islice, repeat
from keyword import kwlist
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.walk import children

_MAX_LENGTH: Final = 1_000
"""The maximum length of code whose structure is compared, in characters. Longer code is hardly ever repeated."""
_MIN_OCCURRENCES: Final = 8
"""The number of occurrences from which a template saves time. Creating it takes as long as parsing the code twice."""
_MAX_STRUCTURES: Final = 10_000
"""The maximum number of structures in memory."""
_MIN_COPIED_SHARE: Final = 4
"""The inverse of the minimum share of copied code for which templates save time in short modules."""
_SHAPE_CHARACTERS: Final = "\n(["
"""Characters that occur equally often in code with the same structure, unless strings or comments contain them."""

_LITERAL: Final = "="
_NAME: Final = "."
_PLACEHOLDERS: Final = {_NAME: "_{}", "'": "'{}'", '"': '"{}"', "#": "#{}"}
"""The placeholder for a token with an index, by kind."""
_LEAF_TYPES: Final = frozenset({cst.Name, cst.SimpleString, cst.Comment})
"""The types of the nodes whose value is a token."""

_DOUBLE_QUOTED: Final = r""""(?:""(?:[^"\\]++|\\.|"(?!""))*+(?:"{3})?|[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"?)"""
_SINGLE_QUOTED: Final = _DOUBLE_QUOTED.replace('"', "'")
# Strings without an end are tokens, too, so that the search takes linear time. `_COMPLETE` excludes them.
# The search finds the first character of a token, and the alternatives look behind at it. Names come first, because
# most tokens are names. A string belongs to the name before it, which may be its prefix.
_TOKEN: Final = re.compile(
    rf"""([A-Za-z_"'\#](?:(?<=\b[A-Za-z_])\w*+(?:{_DOUBLE_QUOTED}|{_SINGLE_QUOTED})?"""
    rf"""|(?<="){_DOUBLE_QUOTED[1:]}|(?<='){_SINGLE_QUOTED[1:]}|(?<=\#)[^\n]*+))""",
    re.DOTALL | re.ASCII,
)
_COMPLETE_DOUBLE: Final = r""""(?:""(?:[^"\\]++|\\.|"(?!""))*+"{3}|(?!"")[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")"""
_COMPLETE_SINGLE: Final = _COMPLETE_DOUBLE.replace('"', "'")
_COMPLETE: Final = re.compile(rf"""(?:[^"'\#]++|\#[^\n]*+|{_COMPLETE_DOUBLE}|{_COMPLETE_SINGLE})*+""", re.DOTALL)
_KEYWORDS: Final = frozenset({*kwlist, "_", "match", "case", "type", "lazy"})
"""The names that are keywords, at least in some places."""

_Setter: TypeAlias = Callable[[cst.CSTNode, object], None]


class CodeStructure(Struct, frozen=True):
    """Code without its names, strings and comments, its tokens."""

    separators: str
    """The code between the tokens, separated by NUL."""
    kinds: str
    """The kind of each token: `.` for a name, a quote for a string, `#` for a comment, `=` for a literal."""
    literals: tuple[str, ...]
    """The keywords, and the strings with a prefix, such as f-strings, which may contain code."""

    @property
    def placeholders(self) -> Sequence[str]:
        """A different token for each place of a token, except those of literals."""
        literals = iter(self.literals)
        return [
            next(literals) if kind == _LITERAL else _PLACEHOLDERS[kind].format(index)
            for index, kind in enumerate(self.kinds)
        ]

    def with_tokens(self, tokens: Sequence[str]) -> str:
        """Return code with this structure."""
        first, *others = self.separators.split("\0")
        return first + "".join([f"{token}{separator}" for token, separator in zip(tokens, others, strict=True)])


class StructuredCode(Struct, frozen=True):
    """The structure and the tokens of code."""

    structure: CodeStructure
    tokens: Sequence[str]


def structured(code: str) -> StructuredCode | None:
    """Return the structure of code and its tokens, or None if the structure is not compared."""
    if len(code) > _MAX_LENGTH or not code.isascii() or "\r" in code or "\0" in code or not _COMPLETE.fullmatch(code):
        return None
    parts = _TOKEN.split(code)
    tokens = parts[1::2]
    kinds = "".join(
        [
            token[0]
            if token[0] in _PLACEHOLDERS
            else (_LITERAL if token in _KEYWORDS or token[-1] in _PLACEHOLDERS else _NAME)
            for token in tokens
        ]
    )
    literals = tuple([token for token, kind in zip(tokens, kinds, strict=True) if kind == _LITERAL])
    return StructuredCode(CodeStructure("\0".join(parts[::2]), kinds, literals), tokens)


class Repetition(Struct):
    """The pieces that this process has parsed, by structure."""

    shapes: Counter[tuple[int, ...]] = field(default_factory=Counter)
    """The number of pieces with these numbers of `_SHAPE_CHARACTERS`. Only frequent shapes are compared further."""
    structures: Counter[CodeStructure] = field(default_factory=Counter)
    """The number of pieces with each structure."""
    length: int = 0
    """The length of all pieces, in characters."""
    copied_length: int = 0
    """The length of the pieces with a frequent structure, in characters."""

    @property
    def saves_time(self) -> bool:
        """Whether templates save more time than the comparison of structures takes."""
        return self.copied_length * _MIN_COPIED_SHARE >= self.length

    def repeated(self, texts: Sequence[str]) -> Sequence[StructuredCode | None]:
        """Return the structure and tokens of each text if the structure is frequent, otherwise None."""
        if len(self.structures) > _MAX_STRUCTURES:
            self.shapes.clear()
            self.structures.clear()
        shapes = [tuple(map(text.count, _SHAPE_CHARACTERS)) for text in texts]
        self.shapes.update(shapes)
        codes = [
            structured(text) if self.shapes[shape] >= _MIN_OCCURRENCES else None
            for text, shape in zip(texts, shapes, strict=True)
        ]
        self.structures.update([code.structure for code in codes if code is not None])
        frequent = [
            code if code is not None and self.structures[code.structure] >= _MIN_OCCURRENCES else None for code in codes
        ]
        self.length += sum(map(len, texts))
        self.copied_length += sum([len(text) for text, code in zip(texts, frequent, strict=True) if code is not None])
        return frequent


repetition: Final = Repetition()
"""The repetition in all modules, because the modules of a project resemble each other."""


class _Copy(Struct, frozen=True):
    """The copy of a node. Values are the tokens of the code and the copies before this one, by index."""

    node_type: type[cst.CSTNode]
    constants: tuple[tuple[_Setter, object], ...]
    """The fields with the same value in each tree."""
    values: tuple[tuple[_Setter, int], ...]
    """The fields with a value."""
    sequences: tuple[tuple[_Setter, tuple[int, ...]], ...]
    """The fields with a tuple of values."""


class NodeTemplate(Struct, frozen=True):
    """The steps that create the nodes of code with a structure. The nodes share whitespace and punctuation."""

    copies: tuple[_Copy, ...]
    """The copies of the nodes, children first."""
    groups: tuple[tuple[int, ...], ...]
    """The values that the template returns."""

    def nodes(self, codes: Sequence[Sequence[str]]) -> Iterator[tuple[tuple[cst.CSTNode, ...], ...]]:
        """Yield the groups of nodes of each code with this structure, given by its tokens.

        The nodes are created node by node of the structure, so that no Python code runs for each node.
        """
        values: list[Sequence[object]] = [*zip(*codes, strict=True)]  # a row for each value, a column for each code
        for copy in self.copies:
            nodes = [*map(object.__new__, repeat(copy.node_type, len(codes)))]
            for set_field, constant in copy.constants:
                _exhaust(map(set_field, nodes, repeat(constant)))
            for set_field, index in copy.values:
                _exhaust(map(set_field, nodes, values[index]))
            for set_field, indices in copy.sequences:
                _exhaust(map(set_field, nodes, _columns(values, indices)))
            values.append(nodes)
        return islice(zip(*[_columns(values, group) for group in self.groups], strict=False), len(codes))


def _columns(values: Sequence[Sequence[object]], indices: tuple[int, ...]) -> Iterable[tuple[object, ...]]:
    """Return the values at some indices for each code: without indices, an infinite iterable of empty tuples."""
    return zip(*[values[index] for index in indices], strict=True) if indices else repeat(())


def _exhaust(calls: Iterable[object]) -> None:
    """Make each call of an iterator."""
    deque(calls, maxlen=0)


class UnsupportedCodeError(Exception):
    """The nodes of code do not correspond to its tokens."""


def template_of(structure: CodeStructure, groups: Sequence[Sequence[cst.CSTNode]]) -> NodeTemplate:
    """Return the template of groups of nodes, which are those of the code with the placeholders of a structure.

    Raises UnsupportedCodeError if a token does not correspond to exactly one node.
    """
    placeholders = {
        token: index
        for index, (token, kind) in enumerate(zip(structure.placeholders, structure.kinds, strict=True))
        if kind != _LITERAL
    }
    builder = _TemplateBuilder(placeholders, len(structure.kinds))
    indices = tuple([tuple([builder.copy(node) for node in group]) for group in groups])
    return builder.template(indices)


@cache
def _setters(node_type: type[cst.CSTNode]) -> Sequence[tuple[str, _Setter]]:
    """Return the names of the fields of a node type, each with a function that sets the field of a frozen node."""
    return [(each.name, getattr(node_type, each.name).__set__) for each in fields(node_type)]


class _TemplateBuilder:
    """A traversal of nodes of code whose tokens are placeholders."""

    def __init__(self, placeholders: Mapping[str, int], value_count: int) -> None:
        self._placeholders = placeholders
        """The index of each token except literals."""
        self._missing = dict(placeholders)
        """The placeholders that are in no visited node."""
        self._value_count = value_count
        self._copies: list[_Copy] = []

    def template(self, groups: tuple[tuple[int, ...], ...]) -> NodeTemplate:
        """Return the template of the visited nodes. Raises UnsupportedCodeError if they lack a placeholder."""
        if self._missing:
            raise UnsupportedCodeError
        return NodeTemplate(tuple(self._copies), groups)

    def copy(self, node: cst.CSTNode) -> int:
        """Add the copy of a node, and return the index of its value."""
        index = self._copy(node, is_layout=False)
        if index is None:
            raise UnsupportedCodeError
        return index

    def _copy(self, node: cst.CSTNode, *, is_layout: bool) -> int | None:
        """Add the copy of a node. Return the index of its value, or None for layout without tokens."""
        constants: list[tuple[_Setter, object]] = []
        values: list[tuple[_Setter, int]] = []
        sequences: list[tuple[_Setter, tuple[int, ...]]] = []
        inner = () if is_layout else [*map(id, children(node))]
        for name, setter in _setters(type(node)):
            value = getattr(node, name)
            index, indices = None, None
            if isinstance(value, cst.CSTNode):
                index = self._copy(value, is_layout=id(value) not in inner)
            elif isinstance(value, str) and value in self._placeholders:
                index = self._token(node, value)
            elif isinstance(value, tuple):
                indices = self._copy_items(value, inner)
            if index is not None:
                values.append((setter, index))
            elif indices is not None:
                sequences.append((setter, indices))
            else:
                constants.append((setter, value))
        if is_layout and not values and not sequences:
            return None
        self._copies.append(_Copy(type(node), tuple(constants), tuple(values), tuple(sequences)))
        self._value_count += 1
        return self._value_count - 1

    def _copy_items(self, items: Sequence[cst.CSTNode], inner: Sequence[int]) -> tuple[int, ...] | None:
        """Add the copies of the items of a sequence. Return the indices of their values, or None if all are shared."""
        indices = [self._copy(item, is_layout=id(item) not in inner) for item in items]
        if all(index is None for index in indices):
            return None
        return tuple([self.copy(item) if index is None else index for item, index in zip(items, indices, strict=True)])

    def _token(self, node: cst.CSTNode, placeholder: str) -> int:
        if type(node) not in _LEAF_TYPES or placeholder not in self._missing:
            raise UnsupportedCodeError
        return self._missing.pop(placeholder)
