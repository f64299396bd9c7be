"""The workflows of a project in the merge base with the default branch and in other revisions, and their changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final

from stepgraph.analysis import DetailLevel, WorkflowAnalysis
from stepgraph.live.live_project import LiveWorkflow
from stepgraph.model.note import InputError, InternalError
from stepgraph.project.folders import folder_of
from stepgraph.project.git import HEAD, Revision, default_branch, merge_base
from stepgraph.project.revision_files import path_in_revision, revision_folder
from stepgraph.project.sources import Sources
from stepgraph.report.diff.comparison import (
    DiffFailOn,
    VersionComparison,
    compare_workflows,
    pair_workflows,
    summary_line,
    versioned_workflow,
)
from stepgraph.serve.workflow_history import WorkflowHistory
from stepgraph.source_analysis import analyze_graphs
from stepgraph.version import __version__

_MAX_CACHED: Final = 4
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
        """Return the merge base with the default branch, or None without a repository or a default branch."""
        branch = None if self._root is None else default_branch(self._root)
        return None if self._root is None or branch is None else merge_base(self._root, branch, HEAD)

    def changes_since_base(self, workflow: LiveWorkflow) -> VersionComparison | None:
        """Return the changes since the merge base, or None without a repository or a default branch."""
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
                while len(self._by_commit) > _MAX_CACHED:
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
