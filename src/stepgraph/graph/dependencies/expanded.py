"""The result of the expansion: a program whose runs are all explicit."""

from __future__ import annotations

from msgspec import Struct, field

from stepgraph.ir.nodes import Block, Function
from stepgraph.model.note import Note


class ExpandedProgram(Struct, frozen=True):
    """A program with explicit runs in place of dependencies."""

    body: Block
    """The body of `run`."""
    bodies: dict[int, Block] = field(default_factory=dict)
    """The expanded bodies of functions, by `id` of the function."""
    notes: tuple[Note, ...] = ()
    """Notes about differences between the graph and the engine."""

    def body_of(self, function: Function) -> Block:
        """Return the body of a function, expanded if its steps have dependencies."""
        return self.bodies.get(id(function), function.body)
