"""The workflows of a project that is being edited: their last good graphs, and the problems since then."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.analysis import Analysis, WorkflowAnalysis, drawn_workflow, version_id, without_modules, workflow_id
from stepgraph.checks.diagnostic import Finding
from stepgraph.drawing.workflow import DrawnWorkflow
from stepgraph.incremental import IncrementalAnalysis, ModuleResult
from stepgraph.model.note import InputError, InternalError, Problem
from stepgraph.project.folders import folder_of, is_inside, prefix_of
from stepgraph.project.root import is_configuration_name
from stepgraph.project.sources import Sources

SelectFindings: TypeAlias = Callable[[Analysis, Sequence[Finding]], Sequence[Finding]]
"""Returns the findings to show: those of all rules, filtered by settings, suppression comments and baseline."""

WorkflowKey: TypeAlias = tuple[str, str, str]
"""The Worker, the file and the configured name of a workflow."""

_NO_CONTENTS: Final[Mapping[str, bytes]] = {}
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_DEFECT: Final = "cannot be analyzed because of a defect of stepgraph."
_DEFECT_ADVICE: Final = "Please report it, with the file if possible."


class ModuleInputs(Struct, frozen=True):
    """The module that defines a workflow, and the inputs of its analysis."""

    path: str
    """The path of the module."""
    configuration: str | None
    """The path of the configuration that selects the module, or None if its own path does."""
    files: tuple[str, ...]
    """The paths of the files that the analysis has read, including the configuration."""
    folders: tuple[str, ...]
    """The directories in which imported modules are searched, as prefixes of paths."""

    @classmethod
    def of(cls, result: ModuleResult) -> ModuleInputs:
        """Return the inputs of a module that has been analyzed."""
        source, project = result.source, result.source.project
        configuration = None if project.configuration is None else project.configuration.path
        files = (source.path, *result.contents, *result.read_files, *([configuration] if configuration else []))
        selects = source.workflows is not None
        folders = (folder_of(source.path), *project.files.folders)
        return cls(
            source.path, configuration if selects else None, tuple(dict.fromkeys(files)), tuple(dict.fromkeys(folders))
        )


class ServedWorkflow(Struct, frozen=True):
    """A workflow of the project."""

    slug: str
    """The name in URLs, unique in the project."""
    analysis: WorkflowAnalysis
    drawn: DrawnWorkflow
    """The workflow in the form in which it is drawn, with its findings."""
    inputs: ModuleInputs
    before: WorkflowAnalysis | None = None
    """The workflow before its last change since the server started, or None without one."""
    is_old: bool = False
    """Whether the workflow is of an earlier state, because a file cannot be analyzed now."""
    contents: Mapping[str, bytes] = _NO_CONTENTS
    """The contents of the files in the state of the workflow, by path."""

    @property
    def name(self) -> str:
        """The configured name of the workflow, or the name of its class."""
        return self.analysis.name

    @property
    def id(self) -> str:
        """The id of the workflow in the Workflows API."""
        return workflow_id(self.analysis.project, self.name)

    @property
    def version_id(self) -> str:
        """The id of the version of the working tree in the Workflows API."""
        return version_id(self.id, self.analysis.graph)

    @property
    def key(self) -> WorkflowKey:
        """The identity of the workflow, which most edits do not change."""
        return self.analysis.project, self.analysis.path, self.analysis.name


class ProjectState(Struct, frozen=True):
    """The state of the project after one analysis."""

    number: int
    """The number of analyses so far, which identifies the state."""
    workflows: tuple[ServedWorkflow, ...] = ()
    """The workflows in source order."""
    problems: tuple[Problem, ...] = ()
    """The reasons why inputs cannot be read or analyzed."""
    findings: tuple[Finding, ...] = ()
    """The findings about no workflow, as in configurations."""
    files: tuple[str, ...] = ()
    """The files that were read."""
    contents: Mapping[str, bytes] = _NO_CONTENTS
    """The contents of modules and configurations, by path."""

    def workflow(self, name: str) -> ServedWorkflow | None:
        """Return the first workflow with a name, or with a name in URLs."""
        named = (each for each in self.workflows if name in (each.name, each.slug))
        return next(named, None)

    def workflow_at(self, slug: str) -> ServedWorkflow | None:
        """Return the workflow with a name in URLs."""
        return next((each for each in self.workflows if each.slug == slug), None)


class ServedProject:
    """Analyzes a project again and again. The state may be read by any thread."""

    def __init__(self, find: Callable[[], Sources], select_findings: SelectFindings) -> None:
        """Prepare the analysis. `find` searches the modules of the project."""
        self._find = find
        self._select_findings = select_findings
        self._incremental = IncrementalAnalysis(keeps_locations=True)
        self._lock = threading.Lock()
        self._state = ProjectState(0)
        self.sources: Sources | None = None
        """The inputs of the last analysis."""

    @property
    def state(self) -> ProjectState:
        """The state after the last analysis."""
        return self._state

    def refresh(self) -> ProjectState:
        """Analyze the changed modules, and return the new state. Only one thread analyzes at a time."""
        with self._lock:
            self._state = self._analyze(self._state)
            return self._state

    def _analyze(self, before: ProjectState) -> ProjectState:
        number = before.number + 1
        try:
            self.sources = self._find()
            analysis, findings = self._incremental.check(self.sources)
            selected = self._select_findings(analysis, findings)
        except InputError as error:
            return _outdated(before, number, error.problem)
        except InternalError as error:
            return _outdated(before, number, Problem(error.path, _DEFECT, _DEFECT_ADVICE))
        except Exception as error:  # noqa: BLE001 - the server goes on, and the next edit may avoid the defect
            return _outdated(before, number, Problem("project", f"{_DEFECT} ({type(error).__name__})", _DEFECT_ADVICE))
        contents = {module.path: module.content for module in self.sources.modules} | dict(analysis.read)
        results = self._incremental.results_by_workflow()
        inputs = [ModuleInputs.of(results[id(workflow)]) for workflow in analysis.workflows]
        served = _served(analysis.workflows, inputs, selected, contents)
        workflows = _with_slugs(_with_last_good(served, before, analysis.problems))
        general = tuple(finding for finding in selected if not finding.workflow)
        return ProjectState(number, workflows, analysis.problems, general, analysis.files, contents)


def _outdated(before: ProjectState, number: int, problem: Problem) -> ProjectState:
    old = tuple(replace(workflow, is_old=True) for workflow in before.workflows)
    return replace(before, number=number, workflows=old, problems=(problem,))


def _served(
    workflows: Iterable[WorkflowAnalysis],
    inputs: Iterable[ModuleInputs],
    findings: Sequence[Finding],
    contents: Mapping[str, bytes],
) -> list[ServedWorkflow]:
    """Return workflows with their findings, without names for URLs."""
    return [
        ServedWorkflow("", workflow, drawn_workflow(workflow).with_findings(findings), module, contents=contents)
        for workflow, module in zip(workflows, inputs, strict=True)
    ]


def _with_last_good(
    served: Sequence[ServedWorkflow], before: ProjectState, problems: Sequence[Problem]
) -> list[ServedWorkflow]:
    """Return the workflows with their states before the last edit, and the last good ones of broken files."""
    earlier = {workflow.key: workflow for workflow in before.workflows}
    present = {workflow.key for workflow in served}
    is_broken = _broken_files(problems)
    kept = {key: old for key, old in earlier.items() if key not in present and is_broken(old.analysis.path)}
    # While a configuration is broken, its workflows have the names of their classes.
    classes = {(old.analysis.path, old.analysis.class_name) for old in kept.values()}
    result = [
        _after_edit(workflow, earlier.get(workflow.key))
        for workflow in served
        if workflow.key in earlier or (workflow.analysis.path, workflow.analysis.class_name) not in classes
    ]
    _insert(kept, before.workflows, result)
    return result


def _broken_files(problems: Sequence[Problem]) -> Callable[[str], bool]:
    """Return a test of a path: whether the file, a directory around it or a configuration there has a problem."""
    files = {problem.path for problem in problems}
    folders = [folder_of(path) for path in files if is_configuration_name(path.rpartition("/")[2])]
    folders += (prefix_of(path) for path in files)
    return lambda path: path in files or any(is_inside(path, folder) for folder in folders)


def _insert(
    kept: Mapping[WorkflowKey, ServedWorkflow], order: Sequence[ServedWorkflow], workflows: list[ServedWorkflow]
) -> None:
    """Insert old workflows into a list where they were: after the one that they followed."""
    position = 0
    places = {workflow.key: place for place, workflow in enumerate(workflows, 1)}
    inserted = 0
    for workflow in order:
        if workflow.key in kept:
            workflows.insert(position, replace(workflow, is_old=True))
            position, inserted = position + 1, inserted + 1
        elif workflow.key in places:
            position = places[workflow.key] + inserted


def _after_edit(workflow: ServedWorkflow, earlier: ServedWorkflow | None) -> ServedWorkflow:
    """Return a workflow with the state before its last edit."""
    if earlier is None:
        return workflow
    if earlier.analysis.graph == workflow.analysis.graph:
        return replace(workflow, before=earlier.before)
    return replace(workflow, before=without_modules(earlier.analysis))


def _with_slugs(workflows: Iterable[ServedWorkflow]) -> tuple[ServedWorkflow, ...]:
    """Return workflows with unique names for URLs. Those of equal names are numbered in order."""
    slugs: dict[str, int] = {}
    result: list[ServedWorkflow] = []
    for workflow in workflows:
        stem = _UNSAFE.sub("-", workflow.name).strip(".") or "workflow"
        count = slugs[stem] = slugs.get(stem, 0) + 1
        result.append(replace(workflow, slug=stem if count == 1 else f"{stem}~{count}"))
    return tuple(result)
