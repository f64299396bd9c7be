"""Code that Python compiles only from version 3.14 on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import libcst as cst

from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import all_nodes

NewConstruct: TypeAlias = Literal["exceptions", "template string"]
"""Several exception types of an `except` without parentheses (PEP 758), or a template string (PEP 750)."""

NewSyntax: TypeAlias = tuple[NewConstruct, str, int, int, int, int]
"""A construct with its source, and the line and column, from 1, of its start and end."""

_CANDIDATE: Final = re.compile(
    rb"""^[ \t]*except\b[^:(\n]+,|(?<![\w"'])(?:[tT][rR]?|[rR][tT])["']""",
    re.MULTILINE,
)
"""Text of each construct. Comments and strings may also match."""


def new_syntax(module: SourceModule) -> tuple[NewSyntax, ...]:
    """Return the code of a module that Python 3.13 cannot compile. Call this function through `module.once`."""
    if _CANDIDATE.search(module.utf_8_source) is None:
        return ()
    return tuple(sorted(_constructs(module), key=lambda each: each[2:]))


def _constructs(module: SourceModule) -> Iterator[NewSyntax]:
    for node in all_nodes(module.tree):
        match node:
            case (
                cst.ExceptHandler(type=cst.Tuple(lpar=[]) as types)
                | cst.ExceptStarHandler(type=cst.Tuple(lpar=[]) as types)
            ):
                yield _construct("exceptions", types, module)
            case cst.TemplatedString():
                yield _construct("template string", node, module)


def _construct(construct: NewConstruct, node: cst.CSTNode, module: SourceModule) -> NewSyntax:
    span = module.span(node)
    return construct, module.brief_text(node), span.line, span.column, span.end_line, span.end_column
