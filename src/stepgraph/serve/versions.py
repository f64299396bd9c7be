"""The versions of workflows in the Workflows API, in earlier commits, and in other revisions for comparisons.

Each commit is read once, and only the files that the analysis may need are read.
"""

from __future__ import annotations

import dataclasses
import posixpath
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.analysis import DetailLevel, WorkflowAnalysis, version_id, workflow_id
from stepgraph.incremental import IncrementalAnalysis
from stepgraph.live.live_project import LiveWorkflow, ModuleInputs
from stepgraph.model.note import InputError, InternalError
from stepgraph.model.payload import Version, VersionGraph
from stepgraph.project.folders import folder_of, path_below
from stepgraph.project.git import Revision, default_branch, last_commits, merge_base, revision_of
from stepgraph.project.git_folders import HEAD
from stepgraph.project.module_dates import DateLookup, ModuleDates, dates_of
from stepgraph.project.revision_files import RevisionFolder, path_in_revision, revision_folder, switchable_folder
from stepgraph.project.root import CONFIGURATION_NAMES
from stepgraph.project.sources import Source, Sources
from stepgraph.report.diff.comparison import (
    DiffFailOn,
    VersionComparison,
    compare_workflows,
    pair_workflows,
    summary_line,
    versioned_workflow,
)
from stepgraph.source_analysis import analyze_graphs
from stepgraph.version import __version__

_MAX_CACHED: Final = 10_000
"""The maximum number of files whose dates stay in memory."""

MAX_COMMITS: Final = 20
"""The maximum number of commits whose versions are listed."""

_MAX_CACHED_WORKFLOWS: Final = 1_000
"""The maximum number of earlier workflows in memory."""

_MAX_PATHS: Final = 200
"""The maximum number of files whose commits are searched. For more, the commits of their directories are."""

_MARKERS: Final = (*CONFIGURATION_NAMES, "pyproject.toml")
"""The files in the directories above a module that its analysis depends on."""

_NO_DATES: Final = ModuleDates("", "")

_Key: TypeAlias = tuple[str, str, str]
"""The path of the module or its configuration, the name of the workflow, and the id of the commit."""


class CommitDates:
    """The dates of files in a repository. May be used by several threads."""

    def __init__(self, root: str | None) -> None:
        """Prepare the dates of files. `root` is the root of their repository, or None without one."""
        self._root = root
        self._lock = threading.Lock()
        self._head = ""
        self._dates: dict[tuple[str, int], ModuleDates] = {}

    def head(self) -> str:
        """Return the id of the current commit, or an empty string without one."""
        revision = None if self._root is None else revision_of(self._root, HEAD)
        return "" if revision is None else revision.commit

    def of(self, paths: Sequence[str]) -> list[ModuleDates]:
        """Return the dates of files. Raises InputError if SOURCE_DATE_EPOCH is needed but not a number."""
        head = self.head()
        with self._lock:
            if head != self._head or len(self._dates) > _MAX_CACHED:
                self._head, self._dates = head, {}
            # Files without commits have the dates of the file system.
            keys = {path: (path, _modification(path)) for path in dict.fromkeys(paths)}
            missing = [path for path, key in keys.items() if key not in self._dates]
            with DateLookup() as lookup:
                lookup.start(missing)
                self._dates |= {keys[path]: lookup.dates(path) for path in missing}
            return [self._dates[keys[path]] for path in paths]


