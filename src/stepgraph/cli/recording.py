"""The recording of a run, so that the next run with unchanged inputs repeats its output."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.cache.private_files import is_cache_off, user_cache_folder
from stepgraph.cache.recorded_run import RecordedRun, run_key, store_run
from stepgraph.cli import console
from stepgraph.cli.console import ExitCode, WrittenOutput

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis
    from stepgraph.project.sources import Sources


MAX_REFERENCES: Final = 1_000
"""The maximum number of files with branches and tags that the comparison of revisions may depend on."""


class RunInputs(Struct, frozen=True):
    """The inputs of a command."""

    paths: Sequence[str]
    sources: Sources
    analysis: Analysis
    other_files: Sequence[str] = ()
    """Other files that decide about the output, such as a baseline."""


_inputs: RunInputs | None = None
"""The inputs of this run, or None while the run must not be recorded."""


def record_inputs(paths: Sequence[str], sources: Sources, analysis: Analysis, other_files: Iterable[str]) -> None:
    """Record the output of this run, which depends on these inputs and on the command line only."""
    global _inputs  # noqa: PLW0603 - a process runs one command
    _inputs = RunInputs(paths, sources, analysis, tuple(other_files))


def record_revisions(paths: Iterable[str], revisions: Iterable[str]) -> None:
    """Record the output of this run, which depends on revisions and on the command line only.

    `paths` are arguments that are looked up as paths, too. `revisions` are the names that may depend on the time. With
    many branches and tags, looking at all of them would take longer than the comparison.
    """
    from stepgraph.analysis import empty_analysis
    from stepgraph.project.git import depends_on_time, reference_files
    from stepgraph.project.sources import Sources

    if any(map(depends_on_time, revisions)):
        return
    references = tuple(islice(reference_files(), MAX_REFERENCES + 1))
    if len(references) <= MAX_REFERENCES and not is_cache_off():
        sources = Sources()
        record_inputs((".",), sources, empty_analysis(sources), (*references, *paths))


def forget_inputs() -> None:
    """Do not record this run."""
    global _inputs  # noqa: PLW0603 - as above
    _inputs = None


class RunRecorder:
    """Records the output of the command of this process."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """Start to record. Raises OSError without a working directory."""
        self._time, self._monotonic, self._folder = time.time_ns(), time.monotonic_ns(), os.getcwd()
        self._key = run_key(arguments)
        self.written = console.written = WrittenOutput()
        """The output so far."""
        forget_inputs()

    def store(self, code: int) -> None:
        """Store the run if its inputs are recorded and have not changed shortly before it.

        A run with a closed stream is not stored, because its output to the stream is unknown.
        """
        is_complete = sys.stdout is not None and sys.stderr is not None
        if _inputs is None or not is_complete or code not in (ExitCode.CLEAN, ExitCode.FINDINGS):
            return
        # Imported here because only runs that analyze something are recorded.
        from stepgraph.cache.footprint import RunStart, footprint_of

        inputs, start = _inputs, RunStart(self._time, self._monotonic, self._folder)
        footprint = footprint_of(inputs.paths, inputs.sources, inputs.analysis, inputs.other_files, start)
        if footprint is not None:
            run = RecordedRun(code, tuple(self.written.parts), footprint)
            store_run(user_cache_folder(), self._key, run)
