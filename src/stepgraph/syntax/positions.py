"""Line and column positions of nodes in their file.

LibCST's position provider takes at least twice the time of parsing. This module writes the tree out again in one pass,
only when a position is needed and only up to the requested node.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TypeAlias

import libcst as cst
from libcst._nodes.internal import CodegenState
from msgspec import Struct

from stepgraph.large_stack import run_with_large_stack

Range: TypeAlias = tuple[int, int, int, int]
"""The line and column of the start, then of the end. Lines are 1-based, columns 0-based."""


class PositionState(CodegenState):
    """A code generator that records the ranges of nodes, discards the code, and stops after the node `last`."""

    def __init__(self, default_indent: str, default_newline: str, line: int, last: cst.CSTNode | None = None) -> None:
        # LibCST writes a newline after a module without tokens.
        super().__init__(default_indent, default_newline, tokens=[""])
        self.last = last
        self.line = line
        self.column = 0
        self.ranges: dict[int, Range] = {}
        self._starts: list[tuple[int, int]] = []

    def add_indent_tokens(self) -> None:
        """Move to the end of the indentation."""
        for token in self.indent_tokens:
            self.column += len(token)

    def add_token(self, value: str) -> None:
        """Move to the end of the code."""
        if "\n" in value or "\r" in value:
            lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            self.line += len(lines) - 1
            self.column = len(lines[-1])
        else:
            self.column += len(value)

    def pop_trailing_newline(self) -> None:
        """Do nothing, because no text is stored."""

    def before_codegen(self, node: cst.CSTNode) -> None:
        """Record the start of a node."""
        self._starts.append((self.line, self.column))

    def after_codegen(self, node: cst.CSTNode) -> None:
        """Record the range of a node. Raises _LastNodeWritten after the node `last`."""
        start = self._starts.pop()
        self.ranges.setdefault(id(node), (*start, self.line, self.column))
        if node is self.last:
            raise _LastNodeWritten

    def record_syntactic_position(  # type: ignore[override] # a subset of the protocol of context managers
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> _SyntacticRange:
        """Return a context manager that records the range of a node: the code that is written in its block."""
        return _SyntacticRange(self, node, start_node, end_node, self.line, self.column)


class _SyntacticRange(Struct):
    """Records the range of the code that is written in its `with` block.

    This is a class because `contextlib.contextmanager` would take a fifth of the pass's time.
    """

    state: PositionState
    node: cst.CSTNode
    start_node: cst.CSTNode | None
    end_node: cst.CSTNode | None
    line: int
    column: int

    def __enter__(self) -> None:
        """Do nothing, because the constructor has recorded the start."""

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is not None:
            return
        ranges = self.state.ranges
        start = (self.line, self.column) if self.start_node is None else ranges[id(self.start_node)][:2]
        end = (self.state.line, self.state.column) if self.end_node is None else ranges[id(self.end_node)][2:]
        ranges[id(self.node)] = (*start, *end)


class _LastNodeWritten(Exception):
    """Ends the pass after the last node that needs a position."""


def positions(module: cst.Module, last: cst.CSTNode | None = None) -> dict[int, Range]:
    """Return the range of each node of the module, without surrounding whitespace, by the identity of the node.

    With `last`, the result contains only this node and the nodes that end before it.
    """
    state = PositionState(module.default_indent, module.default_newline, 1, last)
    with suppress(_LastNodeWritten):
        run_with_large_stack(lambda: module._codegen(state))
    return state.ranges


class PartPositions(Struct, frozen=True):
    """The positions of the nodes of a part of a module. The first line of the part has the number 0."""

    ranges: dict[int, Range]
    """The range of each node, by the identity of the node."""
    end: tuple[int, int]
    """The line and column of the end of the part."""


class PartBlock(Struct, frozen=True):
    """The nodes of a part of a module in one of the blocks around its start."""

    clauses: tuple[cst.CSTNode, ...]
    """The clauses that follow a block in this block, such as `else` or `elif`."""
    nodes: tuple[cst.CSTNode, ...]
    """The nodes after these clauses."""


def part_positions(
    blocks: Sequence[PartBlock], indents: Sequence[str], default_indent: str, default_newline: str
) -> PartPositions:
    """Return the positions of the nodes of a part of a module that starts in several blocks.

    `blocks` are these blocks, the module first, and `indents` the indentation that each block inside the module adds.
    """
    state = PositionState(default_indent, default_newline, line=0)
    state.indent_tokens += indents

    def write() -> None:
        for block in reversed(blocks):
            for clause in block.clauses:
                if isinstance(clause, cst.If):
                    clause._codegen(state, is_elif=True)
                else:
                    clause._codegen(state)
            for node in block.nodes:
                node._codegen(state)
            del state.indent_tokens[-1:]

    run_with_large_stack(write)
    return PartPositions(state.ranges, (state.line, state.column))
