"""A program whose steps need others, as one that runs each step itself."""

from __future__ import annotations

from msgspec import Struct, field

from stepgraph.ir.nodes import Block, Function
from stepgraph.model.note import Note


class Expanded(Struct, frozen=True):
    """A program without dependencies: the body of `run`, those of functions that changed, by `id`, and the notes."""

    body: Block
    bodies: dict[int, Block] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    def body_of(self, function: Function) -> Block:
        """Return the body of a function."""
        return self.bodies.get(id(function), function.body)
