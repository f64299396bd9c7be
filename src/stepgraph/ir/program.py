"""A workflow class as a program: its body, and the facts that rules judge."""

from __future__ import annotations

from msgspec import Struct

from stepgraph.ir.facts import Fact
from stepgraph.ir.nodes import Block, PayloadShape, TaskId
from stepgraph.model.note import Note
from stepgraph.project.dependency_mode import DependencyMode
from stepgraph.syntax.module import Place


class Program(Struct, frozen=True):
    """All that one workflow class does, in which mode of dependencies, and the facts that reading it has shown.

    `named_at` is where the class has its name, `run` the function that the engine calls. A class that runs no step
    `may_be_base`: it looks as if others derived from it. Work that is `unordered` begins in any order.
    """

    class_name: str
    body: Block
    payload: PayloadShape
    notes: tuple[Note, ...]
    place: Place
    mode: DependencyMode = DependencyMode.IMPLICIT
    facts: tuple[Fact, ...] = ()
    named_at: Place | None = None
    may_be_base: bool = False
    run: Place | None = None
    unordered: frozenset[TaskId] = frozenset()

    @property
    def name_place(self) -> Place:
        """Where the class has its name, as far as that is known: the class itself otherwise."""
        return self.named_at or self.place
