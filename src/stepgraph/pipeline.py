"""The analysis of modules from source to graphs: a `Pipeline` for one at a time, an `AnalysisRun` for all of them."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.analysis import Analysis, WorkflowAnalysis, empty_analysis
from stepgraph.checks.subject import ProjectSubject, Trigger, WorkflowSubject
from stepgraph.graph.build import BuiltGraph, build_graph, node_finder
from stepgraph.interpreter.entry import OpenModule, interpret_workflow
from stepgraph.interpreter.workflow_classes import (
    ExportedClass,
    ModuleExports,
    NotExported,
    find_undeployed,
    find_workflows,
)
from stepgraph.ir.facts import WorkflowStarted
from stepgraph.ir.walk import Program
from stepgraph.large_stack import run_with_large_stack, run_without_gc
from stepgraph.limits import MODULE_WORKFLOWS
from stepgraph.model.details import NO_DETAILS, ComputedTexts, Details, Part
from stepgraph.model.note import InputError, InternalError, Note, Problem, ProblemKind
from stepgraph.model.span import Span
from stepgraph.project.folders import real_path
from stepgraph.project.project import Project
from stepgraph.project.sources import AnalysisInputs, DerivedModules, Source, Sources
from stepgraph.syntax.derivations import Derivation, derivations_in, derived_names, main_modules_of
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.modules import Importer, SourceModules
from stepgraph.syntax.parse import merge_room_problems

if TYPE_CHECKING:
    from stepgraph.interpreter.shared_runs import SharedRuns
    from stepgraph.model.span import Code
    from stepgraph.project.configuration.wrangler import ConfiguredWorkflow

Item = TypeVar("Item")

_MAX_YOUNG_OBJECTS: Final = 1_000_000
"""The number of objects created since the last garbage collection above which the analysis of a further workflow
collects the garbage among them. They take about 130 MB."""


class MissingRunHint(Struct, frozen=True):
    """A hint about a class without `run`. It is dropped if an analyzed module derives another class from this class."""

    class_name: str
    problem: Problem


class _PipelineState(Struct, frozen=True):
    """The numbers of items in the collections of a pipeline, before the analysis of a module."""

    problems: int
    hints: int
    missing_runs: int
    new_names: int
    names: int
    derivations: int
    import_problems: int


class Pipeline(Struct):
    """Analyzes modules one by one, and parses each once while it is in memory. Use it inside `run_without_gc`."""

    checked: bool = False
    """Whether each workflow has a `subject` for the rules."""
    problems: list[Problem] = field(default_factory=list)
    """Invalid modules, classes over a limit, and configured classes that their module does not export."""
    hints: list[Problem] = field(default_factory=list)
    """Workflows that are not deployed."""
    missing_runs: list[MissingRunHint] = field(default_factory=list)
    """Classes without `run` that have the code of a workflow."""
    derivations: dict[str, tuple[Derivation, ...]] = field(default_factory=dict)
    """The bindings that may name workflow classes, by path of the module."""
    modules: SourceModules = field(default_factory=SourceModules)
    _names: dict[str, None] = field(default_factory=lambda: {"WorkflowEntrypoint": None})
    """The name of the SDK's base class, and the names that may refer to classes derived from it."""
    _new_names: list[str] = field(default_factory=list)
    """The names added since the last call of `take_names`."""
    _shared_runs: SharedRuns | None = None
    """The runs of all modules that workflows share; None before the second workflow."""
    _has_workflow: bool = False
    """Whether a module with a workflow was analyzed."""

    def analyze(self, source: Source) -> tuple[WorkflowAnalysis, ...]:
        """Return the workflows of a module, in order. Raises InputError for invalid Python or an exceeded limit.

        If a function body that the analysis needs cannot be parsed separately, the module is analyzed again.
        """
        self.modules.start_workflow_module()
        state = self._state()
        while True:
            try:
                workflows = self._analyze(source)
            except InputError:
                if not self.modules.parse_incomplete_whole():
                    raise
            else:
                if not self.modules.parse_incomplete_whole():
                    return workflows
            self._restore(state)

    def _state(self) -> _PipelineState:
        """Return the number of items in each collection."""
        return _PipelineState(
            problems=len(self.problems),
            hints=len(self.hints),
            missing_runs=len(self.missing_runs),
            new_names=len(self._new_names),
            names=len(self._names),
            derivations=len(self.derivations),
            import_problems=len(self.modules.problems),
        )

    def _restore(self, state: _PipelineState) -> None:
        """Remove the items that were added since a state."""
        del self.problems[state.problems :]
        del self.hints[state.hints :]
        del self.missing_runs[state.missing_runs :]
        del self._new_names[state.new_names :]
        _truncate(self._names, state.names)
        _truncate(self.derivations, state.derivations)
        _truncate(self.modules.problems, state.import_problems)

    def _analyze(self, source: Source) -> tuple[WorkflowAnalysis, ...]:
        module = self.modules.parse(source.path, source.content)
        files = source.project.files
        importer = Importer(files, self.modules) if files.folders else None
        mains = () if importer is None else main_modules_of(importer, module, source.users)
        entry = OpenModule(module, importer, main=mains[0] if mains else None, other_mains=mains[1:])
        self.add_derivations(source.path, derivations_in(module))
        if source.workflows is None:
            workflows = tuple(self._all_workflows(entry, source))
        else:
            workflows = tuple(self._configured_workflows(entry, source, source.workflows))
        return _with_triggers(entry, source.project, workflows) if self.checked else workflows

    def add_derivations(self, path: str, derivations: tuple[Derivation, ...]) -> None:
        """Record the derivations of a module, and the names that they add to the names of workflow classes."""
        self.derivations[path] = derivations
        names = derived_names(derivations, self._names)
        self._names |= dict.fromkeys(names)
        self._new_names += names

    def take_names(self) -> tuple[str, ...]:
        """Return the names of the workflow classes discovered since the last call."""
        names, self._new_names = tuple(self._new_names), []
        return names

    def missing_run_hints(self) -> Iterator[Problem]:
        """Yield the hints for classes without `run` from which no analyzed module derives a class."""
        bases = self.base_classes()
        yield from (hint.problem for hint in self.missing_runs if hint.class_name not in bases)

    def base_classes(self) -> frozenset[str]:
        """Return the names of the classes from which the analyzed modules derive classes."""
        derivations = (derivation for each in self.derivations.values() for derivation in each)
        return frozenset(base for each in derivations if not each.is_import for base in each.bases)

    def _all_workflows(self, entry: OpenModule, source: Source) -> Iterator[WorkflowAnalysis]:
        """Yield all workflows of a module, and record hints and problems about its other classes."""
        project = source.project
        configuration = project.configuration
        own_workflows = () if configuration is None else configuration.own_workflows
        classes = find_workflows(entry, {configured.class_name for configured in own_workflows})
        self.missing_runs += (MissingRunHint(each.class_name, each.problem) for each in classes.missing_runs)
        self.problems += (each.problem for each in classes.over_limit)
        self.hints += (each.problem for each in classes.unanalyzed)
        if not own_workflows:
            self.problems += self._problems_of_environments(entry, source)
        names, excess = classes.workflows[:MODULE_WORKFLOWS], classes.workflows[MODULE_WORKFLOWS:]
        if excess:
            self.problems.append(_too_many_classes_problem(entry.module.path, excess[0]))
        entry = self._with_workflows(entry, len(names))
        for name in names:
            yield _analyze_workflow(entry, name, project, checked=self.checked)

    def _configured_workflows(
        self, entry: OpenModule, source: Source, workflows: Sequence[ConfiguredWorkflow]
    ) -> Iterator[WorkflowAnalysis]:
        """Yield the configured workflows of a module, and report configured classes that it does not export."""
        missing: list[Problem] = []
        exports = ModuleExports(entry)
        entry = self._with_workflows(entry, len(workflows))
        for configured in workflows:
            exported = exports.find(configured.class_name)
            if isinstance(exported, ExportedClass):
                yield _analyze_workflow(entry, exported.name, source.project, configured, checked=self.checked)
            else:
                missing.append(self._problem_of_class(entry, source, configured, exported))
        self.problems += missing
        self.problems += self._problems_of_environments(entry, source)
        configuration = source.project.configuration
        # A configuration with wrong names does not determine the deployed classes.
        if configuration is not None and not missing and not configuration.problems:
            undeployed = find_undeployed(entry, configuration.content)
            self.hints += (each.problem(configuration.path) for each in undeployed)

    def _with_workflows(self, entry: OpenModule, count: int) -> OpenModule:
        """Return a module with its number of workflows and, if it is not the first workflow, the shared runs."""
        if self._shared_runs is None and (count > 1 or (count and self._has_workflow)):
            from stepgraph.interpreter.shared_runs import SharedRuns  # a single workflow does not need it

            self._shared_runs = SharedRuns()
            self.modules.on_removal.append(self._shared_runs.clear)
        self._has_workflow = self._has_workflow or count > 0
        return replace(entry, workflows=count, shared_runs=self._shared_runs)

    def _problems_of_environments(self, entry: OpenModule, source: Source) -> Iterator[Problem]:
        """Yield the problems of the classes that other environments configure and that the main module lacks."""
        configuration = source.project.configuration
        if configuration is None or not configuration.environments or configuration.main != source.path:
            return
        # Imported here because only configurations need it, and start-up time counts.
        from stepgraph.project.configuration.document import is_placeholder

        exports = ModuleExports(entry)
        for environment in configuration.environments:
            for configured in environment.own_workflows:
                exported = exports.find(configured.class_name)
                if (
                    isinstance(exported, NotExported)
                    and exported.kind in (ProblemKind.MISSING_CLASS, ProblemKind.UNEXPORTED_CLASS)
                    and not is_placeholder(configured.class_name)
                ):
                    yield self._problem_of_class(entry, source, configured, exported)

    def _problem_of_class(
        self, entry: OpenModule, source: Source, configured: ConfiguredWorkflow, missing: NotExported
    ) -> Problem:
        near = self.modules.suggestions.nearest(configured.class_name, partial(tuple, missing.exported_classes))
        is_missing = missing.kind is ProblemKind.MISSING_CLASS
        advice = self._import_advice(entry, source, configured) if is_missing else None
        configuration = source.project.configuration
        path = source.path if configuration is None else configuration.path
        return missing.problem((path, configured.line, configured.column), source.path, near, advice)

    def _import_advice(self, entry: OpenModule, source: Source, configured: ConfiguredWorkflow) -> str | None:
        """Return the advice to import a missing class from the module of the project that defines it, if any."""
        path = None if entry.importer is None else entry.importer.find_class(configured.class_name)
        if path is None or path == source.path:
            return None
        name = source.project.files.name_of(path)
        if not all(map(str.isidentifier, name.split("."))):
            return f"{path} defines it."
        return f"{path} defines it: add `from {name} import {configured.class_name}` to {source.path}."


