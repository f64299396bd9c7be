"""Subjects of rules: an analyzed workflow, and a project with its configurations and problems."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property, wraps
from typing import TYPE_CHECKING, TypeVar, cast

from msgspec import Struct, field

from stepgraph.project.configuration.compatibility import Compatibility

if TYPE_CHECKING:
    from stepgraph.ir.facts import Fact, WorkflowStarted
    from stepgraph.ir.walk import Program
    from stepgraph.model.note import Note, Problem
    from stepgraph.model.payload import Graph
    from stepgraph.project.configuration.wrangler import Configuration, ConfiguredWorkflow

FactKind = TypeVar("FactKind", bound="Fact")
Result = TypeVar("Result")


class Trigger(Struct, frozen=True):
    """A call that starts instances of a configured workflow."""

    workflow: ConfiguredWorkflow
    call: WorkflowStarted


class WorkflowSubject(Struct, frozen=True, dict=True):
    """An analyzed workflow, with cached results that several rules share."""

    name: str
    """The configured name, or the class name."""
    program: Program
    """The intermediate representation, with the facts that the interpreter recorded."""
    graph: Graph | None
    notes: tuple[Note, ...]
    """The notes on the program and on the graph, in source order."""
    configured: ConfiguredWorkflow | None = None
    """The entry of the workflow in a configuration, or None without an entry."""
    compatibility: Compatibility = Compatibility()
    """The compatibility settings of the configuration, or empty ones without a configuration."""
    triggers: tuple[Trigger, ...] = ()
    """The triggers of the workflow and, for the first workflow of a Worker, of workflows in other Workers."""
    _results: dict[object, object] = field(default_factory=dict)
    """Results of `once`, by function."""

    def once(self, compute: Callable[[WorkflowSubject], Result]) -> Result:
        """Return `compute(self)`, memoized because several rules need the same results."""
        if compute not in self._results:
            self._results[compute] = compute(self)
        return cast("Result", self._results[compute])

    def facts_of_type(self, kind: type[FactKind]) -> Iterator[FactKind]:
        """Yield the facts of a class, in the order of their recording."""
        return cast("Iterator[FactKind]", iter(self._facts_by_kind.get(kind, ())))

    @property
    def own_triggers(self) -> Iterator[Trigger]:
        """The triggers of the workflow itself."""
        name = self.program.class_name
        return (
            each for each in self.triggers if each.workflow.class_name == name and each.workflow.script_name is None
        )

    @cached_property
    def _facts_by_kind(self) -> dict[type[Fact], list[Fact]]:
        by_kind: defaultdict[type[Fact], list[Fact]] = defaultdict(list)
        for fact in self.program.facts:
            by_kind[type(fact)].append(fact)
        return by_kind

    def notes_with_code(self, code: str) -> Iterator[Note]:
        """Yield the notes with a code, in source order."""
        return (note for note in self.notes if note.code == code)


def once_per_subject(compute: Callable[[WorkflowSubject], Result]) -> Callable[[WorkflowSubject], Result]:
    """Memoize a function of a workflow, as `WorkflowSubject.once` does."""

    @wraps(compute)
    def memoized(subject: WorkflowSubject) -> Result:
        return subject.once(compute)

    return memoized


class ProjectSubject(Struct, frozen=True):
    """The configurations of a check, and the problems with its inputs."""

    configurations: tuple[Configuration, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Invalid or unreadable inputs."""
    hints: tuple[Problem, ...] = ()
    """Remarks on valid inputs with an unexpected effect."""
    base_classes: frozenset[str] = frozenset()
    """The names of the classes from which analyzed modules derive classes."""
