"""Modules through all the layers: syntax, program, graph."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.checks.subject import WorkflowSubject
from stepgraph.graph.build import BuiltGraph, build_graph
from stepgraph.graph.details import describe
from stepgraph.interpreter.entry import OpenModule, interpret_workflow
from stepgraph.interpreter.workflow_classes import (
    ClassOverLimit,
    ExportedClass,
    MisnamedRun,
    ModuleExports,
    NotExported,
    UndeployedClass,
    find_undeployed,
    find_workflows,
)
from stepgraph.large_stack import run_with_large_stack
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.note import Problem, ProblemKind
from stepgraph.model.span import Span
from stepgraph.project.configuration.wrangler import ConfiguredWorkflow
from stepgraph.project.project import Project
from stepgraph.project.sources import Source
from stepgraph.syntax.class_visitor import Derivation, derivations_in, derived_names
from stepgraph.syntax.module import Place
from stepgraph.syntax.modules import Importer, SourceModules

_MOST_NAMES = 8

Result = TypeVar("Result")


class Pipeline(Struct):
    """One run over the modules of some projects, each parsed at most once.

    Configured classes that are not there are added to the `problems`, classes that are no workflows by mistake to the
    `hints`; `derivations` are what may give names to workflow classes, by the path of the module. To be run
    `undisturbed`.
    """

    problems: list[Problem]
    checked: bool = False
    """Whether rules will look at the workflows."""
    hints: list[Problem] = field(default_factory=list)
    derivations: dict[str, tuple[Derivation, ...]] = field(default_factory=dict)
    modules: SourceModules = field(default_factory=SourceModules)
    _names: dict[str, None] = field(default_factory=lambda: {"WorkflowEntrypoint": None})
    _new_names: list[str] = field(default_factory=list)

    def analyze(self, source: Source) -> tuple[WorkflowAnalysis, ...]:
        """Return the workflows of a module, in order. Raises InputError for what is not valid Python."""
        return tuple(self._workflows(source))

    def learn(self, path: str, derivations: tuple[Derivation, ...]) -> None:
        """Learn the names of classes in a module that derive from those known by now."""
        self.derivations[path] = derivations
        names = derived_names(derivations, self._names)
        self._names |= dict.fromkeys(names)
        self._new_names += names

    def take_elsewhere(
        self, contents: Mapping[str, bytes], looked_at: Mapping[str, bytes | None], broken: Mapping[str, Problem]
    ) -> None:
        """Take over which modules were read in another process, which files for that, and which could not be."""
        self.modules.parsed_by_workers |= contents
        self.modules.read_files |= looked_at
        self.modules.problems |= broken

    def take_names(self) -> tuple[str, ...]:
        """Return the names by which other modules may derive workflow classes, those not returned before."""
        names, self._new_names = tuple(self._new_names), []
        return names

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of the modules that were read."""
        return self.modules.paths

    @property
    def contents(self) -> dict[str, bytes]:
        """The content of each module that was read, by path."""
        return self.modules.contents

    @property
    def looked_at(self) -> dict[str, bytes | None]:
        """The content of each module that was read because another one imports it; None where it could not be."""
        return self.modules.read_files

    @property
    def broken(self) -> tuple[Problem, ...]:
        """Why modules that were imported could not be read."""
        return tuple(self.refused_imports.values())

    @property
    def refused_imports(self) -> dict[str, Problem]:
        """Why modules that were imported could not be read, by path."""
        return self.modules.problems

    def _workflows(self, source: Source) -> Iterator[WorkflowAnalysis]:
        self.modules.start_workflow_module()
        module = self.modules.parse(source.path, source.content)
        files = source.project.files
        entry = OpenModule(module, Importer(files, self.modules) if files.folders else None)
        self.learn(source.path, derivations_in(module))
        if source.workflows is None:
            found = find_workflows(entry)
            self.hints += map(_without_run, found.misnamed_runs)
            entry = replace(entry, workflows=len(found.workflows))
            self.problems += map(_refused, found.over_limit)
            for name in found.workflows:
                yield _workflow(entry, name, source.project, checked=self.checked)
            return
        missing = []
        exports = ModuleExports(entry)
        entry = replace(entry, workflows=len(source.workflows))
        for configured in source.workflows:
            exported = exports.find(configured.class_name)
            if isinstance(exported, ExportedClass):
                yield _workflow(entry, exported.name, source.project, configured, checked=self.checked)
            else:
                near = self.modules.suggestions.nearest(
                    configured.class_name, partial(tuple, exported.exported_classes)
                )
                missing.append(_not_exported(source, configured, exported, near))
        self.problems += missing
        configuration = source.project.configuration
        # Where what it names is wrong, that is why.
        if configuration is not None and not missing and not configuration.problems:
            undeployed = find_undeployed(entry, configuration.content)
            self.hints += (_not_deployed(one, configuration.path) for one in undeployed)


