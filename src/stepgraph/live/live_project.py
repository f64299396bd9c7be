"""The workflows of a project that is being edited: their last valid graphs, and the problems since then."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.analysis import Analysis, WorkflowAnalysis, drawn_workflow, version_id, workflow_id
from stepgraph.checks.diagnostic import Finding
from stepgraph.checks.filtering import FilteredFindings
from stepgraph.drawing.workflow import DrawnWorkflow
from stepgraph.fixing import FixedFile, repeat_fixes
from stepgraph.incremental import IncrementalAnalysis, ModuleResult, OnModule
from stepgraph.model.note import InputError, InternalError, Problem
from stepgraph.project.folders import folder_of, is_inside, prefix_of
from stepgraph.project.root import is_configuration_name
from stepgraph.project.sources import Sources

FilterFindings: TypeAlias = Callable[[Analysis, Sequence[Finding]], tuple[FilteredFindings, Sequence[str]]]
"""Filters the findings of all rules by settings, suppression comments and baseline, and returns the files read for it.

Raises InputError if one of these files is invalid.
"""

WorkflowKey: TypeAlias = tuple[str, str, str]
"""The Worker, the file and the configured name of a workflow."""

_NO_CONTENTS: Final[Mapping[str, bytes]] = {}
_NO_FINDINGS: Final = FilteredFindings(())
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_BUG: Final = "cannot be analyzed because of a bug in stepgraph."
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


class LiveWorkflow(Struct, frozen=True):
    """A workflow of the project."""

    slug: str
    """The name in URLs, unique in the project."""
    analysis: WorkflowAnalysis
    drawn: DrawnWorkflow
    """The workflow in the form in which it is drawn, with its findings."""
    inputs: ModuleInputs
    before: WorkflowAnalysis | None = None
    """The workflow before its last change since the server started, or None without one. Its locations are outdated."""
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
    workflows: tuple[LiveWorkflow, ...] = ()
    """The workflows in source order."""
    problems: tuple[Problem, ...] = ()
    """The reasons why inputs cannot be read or analyzed."""
    filtered: FilteredFindings = _NO_FINDINGS
    """The findings of `stepgraph check`."""
    failure: Problem | None = None
    """The reason why the whole project could not be analyzed, so that the state is an earlier one, or None."""
    files: tuple[str, ...] = ()
    """The files that were read, including the baseline, and after a failure the file that caused it."""
    contents: Mapping[str, bytes] = _NO_CONTENTS
    """The contents of modules and configurations, by path."""

    @property
    def general_findings(self) -> tuple[Finding, ...]:
        """The findings about no workflow, as in configurations."""
        return tuple(finding for finding in self.filtered.findings if not finding.workflow)

    def workflow(self, name: str) -> LiveWorkflow | None:
        """Return the first workflow with a name, or with a name in URLs, if any."""
        named = (each for each in self.workflows if name in (each.name, each.slug))
        return next(named, None)

    def workflow_at(self, slug: str) -> LiveWorkflow | None:
        """Return the workflow with a name in URLs, if any."""
        return next((each for each in self.workflows if each.slug == slug), None)


class AnalysisCanceledError(Exception):
    """Ends an analysis whose result is no longer needed."""


class LiveProject:
    """Analyzes a project again and again. The state may be read by any thread."""

    def __init__(self, find: Callable[[], Sources], filter_findings: FilterFindings) -> None:
        """Prepare the analysis. `find` searches the modules of the project."""
        self._find = find
        self._filter_findings = filter_findings
        self._incremental = IncrementalAnalysis(keeps_locations=True)
        self._lock = threading.Lock()
        self._state = ProjectState(0)
        self.sources: Sources | None = None
        """The inputs of the last analysis."""

    @property
    def state(self) -> ProjectState:
        """The state after the last analysis."""
        return self._state

    def refresh(self, on_module: OnModule | None = None) -> ProjectState:
        """Analyze the changed modules, and return the new state. Only one thread analyzes at a time.

        `on_module` is called before the analysis of each changed module. If it raises AnalysisCanceledError, the state
        does not change, and the error is raised.
        """
        with self._lock:
            self._state = self._analyze(self._state, on_module)
            return self._state

    def fix(self, path: str) -> tuple[FixedFile, ...]:
        """Return the files that the safe fixes of a file change, repeated as by `stepgraph check --fix`.

        The state stays as it is, and so do the files.
        """
        with self._lock:
            return repeat_fixes(self._state.filtered.fixable, self._fixable_findings, path=path)

    def _fixable_findings(self) -> Sequence[Finding]:
        """Return the findings to fix in the files as they are now, or none if they cannot be analyzed."""
        try:
            analysis, findings = self._incremental.check(self._find())
            filtered, _ = self._filter_findings(analysis, findings)
        except (InputError, InternalError):
            return ()
        return filtered.fixable

    def _analyze(self, before: ProjectState, on_module: OnModule | None) -> ProjectState:
        number = before.number + 1
        try:
            self.sources = self._find()
            analysis, findings = self._incremental.check(self.sources, on_module)
            filtered, settings_files = self._filter_findings(analysis, findings)
        except AnalysisCanceledError:
            raise
        except InputError as error:
            return _outdated(before, number, error.problem)
        except InternalError as error:
            return _outdated(before, number, Problem(error.path, _BUG, _DEFECT_ADVICE))
        except Exception as error:  # noqa: BLE001 - the server goes on, and the next edit may avoid the bug
            return _outdated(before, number, Problem("project", f"{_BUG} ({type(error).__name__})", _DEFECT_ADVICE))
        contents = {module.path: module.content for module in self.sources.modules} | dict(analysis.read)
        results = self._incremental.results_by_workflow()
        inputs = [ModuleInputs.of(results[id(workflow)]) for workflow in analysis.workflows]
        live = _live_workflows(analysis.workflows, inputs, filtered.findings, contents)
        workflows = _with_slugs(_with_last_valid(live, before, analysis.problems))
        files = (*analysis.files, *settings_files)
        return ProjectState(
            number=number,
            workflows=workflows,
            problems=analysis.problems,
            filtered=filtered,
            failure=None,
            files=files,
            contents=contents,
        )


def _outdated(before: ProjectState, number: int, problem: Problem) -> ProjectState:
    old = tuple(replace(workflow, is_old=True) for workflow in before.workflows)
    files = tuple(dict.fromkeys((*before.files, problem.path)))
    return replace(before, number=number, workflows=old, problems=(problem,), failure=problem, files=files)


def _live_workflows(
    workflows: Iterable[WorkflowAnalysis],
    inputs: Iterable[ModuleInputs],
    findings: Sequence[Finding],
    contents: Mapping[str, bytes],
) -> list[LiveWorkflow]:
    """Return workflows with their findings, without names for URLs."""
    return [
        LiveWorkflow("", workflow, drawn_workflow(workflow).with_findings(findings), module, contents=contents)
        for workflow, module in zip(workflows, inputs, strict=True)
    ]


def _with_last_valid(
    workflows: Sequence[LiveWorkflow], before: ProjectState, problems: Sequence[Problem]
) -> list[LiveWorkflow]:
    """Return the workflows with their states before the last edit, and the last valid ones of broken files."""
    earlier = {workflow.key: workflow for workflow in before.workflows}
    present = {workflow.key for workflow in workflows}
    is_broken = _broken_files(problems)
    last_valid = {key: old for key, old in earlier.items() if key not in present and is_broken(old.analysis.path)}
    # While a configuration is broken, its workflows have the names of their classes.
    classes = {(old.analysis.path, old.analysis.class_name) for old in last_valid.values()}
    result = [
        _after_edit(workflow, earlier.get(workflow.key))
        for workflow in workflows
        if workflow.key in earlier or (workflow.analysis.path, workflow.analysis.class_name) not in classes
    ]
    _insert(last_valid, before.workflows, result)
    return result


def _broken_files(problems: Sequence[Problem]) -> Callable[[str], bool]:
    """Return a test of a path: whether the file, a directory around it or a configuration there has a problem."""
    files = {problem.path for problem in problems}
    folders = [folder_of(path) for path in files if is_configuration_name(path.rpartition("/")[2])]
    folders += (prefix_of(path) for path in files)
    return lambda path: path in files or any(is_inside(path, folder) for folder in folders)


def _insert(
    old: Mapping[WorkflowKey, LiveWorkflow], order: Sequence[LiveWorkflow], workflows: list[LiveWorkflow]
) -> None:
    """Insert old workflows into a list, each after the workflow that it followed."""
    position = 0
    places = {workflow.key: place for place, workflow in enumerate(workflows, 1)}
    inserted = 0
    for workflow in order:
        if workflow.key in old:
            workflows.insert(position, replace(workflow, is_old=True))
            position, inserted = position + 1, inserted + 1
        elif workflow.key in places:
            position = places[workflow.key] + inserted


def _after_edit(workflow: LiveWorkflow, earlier: LiveWorkflow | None) -> LiveWorkflow:
    """Return a workflow with the state before its last edit."""
    if earlier is None:
        return workflow
    if earlier.analysis.graph == workflow.analysis.graph:
        return replace(workflow, before=earlier.before)
    return replace(workflow, before=dataclasses.replace(earlier.analysis, subject=None))


def _with_slugs(workflows: Iterable[LiveWorkflow]) -> tuple[LiveWorkflow, ...]:
    """Return workflows with unique names for URLs. Those of equal names are numbered in order."""
    slugs: dict[str, int] = {}
    result: list[LiveWorkflow] = []
    for workflow in workflows:
        stem = _UNSAFE.sub("-", workflow.name).strip(".") or "workflow"
        count = slugs[stem] = slugs.get(stem, 0) + 1
        result.append(replace(workflow, slug=stem if count == 1 else f"{stem}~{count}"))
    return tuple(result)
