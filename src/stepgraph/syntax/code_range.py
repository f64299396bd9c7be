"""The lines of code around a source location: the whole statement or decorated function."""

from __future__ import annotations

import libcst as cst

from stepgraph.model.span import Code
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import ancestors_of


def code_of(place: SourcePlace) -> Code:
    """Return the code of a place: the statement around it or, in a decorator, the decorated function."""
    begin, end = _ends(place)
    line, first, last = place.span.line, place.module.span(begin).line, place.module.span(end).end_line
    shown = place.module.shown
    return Code(place.span.path, shown.content, shown.lines, line, min(line, first), max(line, last))


def _ends(place: SourcePlace) -> tuple[cst.CSTNode, cst.CSTNode]:
    """Return the nodes with which the code begins and ends. A function begins with its decorator."""
    inner: cst.CSTNode = place.node
    for ancestor in ancestors_of(place.module.parents, place.node):
        if isinstance(inner, cst.Decorator):
            return inner, ancestor
        if isinstance(ancestor, cst.SimpleStatementLine):
            return ancestor, ancestor
        if isinstance(ancestor, cst.BaseCompoundStatement | cst.BaseSuite):
            break  # the place is in the head of a compound statement, or a compound statement itself
        inner = ancestor
    return place.node, place.node
