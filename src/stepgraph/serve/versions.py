"""The versions of a workflow, as in the Workflows API: the working tree and the last commits that changed the graph."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from msgspec import Struct

from stepgraph.analysis import WorkflowAnalysis, version_id, workflow_id
from stepgraph.live.live_project import LiveWorkflow
from stepgraph.model.payload import Version, VersionGraph
from stepgraph.project.git import HEAD, revision_of
from stepgraph.project.module_dates import DateLookup, ModuleDates, dates_of
from stepgraph.serve.workflow_history import WorkflowHistory

_MAX_CACHED: Final = 10_000
"""The maximum number of files whose dates stay in memory."""


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