def _truncate(items: dict[str, Item], length: int) -> None:
    while len(items) > length:
        items.popitem()


def _analyze_workflow(
    entry: OpenModule,
    class_name: str,
    project: Project,
    configured: ConfiguredWorkflow | None = None,
    *,
    checked: bool,
) -> WorkflowAnalysis:
    if gc.get_count()[0] > _MAX_YOUNG_OBJECTS:
        gc.collect(0)  # earlier workflows leave reference cycles, and each may have run all modules of the Worker
    program = interpret_workflow(entry, class_name, project.mode, traced=checked)
    built = build_graph(program)
    differing = _notes_on_main_modules(entry, class_name, project, program, built)
    notes = tuple(sorted((*program.notes, *built.notes, *differing), key=lambda note: (note.span, note.code)))
    if configured is None and project.configuration is not None:
        configured = project.configuration.workflow_of_class(program.class_name)
    name = program.class_name if configured is None else configured.name
    return WorkflowAnalysis(
        name=name,
        class_name=program.class_name,
        path=program.place.module.path,
        locate=lambda: program.place.heading,
        graph=built.graph,
        notes=notes,
        project=project.name,
        steps_limit=None if configured is None else configured.steps,
        locate_node=lambda node: _span_of(built.places.of(node)),
        describe=lambda: _details(built, project, entry.importer),
        compute_texts=lambda: _computed_texts(built, entry.importer),
        locate_code=lambda node: _code_of(built.places.of(node)),
        subject=WorkflowSubject(name, program, built.graph, notes, configured, project.compatibility)
        if checked
        else None,
        find_node=node_finder(built),
        locate_site=lambda part: _span_of(built.places.site_of(part)),
    )


