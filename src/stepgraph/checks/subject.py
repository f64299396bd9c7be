"""What rules look at: a workflow that was read, or a project as it is configured."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

from msgspec import Struct

if TYPE_CHECKING:
    from stepgraph.checks.analysis.reached_steps import ReachedSteps
    from stepgraph.ir.facts import Fact
    from stepgraph.ir.program import Program
    from stepgraph.model.note import Note, Problem
    from stepgraph.model.payload import Graph
    from stepgraph.project.configuration.wrangler import Configuration, ConfiguredWorkflow

FactKind = TypeVar("FactKind", bound="Fact")


class WorkflowSubject(Struct, frozen=True, dict=True):
    """A workflow: its program with the facts that reading it has shown, its graph, and what is configured for it.

    `notes` are those on the program and those on the graph. What several rules ask for is found out once.
    """

    name: str
    program: Program
    graph: Graph | None
    notes: tuple[Note, ...]
    configured: ConfiguredWorkflow | None = None

    def facts(self, kind: type[FactKind]) -> Iterator[FactKind]:
        """Yield the facts of a kind, in the order in which they were met."""
        return cast("Iterator[FactKind]", iter(self._facts_by_kind.get(kind, ())))

    @cached_property
    def _facts_by_kind(self) -> dict[type[Fact], list[Fact]]:
        found: dict[type[Fact], list[Fact]] = {}
        for fact in self.program.facts:
            found.setdefault(type(fact), []).append(fact)
        return found

    @cached_property
    def running(self) -> ReachedSteps:
        """Which of the declared steps run."""
        # Imported here: an answer from before needs nothing of programs.
        from stepgraph.checks.analysis.reached_steps import reached_steps

        return reached_steps(self.program)

    def noted(self, code: str) -> Iterator[Note]:
        """Yield the notes of a code, in the order of the source."""
        return (note for note in self.notes if note.code == code)


class ProjectSubject(Struct, frozen=True):
    """All that one run reads: its configurations, and the problems met in reading."""

    configurations: tuple[Configuration, ...] = ()
    problems: tuple[Problem, ...] = ()
    hints: tuple[Problem, ...] = ()
