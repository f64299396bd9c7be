"""The writes in the bodies of `try` statements that an exception in front of them skips.

In `try: await charge(); charged = True`, the variable shows whether the step has succeeded, so its value depends on the
position of the assignment among the statements that may fail.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

import libcst as cst

from stepgraph.syntax.definitions.raising_code import (
    HandlingStatement,
    caught_types,
    may_end_exceptions,
    raising_parts,
)
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import ancestors_of, expressions_below, statement_positions, statements_below


def interrupted_writes(writes: Sequence[cst.CSTNode], at: cst.CSTNode, module: SourceModule) -> Iterator[str]:
    """Yield the number of statements that may fail in front of each write, for the `try` bodies around it.

    Bodies that also contain the node that reads the value do not count.
    """
    enclosing = {id(each) for each in (at, *ancestors_of(module.parents, at))}
    for index, write in enumerate(writes if len(writes) > 1 else ()):
        for inner, outer in pairwise((write, *ancestors_of(module.parents, write))):
            if isinstance(outer, cst.FunctionDef):
                break
            if id(inner) not in enclosing and (number := number_in_front(inner, outer, write, module)):
                yield f"{index} after {number}"


def number_in_front(inner: cst.CSTNode, outer: cst.CSTNode, write: cst.CSTNode, module: SourceModule) -> int:
    """Return the number of statements that may fail in front of a write, or 0 unless `inner` is the body of a `try`."""
    if not isinstance(outer, HandlingStatement) or inner is not outer.body or not may_end_exceptions(outer, module):
        return 0
    positions = module.once_for_code(outer.body, statement_positions)
    inside = (write, *ancestors_of(module.parents, write))
    position = next((positions[id(each)] for each in inside if id(each) in positions), 0)
    return bisect_left(module.once_for(outer, _interruptions), position)


def _interruptions(block: cst.CSTNode, module: SourceModule) -> Sequence[int]:
    """Return the positions of the statements in the body of a `try` that may fail: steps, and code with exceptions."""
    if not isinstance(block, HandlingStatement):
        return ()
    caught, positions = caught_types(block), module.once_for_code(block.body, statement_positions)
    inside = statements_below(block.body)
    return [positions[id(each)] for each in inside if _is_awaiting(each) or raising_parts(each, caught)]


def _is_awaiting(statement: cst.CSTNode) -> bool:
    """Return whether a simple statement, or the head of another one, awaits something."""
    heads: Sequence[cst.CSTNode]
    match statement:
        case cst.If(test=head) | cst.While(test=head) | cst.Match(subject=head) | cst.For(iter=head):
            heads = [head]
        case cst.With(items=items):
            heads = [each.item for each in items]
        case cst.BaseSmallStatement():
            heads = [statement]
        case _:
            heads = []
    return any(isinstance(each, cst.Await) for head in heads for each in expressions_below(head))