def _modification(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


class ServedVersion(Struct, frozen=True):
    """A version of a workflow."""

    id: str
    workflow: WorkflowAnalysis
    """The workflow in the working tree or in a commit."""
    dates: ModuleDates

    @property
    def version(self) -> Version:
        """The version as in the Workflows API."""
        return self.workflow.version(dates=self.dates)

    @property
    def graph(self) -> VersionGraph:
        """The version with its graph, as in the Workflows API."""
        return self.workflow.version_graph(dates=self.dates)


class WorkflowVersions(Struct, frozen=True):
    """Lists the versions of workflows."""

    history: WorkflowHistory
    dates: CommitDates

    def __call__(self, workflow: LiveWorkflow) -> list[ServedVersion]:
        """Return the versions of a workflow, newest first.

        The working tree is the first version. A commit adds a version if it changed the graph. A version has the dates
        of the first and the last commit that introduced its graph or, without a commit, the dates of the module.
        """
        commits = [(earlier, seconds) for earlier, seconds in self.history.last(workflow) if earlier is not None]
        introduced = _introductions(commits)
        versions = {_id(each): each for each, _ in reversed(commits)}
        current = workflow.analysis
        identities = dict.fromkeys([_id(current), *introduced])
        versions[_id(current)] = current
        return [self._version(versions[identity], identity, introduced) for identity in identities]

    def _version(
        self, workflow: WorkflowAnalysis, identity: str, introduced: Mapping[str, ModuleDates]
    ) -> ServedVersion:
        dates = introduced.get(identity) or self.dates.of([workflow.path])[0]
        return ServedVersion(identity, workflow, dates)


def _introductions(commits: Sequence[tuple[WorkflowAnalysis, int]]) -> dict[str, ModuleDates]:
    """Return the dates of the commits that introduced each graph, by the id of its version, newest first."""
    last: dict[str, int] = {}
    first: dict[str, int] = {}
    for identity, run in groupby(commits, lambda commit: _id(commit[0])):
        *_, (_, introduced) = run
        last.setdefault(identity, introduced)
        first[identity] = introduced
    return {identity: dates_of(first[identity], last[identity]) for identity in last}


def _id(workflow: WorkflowAnalysis) -> str:
    return version_id(workflow_id(workflow.project, workflow.name), workflow.graph)


_MAX_REVISIONS: Final = 4
"""The maximum number of revisions whose workflows stay in memory."""


def compare_with_earlier(earlier: WorkflowAnalysis | None, title: str, current: WorkflowAnalysis) -> VersionComparison:
    """Return the comparison with an earlier state, whose title is for people. Without one, the workflow is new."""
    folder = folder_of(current.path)
    old = () if earlier is None else (versioned_workflow(earlier, folder),)
    pairs = pair_workflows(old, (versioned_workflow(current, folder),), only_workflows=True)
    return VersionComparison(title, "the working tree", compare_workflows(pairs), DiffFailOn.NONE, __version__)


def change_lines(comparison: VersionComparison) -> Iterator[str]:
    """Yield a summary, and a line for each change with its effect on running instances."""
    yield summary_line(comparison)
    for change in comparison.changes:
        yield f"{change.title} ({change.impact.text})" if change.impact.text else change.title


class ProjectVersions:
    """Reads and analyzes revisions of a project, each once. May be used by several threads."""

    def __init__(self, paths: tuple[str, ...], environment: str | None, root: str | None) -> None:
        """Prepare the revisions of the workflows that `paths` select. `root` is the root of their repository."""
        self._paths = paths
        self._environment = environment
        self._root = root
        self.history = WorkflowHistory(root, environment)
        """The workflows in earlier commits, each read alone."""
        self._lock = threading.Lock()
        self._by_commit: dict[str, tuple[WorkflowAnalysis, ...]] = {}

    def base(self) -> Revision | None:
        """Return the merge base with the default branch, if the repository has both."""
        branch = None if self._root is None else default_branch(self._root)
        return None if self._root is None or branch is None else merge_base(self._root, branch, HEAD)

    def changes_since_base(self, workflow: LiveWorkflow) -> VersionComparison | None:
        """Return the changes since the merge base, if there is one."""
        base = self.base()
        if base is None:
            return None
        return compare_with_earlier(self.earlier(workflow, base), base.title, workflow.analysis)

    def earlier(self, workflow: LiveWorkflow, revision: Revision) -> WorkflowAnalysis | None:
        """Return a workflow in a revision, also from another module, or None if the revision lacks it."""
        earlier = self.history.at(workflow, revision)
        if earlier is not None:
            return earlier
        return next((each for each in self.workflows(revision) if each.name == workflow.name), None)

    def workflows(self, revision: Revision) -> tuple[WorkflowAnalysis, ...]:
        """Return the workflows of the project in a revision, or none if it cannot be read."""
        with self._lock:
            if revision.commit not in self._by_commit:
                self._by_commit[revision.commit] = self._analyze(revision)
                while len(self._by_commit) > _MAX_REVISIONS:
                    del self._by_commit[next(iter(self._by_commit))]
            return self._by_commit[revision.commit]

    def _analyze(self, revision: Revision) -> tuple[WorkflowAnalysis, ...]:
        try:
            with revision_folder(revision) as folder:
                sources = Sources(self._environment)
                for path in self._paths:
                    if (extracted := path_in_revision(folder, revision, path)) is not None:
                        sources.find(extracted)
                return analyze_graphs(sources, details=DetailLevel.COMPARISON).workflows
        except (InputError, InternalError):
            return ()


class WorkflowHistory:
    """Reads workflows in earlier commits of a repository. May be used by several threads."""

    def __init__(self, root: str | None, environment: str | None) -> None:
        """Prepare the history. `root` is the root of the repository, or None without one."""
        self._root = root
        self._environment = environment
        self._lock = threading.Lock()
        self._earlier: dict[_Key, WorkflowAnalysis | None] = {}
        self._head = ""
        self._commits: dict[ModuleInputs, list[tuple[Revision, int]]] = {}
        """The last commits of modules up to the commit `_head`."""

    def last(self, workflow: LiveWorkflow) -> list[tuple[WorkflowAnalysis | None, int]]:
        """Return the workflow in the last commits that changed a file of its analysis, newest first.

        Each has the time of its commit in seconds since 1970. Commits without the workflow, or with an unreadable one,
        have None.
        """
        with self._lock:
            commits = self._last_commits(workflow.inputs)
            earlier = self._read(workflow, [revision for revision, _ in commits])
            return list(zip(earlier, (seconds for _, seconds in commits), strict=True))

    def at(self, workflow: LiveWorkflow, revision: Revision) -> WorkflowAnalysis | None:
        """Return the workflow in a revision, or None if it cannot be read."""
        with self._lock:
            return self._read(workflow, [revision])[0]

    def _last_commits(self, inputs: ModuleInputs) -> list[tuple[Revision, int]]:
        if self._root is None:
            return []
        head = revision_of(self._root, HEAD)
        if head is None:
            return []
        if head.commit != self._head or len(self._commits) > _MAX_CACHED_WORKFLOWS:
            self._head, self._commits = head.commit, {}
        if inputs not in self._commits:
            self._commits[inputs] = self._find_commits(self._root, inputs)
        return self._commits[inputs]

    def _find_commits(self, root: str, inputs: ModuleInputs) -> list[tuple[Revision, int]]:
        names = inputs.files if len(inputs.files) <= _MAX_PATHS else inputs.folders
        paths = [name or "." for name in names if path_below(root, name) is not None]
        return last_commits(root, paths, MAX_COMMITS) if paths else []

    def _read(self, workflow: LiveWorkflow, revisions: Sequence[Revision]) -> list[WorkflowAnalysis | None]:
        """Return the workflow in each revision, from memory if it was read before."""
        inputs = workflow.inputs
        keys = [(inputs.configuration or inputs.path, workflow.name, revision.commit) for revision in revisions]
        missing = [(key, revision) for key, revision in zip(keys, revisions, strict=True) if key not in self._earlier]
        if missing and self._root is not None:
            read = _read_revisions(workflow, self._root, self._environment, [revision for _, revision in missing])
            self._earlier |= zip((key for key, _ in missing), read, strict=True)
        earlier = [self._earlier.get(key) for key in keys]
        while len(self._earlier) > _MAX_CACHED_WORKFLOWS:
            del self._earlier[next(iter(self._earlier))]
        return earlier


def _read_revisions(
    workflow: LiveWorkflow, root: str, environment: str | None, revisions: Sequence[Revision]
) -> list[WorkflowAnalysis | None]:
    """Return the workflow in each revision, or None for revisions without it."""
    read: list[WorkflowAnalysis | None] = []
    try:
        with _revision_reader(workflow, root, environment) as reader:
            for revision in revisions:
                read.append(reader.read(revision))
    except InputError:
        pass  # git fails, or the files exceed a limit
    return [*read, *[None] * (len(revisions) - len(read))]


@contextmanager
def _revision_reader(workflow: LiveWorkflow, root: str, environment: str | None) -> Iterator[_RevisionReader]:
    with switchable_folder(workflow.name, paths=_needed_paths(root, workflow.inputs)) as folder:
        yield _RevisionReader(workflow, root, environment, folder)


class _RevisionReader:
    """Analyzes a workflow in several revisions, one after another. Unchanged modules are not analyzed again."""

    def __init__(self, workflow: LiveWorkflow, root: str, environment: str | None, folder: RevisionFolder) -> None:
        self._workflow = workflow
        self._root = root
        self._environment = environment
        self._folder = folder
        self._incremental = IncrementalAnalysis(details=DetailLevel.COMPARISON)
        self._last: WorkflowAnalysis | None = None
        self._version: VersionGraph | None = None

    def read(self, revision: Revision) -> WorkflowAnalysis | None:
        """Return the workflow in a revision, or None if it cannot be analyzed. Raises InputError if git fails."""
        if self._folder.switch(revision):
            earlier = self._analyze()
            # Commits that do not change the version share it.
            if earlier is None or self._last is None or earlier.version_graph(dates=_NO_DATES) != self._version:
                self._last = earlier
                self._version = None if earlier is None else earlier.version_graph(dates=_NO_DATES)
        return self._last

    def _analyze(self) -> WorkflowAnalysis | None:
        sources = Sources(self._environment)
        inputs = self._workflow.inputs
        selections = [self._path_of(path) for path in (inputs.configuration, inputs.path) if path is not None]
        selection = next((path for path in selections if path is not None and Path(path).is_file()), None)
        if selection is None:
            return None
        sources.find(selection)
        sources.modules = [self._selected(module) for module in sources.modules]
        try:
            analysis = self._incremental.analyze(sources)
        except InternalError:
            return None
        named = (each for each in analysis.workflows if each.name == self._workflow.name)
        earlier = next(named, None)
        if earlier is None:
            return None
        # The project may have had another name, but the versions of a workflow have one identity.
        return dataclasses.replace(earlier, project=self._workflow.analysis.project)

    def _selected(self, module: Source) -> Source:
        """Return a module with the workflow alone, if a configuration names its workflows."""
        if module.workflows is None:
            return module
        named = tuple(configured for configured in module.workflows if configured.name == self._workflow.name)
        return replace(module, workflows=named)

    def _path_of(self, path: str) -> str | None:
        relative = path_below(self._root, path)
        return None if relative is None else f"{self._folder.path}/{relative}"


def _needed_paths(root: str, inputs: ModuleInputs) -> list[str]:
    """Return the files and directories that the analysis of a module may read, or nothing for the whole repository."""
    folders = [relative for folder in inputs.folders if (relative := path_below(root, folder)) is not None]
    if "." in folders:
        return []
    ancestors = {ancestor for folder in folders for ancestor in _ancestors(folder)}
    markers = [posixpath.join(folder, name) for folder in ancestors for name in _MARKERS]
    return sorted([*(f"{folder}/" for folder in dict.fromkeys(folders)), *markers])


def _ancestors(folder: str) -> Iterator[str]:
    while folder:
        folder = posixpath.dirname(folder)
        yield folder
