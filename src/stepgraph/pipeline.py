"""From the source of a module to the graphs of its workflows, through all layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph import pipeline_problems as problems
from stepgraph.analysis import WorkflowAnalysis
from stepgraph.checks.subject import WorkflowSubject
from stepgraph.graph.build import BuiltGraph, build_graph
from stepgraph.graph.details import describe
from stepgraph.interpreter.entry import OpenModule, interpret_workflow
from stepgraph.interpreter.workflow_classes import ExportedClass, ModuleExports, find_undeployed, find_workflows
from stepgraph.large_stack import run_with_large_stack
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.note import Problem
from stepgraph.model.span import Span
from stepgraph.project.project import Project
from stepgraph.project.sources import Source
from stepgraph.syntax.class_visitor import Derivation, derivations_in, derived_names
from stepgraph.syntax.module import Place
from stepgraph.syntax.modules import Importer, SourceModules

if TYPE_CHECKING:
    from stepgraph.project.configuration.wrangler import ConfiguredWorkflow


class Pipeline(Struct):
    """Analyzes modules one by one, and parses each at most once. Call it inside of `run_without_gc`."""

    checked: bool = False
    """Whether workflows have the subjects of rules."""
    problems: list[Problem] = field(default_factory=list)
    """Invalid modules, and configured classes that do not exist."""
    hints: list[Problem] = field(default_factory=list)
    """Classes that look like workflows and are none, and workflows that are not deployed."""
    derivations: dict[str, tuple[Derivation, ...]] = field(default_factory=dict)
    """The classes that may derive from workflow classes, by path of the module."""
    modules: SourceModules = field(default_factory=SourceModules)
    _names: dict[str, None] = field(default_factory=lambda: {"WorkflowEntrypoint": None})
    """The names of all classes that are, or derive from, workflow classes."""
    _new_names: list[str] = field(default_factory=list)
    """The names since the last call of `take_names`."""

    def analyze(self, source: Source) -> tuple[WorkflowAnalysis, ...]:
        """Return the workflows of a module, in order. Raises InputError for invalid Python."""
        self.modules.start_workflow_module()
        module = self.modules.parse(source.path, source.content)
        files = source.project.files
        entry = OpenModule(module, Importer(files, self.modules) if files.folders else None)
        self.add_derivations(source.path, derivations_in(module))
        if source.workflows is None:
            return tuple(self._all_workflows(entry, source.project))
        return tuple(self._configured_workflows(entry, source, source.workflows))

    def add_derivations(self, path: str, derivations: tuple[Derivation, ...]) -> None:
        """Add the classes of a module that derive from those found before."""
        self.derivations[path] = derivations
        names = derived_names(derivations, self._names)
        self._names |= dict.fromkeys(names)
        self._new_names += names

    def take_names(self) -> tuple[str, ...]:
        """Return the names of workflow classes that were found since the last call."""
        names, self._new_names = tuple(self._new_names), []
        return names

    def _all_workflows(self, entry: OpenModule, project: Project) -> Iterator[WorkflowAnalysis]:
        """Yield each workflow class of a module without configured workflows."""
        classes = find_workflows(entry)
        self.hints += map(problems.missing_run, classes.misnamed_runs)
        self.problems += map(problems.class_over_limit, classes.over_limit)
        entry = replace(entry, workflows=len(classes.workflows))
        for name in classes.workflows:
            yield _analyze_workflow(entry, name, project, checked=self.checked)

    def _configured_workflows(
        self, entry: OpenModule, source: Source, workflows: Sequence[ConfiguredWorkflow]
    ) -> Iterator[WorkflowAnalysis]:
        """Yield the configured workflows of a module, and report those without a class."""
        missing: list[Problem] = []
        exports = ModuleExports(entry)
        entry = replace(entry, workflows=len(workflows))
        for configured in workflows:
            exported = exports.find(configured.class_name)
            if isinstance(exported, ExportedClass):
                yield _analyze_workflow(entry, exported.name, source.project, configured, checked=self.checked)
            else:
                classes = partial(tuple, exported.exported_classes)
                near = self.modules.suggestions.nearest(configured.class_name, classes)
                missing.append(problems.not_exported(source, configured, exported, near))
        self.problems += missing
        configuration = source.project.configuration
        # A configuration with wrong names does not say which classes are deployed.
        if configuration is not None and not missing and not configuration.problems:
            undeployed = find_undeployed(entry, configuration.content)
            self.hints += (problems.not_deployed(workflow, configuration.path) for workflow in undeployed)


def _analyze_workflow(
    entry: OpenModule,
    class_name: str,
    project: Project,
    configured: ConfiguredWorkflow | None = None,
    *,
    checked: bool,
) -> WorkflowAnalysis:
    program = interpret_workflow(entry, class_name, project.mode, traced=checked)
    built = build_graph(program)
    notes = tuple(sorted((*program.notes, *built.notes), key=lambda note: (note.span, note.code)))
    if configured is None and project.configuration is not None:
        configured = project.configuration.workflow_of_class(program.class_name)
    name = program.class_name if configured is None else configured.name
    return WorkflowAnalysis(
        name,
        program.class_name,
        program.place.module.path,
        lambda: program.place.heading,
        built.graph,
        notes,
        project.name,
        None if configured is None else configured.steps,
        lambda node: _span_of(built.places.of(node)),
        lambda: _details(built, project),
        WorkflowSubject(name, program, built.graph, notes, configured) if checked else None,
    )


def _details(built: BuiltGraph, project: Project) -> Details:
    if built.graph is None:
        return NO_DETAILS
    graph, workflows = built.graph, () if project.configuration is None else project.configuration.workflows
    labels = {workflow.binding: workflow.label for workflow in workflows if workflow.binding is not None}
    return run_with_large_stack(lambda: describe(graph, built.places, labels))


def _span_of(place: Place | None) -> Span | None:
    return None if place is None else place.span
