"""The program of a workflow class, and its expanded form, which the graph shows."""

from __future__ import annotations

from msgspec import Struct, field

from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.facts import Fact
from stepgraph.ir.nodes import Function, OperationBlock, PayloadShape
from stepgraph.ir.walk import VisitedOperation
from stepgraph.model.note import Note
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.module import SourcePlace


class Program(Struct, frozen=True):
    """The body of a workflow class as intermediate representation, with its metadata and facts."""

    class_name: str
    body: OperationBlock
    """The body of `run`."""
    operations: tuple[VisitedOperation, ...]
    """All operations that the program may execute, in pre-order."""
    payload: PayloadShape
    """The keys that the program reads from the payload of the event."""
    notes: tuple[Note, ...]
    place: SourcePlace
    """The location of the class."""
    mode: DependencyMode
    facts: tuple[Fact, ...]
    name_place: SourcePlace
    """The location of the class name."""
    may_be_base: bool
    """Whether the class runs no step and looks like a base class of other workflows."""
    run: SourcePlace
    """The location of the function that the engine calls."""
    unordered: frozenset[TaskId]
    """The tasks that may begin in any order, such as the members of `asyncio.as_completed`."""


class ExpandedProgram(Struct, frozen=True):
    """A program with explicit runs in place of dependencies."""

    body: OperationBlock
    """The body of `run`."""
    bodies: dict[int, OperationBlock] = field(default_factory=dict)
    """The expanded bodies of functions, by `id` of the function; empty if the program has no dependencies."""
    notes: tuple[Note, ...] = ()
    """Notes about differences between the graph and the engine."""

    def body_of(self, function: Function) -> OperationBlock:
        """Return the body of a function, expanded unless the program has no dependencies."""
        return self.bodies.get(id(function), function.body)
