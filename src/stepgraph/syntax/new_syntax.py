"""Code that Python compiles only from version 3.14 on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.model.span import Span
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import all_nodes

NewConstruct: TypeAlias = Literal["exceptions", "template string"]
"""Several exception types of an `except` without parentheses (PEP 758), or a template string (PEP 750)."""

_CANDIDATE: Final = re.compile(
    rb"""(?:^|(?<=\r))[ \t\f]*+except\b(?:\\\r?\n|[^][(){}:#,\n\r]|\([^()]*+\)|\[[^][]*+\])++,
    |(?<![\w"'])(?:[tT][rR]?|[rR][tT])["']""",
    re.MULTILINE | re.VERBOSE,
)
"""Text of each construct, except types that contain nested brackets. Comments and strings may also match."""


class NewSyntax(Struct, frozen=True):
    """A construct that Python compiles only from version 3.14 on."""

    construct: NewConstruct
    text: str
    """The source of the construct, or its start."""
    span: Span


def new_syntax(module: SourceModule) -> tuple[NewSyntax, ...]:
    """Return the code of a module that Python 3.13 cannot compile. Call this function through `module.once`."""
    if _CANDIDATE.search(module.utf_8_source) is None:
        return ()
    return tuple(sorted(_constructs(module), key=lambda each: each.span))


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