def _notes_on_main_modules(
    entry: OpenModule, class_name: str, project: Project, program: Program, built: BuiltGraph
) -> Iterator[Note]:
    """Yield a note if the workflow runs other steps with another module that may be the main module."""
    for main in entry.other_mains:
        alternative = build_graph(interpret_workflow(replace(entry, main=main), class_name, project.mode))
        if alternative.graph != built.graph and entry.main is not None:
            yield Note(
                "assigned-elsewhere",
                f"{entry.main.path} and {main.path} may be the main module, and the steps depend on it.",
                f"The graph is for {entry.main.path}. Name the main module in a wrangler configuration.",
                program.place.span,
            )
            return


def _with_triggers(
    entry: OpenModule, project: Project, workflows: tuple[WorkflowAnalysis, ...]
) -> tuple[WorkflowAnalysis, ...]:
    """Return the workflows of a module, with the triggers in the module, its imports and the workflows themselves."""
    configured = () if project.configuration is None else project.configuration.workflows
    by_binding = {workflow.binding: workflow for workflow in configured if workflow.binding is not None}
    subjects = [workflow.subject for workflow in workflows if workflow.subject is not None]
    if not by_binding or not subjects:
        return workflows
    # Imported here because only checks of Workers with bindings need it.
    from stepgraph.interpreter.triggers import find_triggers

    calls = dict.fromkeys(find_triggers(entry, frozenset(by_binding)))
    for subject in subjects:
        calls |= dict.fromkeys(subject.facts_of_type(WorkflowStarted))
    by_class: dict[str, list[Trigger]] = {}
    for call in calls:
        started = by_binding.get(call.binding)
        if started is not None:
            by_class.setdefault(_class_in(subjects, started), []).append(Trigger(started, call))
    return tuple(
        dataclasses.replace(
            workflow,
            subject=workflow.subject
            and replace(workflow.subject, triggers=tuple(by_class.get(workflow.class_name, ()))),
        )
        for workflow in workflows
    )