def _workflow(
    entry: OpenModule,
    class_name: str,
    project: Project,
    configured: ConfiguredWorkflow | None = None,
    *,
    checked: bool,
) -> WorkflowAnalysis:
    program = interpret_workflow(entry, class_name, project.mode, traced=checked)
    built = build_graph(program)
    notes = sorted((*program.notes, *built.notes), key=lambda note: (note.span, note.code))
    if configured is None and project.configuration is not None:
        configured = project.configuration.named(program.class_name)
    name = program.class_name if configured is None else configured.name
    return WorkflowAnalysis(
        name,
        program.class_name,
        program.place.module.path,
        lambda: program.place.heading,
        built.graph,
        tuple(notes),
        project.name,
        None if configured is None else configured.steps,
        lambda node: _span_of(built.places.of(node)),
        lambda: _details(built, project),
        WorkflowSubject(name, program, built.graph, tuple(notes), configured) if checked else None,
    )


def _details(built: BuiltGraph, project: Project) -> Details:
    if built.graph is None:
        return NO_DETAILS
    graph, workflows = built.graph, () if project.configuration is None else project.configuration.workflows
    names = {workflow.binding: workflow.label for workflow in workflows if workflow.binding is not None}
    return run_with_large_stack(lambda: describe(graph, built.places, names))


def _span_of(place: Place | None) -> Span | None:
    return None if place is None else place.span


def _without_run(misnamed: MisnamedRun) -> Problem:
    span = misnamed.place.span
    message = (
        f"the class `{misnamed.class_name}` has no method `run`, and the engine does not call `{misnamed.method}`."
    )
    return Problem(span.path, message, "Name the method `run`.", span.line, span.column, kind=ProblemKind.NO_RUN)


def _refused(refused: ClassOverLimit) -> Problem:
    span = refused.place.span
    message = f"the class `{refused.class_name}` is not analyzed: {refused.reason}."
    kind = ProblemKind.LIMIT
    return Problem(span.path, message, "Derive it from fewer classes.", span.line, span.column, kind=kind)


def _not_deployed(undeployed: UndeployedClass, configuration: str) -> Problem:
    span = undeployed.place.span
    message = (
        f"the class `{undeployed.class_name}` is a workflow that {configuration} does not name, so it is not deployed."
    )
    advice = "Add it to `workflows` there, or name this file to have it analysed."
    return Problem(span.path, message, advice, span.line, span.column, kind=ProblemKind.CONFIGURATION)


def _not_exported(source: Source, configured: ConfiguredWorkflow, why: NotExported, near: str | None) -> Problem:
    path = source.path if source.project.configuration is None else source.project.configuration.path
    advice = f"Did you mean `{near}`?" if near else _exported_names(source, why)
    return Problem(path, f"{why.reason}.", advice, configured.line, configured.column, kind=why.kind)


def _exported_names(source: Source, why: NotExported) -> str:
    names = ", ".join(f"`{name}`" for name in why.exported_classes[:_MOST_NAMES])
    return f"{source.path} exports {names or 'no workflow class'}."


def undisturbed(function: Callable[[], Result]) -> Result:
    """Return `function()`, run where it may recurse deeply, without garbage collection. Raises what it raises.

    Trees hold no garbage while they are made; collecting meanwhile takes half the time of a large module.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        return run_with_large_stack(function)
    finally:
        if enabled:
            gc.enable()
