"""Code that Python compiles only from version 3.14 on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.model.span import Span
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import all_nodes

NewConstruct: TypeAlias = Literal["exceptions", "template string"]
"""Several exception types of an `except` without parentheses (PEP 758), or a template string (PEP 750)."""

# A search for a first character is faster than a search for the text before it.
_TEMPLATE: Final = re.compile(rb"""[tTrR](?<![\w"'].)(?:(?<=[tT])[rR]?|(?<=[rR])[tT])["']""", re.DOTALL)
"""The start of a template string. Comments and strings may also match."""

_TYPES: Final = rb"(?!\w)(?:\\\r?\n|[^][(){}:#,\n\r]|\([^()]*+\)|\[[^][]*+\])++,"
"""The first of several exception types after `except`, unless it contains nested brackets."""


class NewSyntax(Struct, frozen=True):
    """A construct that Python compiles only from version 3.14 on."""

    construct: NewConstruct
    text: str
    """The source of the construct, or its start."""
    span: Span


def new_syntax(module: SourceModule) -> tuple[NewSyntax, ...]:
    """Return the code of a module that Python 3.13 cannot compile. Call this function through `module.once`."""
    if not _may_contain(module.utf_8_source):
        return ()
    return tuple(sorted(_constructs(module), key=lambda each: each.span))


def _may_contain(source: bytes) -> bool:
    """Return whether a source may contain a construct. This is a cheap test before a search of the tree."""
    parts = source.split(b"except")
    return _TEMPLATE.search(source) is not None or any(
        before.rstrip(b" \t\f")[-1:] in (b"", b"\n", b"\r") and re.match(_TYPES, part) is not None
        for before, part in pairwise(parts)
    )


def _constructs(module: SourceModule) -> Iterator[NewSyntax]:
    for node in all_nodes(module.tree):
        match node:
            case (
                cst.ExceptHandler(type=cst.Tuple(lpar=[]) as types)
                | cst.ExceptStarHandler(type=cst.Tuple(lpar=[]) as types)
            ):
                yield NewSyntax("exceptions", module.brief_text(types), module.span(types))
            case cst.TemplatedString():
                yield NewSyntax("template string", module.brief_text(node), module.span(node))
