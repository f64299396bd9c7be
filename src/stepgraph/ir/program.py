"""The program of a workflow class: the result of interpretation, for the graph and the rules."""

from __future__ import annotations

from msgspec import Struct

from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.facts import Fact
from stepgraph.ir.nodes import Block, PayloadShape
from stepgraph.model.note import Note
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.module import Place


class Program(Struct, frozen=True):
    """The body of a workflow class as intermediate representation, with its metadata and facts."""

    class_name: str
    body: Block
    """The body of `run`."""
    payload: PayloadShape
    """The keys of the event's payload that the program reads."""
    notes: tuple[Note, ...]
    place: Place
    """The location of the class."""
    mode: DependencyMode = DependencyMode.IMPLICIT
    facts: tuple[Fact, ...] = ()
    class_name_place: Place | None = None
    """The location of the class name, if available."""
    may_be_base: bool = False
    """Whether the class runs no step and looks like a base class of other workflows."""
    run: Place | None = None
    """The location of the function that the engine calls."""
    unordered: frozenset[TaskId] = frozenset()
    """The tasks that may begin in any order, such as the members of `asyncio.as_completed`."""

    @property
    def name_place(self) -> Place:
        """The location of the class name, or else of the class."""
        return self.class_name_place or self.place