def _class_in(subjects: Sequence[WorkflowSubject], workflow: ConfiguredWorkflow) -> str:
    """Return the class of a configured workflow or, if it belongs to another Worker or module, the first class."""
    classes = [subject.program.class_name for subject in subjects]
    is_analyzed = workflow.script_name is None and workflow.class_name in classes
    return workflow.class_name if is_analyzed else classes[0]


def _details(built: BuiltGraph, project: Project, importer: Importer | None) -> Details:
    if built.graph is None:
        return NO_DETAILS
    graph, workflows = built.graph, () if project.configuration is None else project.configuration.workflows
    labels = {workflow.binding: workflow.label for workflow in workflows if workflow.binding is not None}
    # Imported here because the payload has no details.
    from stepgraph.graph.details import describe

    return run_with_large_stack(lambda: describe(graph, built.places, labels, importer))


def _computed_texts(built: BuiltGraph, importer: Importer | None) -> Sequence[tuple[Part, ComputedTexts]]:
    if built.graph is None:
        return ()
    graph = built.graph
    # Imported here because only comparisons and logs need it.
    from stepgraph.graph.computed_texts import compute_texts

    return run_with_large_stack(lambda: compute_texts(graph, built.places, importer))


def _span_of(place: SourcePlace | None) -> Span | None:
    return None if place is None else place.span


def _code_of(place: SourcePlace | None) -> Code | None:
    # Imported here because only pages and links show code.
    from stepgraph.syntax.places import code_of

    return None if place is None else code_of(place)


def _too_many_classes_problem(path: str, class_name: str) -> Problem:
    """Return the problem of a module with too many workflow classes. `class_name` is the first excess one."""
    message = f"more than {MODULE_WORKFLOWS:,} workflow classes, so `{class_name}` and the others are not analyzed."
    return Problem(path, message, "Split the module.")


