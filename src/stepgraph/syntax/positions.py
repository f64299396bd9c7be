"""Positions of nodes in their file.

LibCST's position provider costs several times the parse. This module writes the tree out again in one pass, only when a
position is needed and only up to the node that needs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

import libcst as cst
from libcst._nodes.internal import CodegenState

from stepgraph.large_stack import run_with_large_stack

Range: TypeAlias = tuple[int, int, int, int]
"""Line and column of the start and of the end: lines are 1-based, columns are 0-based."""


class _PositionState(CodegenState):
    """A code generator that records the ranges of nodes and discards the code."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__(module.default_indent, module.default_newline)
        self.line = 1
        self.column = 0
        self.ranges: dict[int, Range] = {}
        self._starts: list[tuple[int, int]] = []

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.column += len(token)

    def add_token(self, value: str) -> None:
        if "\n" in value or "\r" in value:
            lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            self.line += len(lines) - 1
            self.column = len(lines[-1])
        else:
            self.column += len(value)

    def pop_trailing_newline(self) -> None:
        """Do nothing, because no text is stored."""

    def before_codegen(self, node: cst.CSTNode) -> None:
        self._starts.append((self.line, self.column))

    def after_codegen(self, node: cst.CSTNode) -> None:
        start = self._starts.pop()
        self.ranges.setdefault(id(node), (*start, self.line, self.column))

    @contextmanager
    def record_syntactic_position(
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> Iterator[None]:
        start = (self.line, self.column)
        yield
        end = (self.line, self.column)
        if start_node is not None:
            start = self.ranges[id(start_node)][:2]
        if end_node is not None:
            end = self.ranges[id(end_node)][2:]
        self.ranges[id(node)] = (*start, *end)


class _LastNodeWritten(Exception):
    """Ends the pass after the last node that needs a position."""


class _BoundedPositionState(_PositionState):
    """Stops after the node `last`."""

    def __init__(self, module: cst.Module, last: cst.CSTNode) -> None:
        super().__init__(module)
        self._last = last

    def after_codegen(self, node: cst.CSTNode) -> None:
        super().after_codegen(node)
        if node is self._last:
            raise _LastNodeWritten


def positions(module: cst.Module, last: cst.CSTNode | None = None) -> dict[int, Range]:
    """Return the range of each node of the module by the identity of the node, without surrounding whitespace.

    With a `last` node, the result contains only the nodes that end before it, and `last` itself.
    """
    state = _PositionState(module) if last is None else _BoundedPositionState(module, last)
    with suppress(_LastNodeWritten):
        run_with_large_stack(lambda: module._codegen(state))
    return state.ranges
