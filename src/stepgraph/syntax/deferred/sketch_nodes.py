"""The nodes of sketches, which are nodes of LibCST without layout, and the text of their names and strings."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import Final, TypeAlias

import libcst as cst

_LITERAL: Final = re.compile(
    r"""[a-zA-Z]{0,2}(?:"{3}(?:[^"\\]|\\.|"(?!""))*+"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*+'{3}"""
    r"""|"(?!"")(?:[^"\\\n]|\\\r?.)*+"|'(?!'')(?:[^'\\\n]|\\\r?.)*+')""",
    re.DOTALL,
)
_NEXT_LITERAL: Final = re.compile(rf"({_LITERAL.pattern})(?:[\s\\]|\#[^\n]*+)*+", re.DOTALL)

_Setter: TypeAlias = Callable[[cst.CSTNode, object], None]
_LAYOUT_FIELDS: Final = frozenset({"comma", "semicolon", "colon", "dot", "lpar", "rpar", "lbracket", "rbracket"})


class _Setters(dict[type[cst.CSTNode], list[tuple[str, _Setter]]]):
    """The names of the fields without layout, and the functions that set them, by node type."""

    def __missing__(self, node_type: type[cst.CSTNode]) -> list[tuple[str, _Setter]]:
        names = [field.name for field in fields(node_type)]
        self[node_type] = [
            (name, getattr(node_type, name).__set__)
            for name in names
            if name not in _LAYOUT_FIELDS and not name.startswith(("whitespace", "leading", "lines_"))
        ]
        return self[node_type]


_setters: Final = _Setters()
_new: Final = object.__new__


def new_node(node_type: type[cst.CSTNode], **values: object) -> cst.CSTNode:
    """Return a node with these values of its fields, without running its constructor."""
    node = _new(node_type)
    value_of = values.get
    for name, set_value in _setters[node_type]:
        set_value(node, value_of(name))
    return node


def new_name(name: str) -> cst.CSTNode:
    """Return a name."""
    node = _new(cst.Name)
    [(_, set_value)] = _setters[cst.Name]
    set_value(node, name)
    return node


def dotted_name(name: str) -> cst.CSTNode:
    """Return a name, or attributes of a name: `package.module`."""
    first, *others = map(new_name, name.split("."))
    for other in others:
        first = new_node(cst.Attribute, value=first, attr=other)
    return first


def import_aliases(names: Sequence[ast.alias]) -> tuple[cst.CSTNode, ...]:
    """Return the names of an import statement."""
    return tuple(
        new_node(
            cst.ImportAlias,
            name=dotted_name(alias.name),
            asname=None if alias.asname is None else new_node(cst.AsName, name=new_name(alias.asname)),
        )
        for alias in names
    )


def is_literal(text: str) -> bool:
    """Return whether a text is a single string literal."""
    return _LITERAL.fullmatch(text) is not None


def literals_in(text: str) -> Iterator[str]:
    """Yield the literals of a format string. There are two in `"a" f"{b}"`."""
    at = 0
    while literal := _NEXT_LITERAL.match(text, at):
        yield literal[1]
        at = literal.end()
    if at < len(text):
        yield text[at:]