class AnalysisRun:
    """Analyzes modules lazily: the `analyze` methods return iterators, and `collect` runs them."""

    def __init__(
        self,
        sources: Sources,
        on_module: Callable[[str], object] | None = None,
        *,
        checked: bool = False,
        release_modules: bool = False,
        strict: bool = False,
    ) -> None:
        """Prepare the run.

        `on_module` is called with the path of each module before its analysis. With `checked`, each workflow has a
        `subject` for the rules. With `release_modules`, modules that the current module does not need may be released
        from memory. With `strict`, an exception in a module ends the run, and `on_module` is not called. Otherwise, an
        InputError becomes a problem, and any other exception an InternalError.
        """
        self.sources = sources
        self.pipeline = Pipeline(checked)
        self.pipeline.modules.may_release = release_modules
        self._on_module = on_module
        self._strict = strict
        # The search for derived classes adds modules to the sources.
        self._initial_modules = tuple(sources.modules)
        self._empty_analysis = empty_analysis(sources)
        self._inputs = AnalysisInputs(self._initial_modules)
        self._keys: set[tuple[str, ...]] = set()

    def analyze(self) -> Iterator[WorkflowAnalysis]:
        """Yield the workflows of the modules in `sources`, then the workflows of derived classes."""
        yield from self.analyze_initial_modules()
        yield from self.analyze_derived()

    def analyze_initial_modules(self) -> Iterator[WorkflowAnalysis]:
        """Yield the workflows of the modules in `sources`."""
        return self._analyze_modules(self._initial_modules)

    def analyze_derived(self) -> Iterator[WorkflowAnalysis]:
        """Yield the workflows of modules whose classes derive from classes of analyzed modules."""
        while modules := self._find_derived():
            yield from self._analyze_modules(modules)

    def deduplicate(self, workflows: Iterable[WorkflowAnalysis]) -> Iterator[WorkflowAnalysis]:
        """Yield each workflow once, even if several paths or configurations lead to it."""
        return filter(self.is_first, workflows)

    def is_first(self, workflow: WorkflowAnalysis) -> bool:
        """Return whether no path or configuration has led to a workflow before, and remember the workflow."""
        key = (workflow.project, workflow.name, workflow.class_name, real_path(workflow.path))
        if key in self._keys:
            return False
        self._keys.add(key)
        return True

    def collect(self, workflows: Iterator[WorkflowAnalysis]) -> Analysis:
        """Run the lazy analysis of `workflows`, and return its result with all files that it has read."""
        analyzed = run_without_gc(partial(tuple, workflows))
        pipeline = self.pipeline
        self._inputs.files = pipeline.modules.read_files
        empty = self._empty_analysis
        import_problems = merge_room_problems(pipeline.modules.problems.values())
        problems = tuple(dict.fromkeys([*self.sources.problems, *pipeline.problems, *import_problems]))
        hints = (*empty.hints, *pipeline.hints, *pipeline.missing_run_hints())
        return dataclasses.replace(
            empty,
            workflows=analyzed,
            problems=problems,
            hints=hints,
            files=tuple(dict.fromkeys([*empty.files, *pipeline.modules.paths])),
            project=ProjectSubject(self.sources.configurations, problems, hints, pipeline.base_classes()),
            read={**empty.read, **pipeline.modules.contents},
            inputs=self._inputs,
        )

    def _analyze_modules(self, modules: Sequence[Source]) -> Iterator[WorkflowAnalysis]:
        for module in modules:
            # A local variable would keep the workflows of a module in memory during the analysis of the next one.
            yield from self.deduplicate(self._analyze_module(module))

    def _analyze_module(self, module: Source) -> tuple[WorkflowAnalysis, ...]:
        if self._strict:
            return self.pipeline.analyze(module)
        if self._on_module is not None:
            self._on_module(module.path)
        try:
            return self.pipeline.analyze(module)
        except InputError as error:
            self.pipeline.problems.append(error.problem)
            return ()
        except Exception as error:
            raise InternalError(module.path) from error

    def _find_derived(self) -> Sequence[Source]:
        """Return the modules whose classes derive from classes discovered since the last call."""
        names = self.pipeline.take_names()
        modules = tuple(self.sources.add_derived_modules(names))
        self._inputs.searches.append(DerivedModules(names, modules))
        return modules
