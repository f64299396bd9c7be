"""What rules look at: a workflow that was read, or a project as it is configured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from stepgraph.model.note import Note, Problem
    from stepgraph.model.payload import Graph
    from stepgraph.program.facts import Fact
    from stepgraph.program.ir import Program
    from stepgraph.project.configuration.wrangler import Configuration, ConfiguredWorkflow

FactKind = TypeVar("FactKind", bound="Fact")


class WorkflowSubject(Struct, frozen=True):
    """A workflow: its program with the facts that reading it has shown, its graph, and what is configured for it.

    `notes` are those on the program and those on the graph.
    """

    name: str
    program: Program
    graph: Graph | None
    notes: tuple[Note, ...]
    configured: ConfiguredWorkflow | None = None

    def facts(self, kind: type[FactKind]) -> Iterator[FactKind]:
        """Yield the facts of a kind, in the order in which they were met."""
        return (fact for fact in self.program.facts if isinstance(fact, kind))

    def noted(self, code: str) -> Iterator[Note]:
        """Yield the notes of a code, in the order of the source."""
        return (note for note in self.notes if note.code == code)


class ProjectSubject(Struct, frozen=True):
    """All that one run reads: its configurations, and the problems met in reading."""

    configurations: tuple[Configuration, ...] = ()
    problems: tuple[Problem, ...] = ()
    hints: tuple[Problem, ...] = ()
