"""The thread that analyzes the project again after each change of its files."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from stepgraph.live.live_project import LiveProject
from stepgraph.phrases import system_reason
from stepgraph.project.change_watch import ChangeWatch, WatchError
from stepgraph.project.watched_files import FileChange

_MAX_GARBAGE: Final = 50_000
"""The number of new objects after which garbage is collected. An analysis of a small module creates a few thousand."""

_SCAN_SECONDS: Final = 2.0
"""The time between two comparisons of all files, where the system reports no events."""

_EMPTY_SECONDS: Final = 0.02
_MAX_EMPTY_WAITS: Final = 5
"""The waits for the content of an empty file."""


class ProjectFollower:
    """Analyzes a project, and again after each change."""

    def __init__(
        self,
        project: LiveProject,
        paths: Sequence[str],
        on_change: Callable[[], object],
        on_problem: Callable[[str], object],
    ) -> None:
        """Watch the files that `paths` select, before their first analysis, so that no change is missed."""
        self._project = project
        self._on_change = on_change
        self._on_problem = on_problem
        self._problems: frozenset[str] = frozenset()
        self._watch = ChangeWatch(paths)
        self._has_events = True

    def analyze(self) -> None:
        """Analyze the project until nothing changes during the analysis."""
        while True:
            self._watch.start()
            self._project.refresh()
            self._on_change()
            self._report_problems()
            _collect_garbage()
            if not self._watch.extend(self._project.sources, self._project.state.files):
                return

    def run(self) -> None:
        """Follow the changes as long as the process runs."""
        while True:
            try:
                if changes := self._watch.changes(has_events=self._wait()):
                    _wait_for_content(changes)
                    self.analyze()
            except WatchError as error:
                self._has_events = False
                self._on_problem(f"{error} Until then, files are compared every {_SCAN_SECONDS:.0f} seconds.")
            except OSError as error:  # a directory was removed during the scan
                self._on_problem(f"the files cannot be compared: {system_reason(error)}.")
                time.sleep(_SCAN_SECONDS)
            _collect_garbage()

    def _wait(self) -> bool:
        """Wait for a while, and return whether there may be changes."""
        if self._has_events:
            return self._watch.wait()
        time.sleep(_SCAN_SECONDS)
        return True

    def _report_problems(self) -> None:
        """Report the problems that the last analysis did not have."""
        problems = [str(problem) for problem in self._project.state.problems]
        for problem in problems:
            if problem not in self._problems:
                self._on_problem(problem)
        self._problems = frozenset(problems)


def _wait_for_content(changes: Sequence[FileChange]) -> None:
    """Wait while a changed file is empty: many editors empty a file before they write it."""
    for _ in range(_MAX_EMPTY_WAITS):
        if not any(_is_empty(change.path) for change in changes):
            return
        time.sleep(_EMPTY_SECONDS)


def _is_empty(path: str) -> bool:
    try:
        return Path(path).stat().st_size == 0
    except OSError:
        return False


def _collect_garbage() -> None:
    """Collect garbage if there may be much, because automatic collection is disabled in the process of the command."""
    if not gc.isenabled() and gc.get_count()[0] > _MAX_GARBAGE:
        gc.collect()
