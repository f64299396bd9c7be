"""Where nodes stand in their file.

LibCST's position provider costs several times the parse. Here one pass writes the module out again and notes only the
nodes asked for, and nothing is done until somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

import libcst as cst
from libcst._nodes.internal import CodegenState

from stepgraph.syntax.deep import run_deep

# Line from 1, column from 0, of start and end.
Range: TypeAlias = tuple[int, int, int, int]


class _PositionState(CodegenState):
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
        """Nothing to take back: no text is kept."""

    def before_codegen(self, node: cst.CSTNode) -> None:  # noqa: ARG002 - LibCST's hook
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


class _Reached(Exception):  # noqa: N818 # it is what was asked for
    """The node that was asked for has been written out."""


class _StateUpTo(_PositionState):
    def __init__(self, module: cst.Module, last: cst.CSTNode) -> None:
        super().__init__(module)
        self._last = last

    def after_codegen(self, node: cst.CSTNode) -> None:
        super().after_codegen(node)
        if node is self._last:
            raise _Reached


def positions(module: cst.Module, last: cst.CSTNode | None = None) -> dict[int, Range]:
    """Return the range of each node of the module by the node's `id`, without the white space around it.

    With a `last` node, those of the nodes that end before it does are enough.
    """
    state = _PositionState(module) if last is None else _StateUpTo(module, last)
    with suppress(_Reached):
        run_deep(lambda: module._codegen(state))  # noqa: SLF001 - what LibCST's own position provider does
    return state.ranges
