"""Run a command again after each change of its inputs.

Only runs with --watch import this module.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

import click
from msgspec import Struct, field

from stepgraph.analysis import Analysis, DetailLevel
from stepgraph.cli.analysis import Cache, advice_on_workflow_name, check_with_details
from stepgraph.cli.console import (
    CommandError,
    ExitCode,
    ProgressLine,
    is_terminal,
    report_error,
    write_message,
    write_result,
)
from stepgraph.incremental import IncrementalAnalysis
from stepgraph.phrases import counted, missing_extra
from stepgraph.project.change_watch import ChangeWatch, WatchError, has_watchfiles
from stepgraph.project.sources import Sources
from stepgraph.project.watched_files import FileChange
from stepgraph.source_analysis import CheckResult, analyze_sources

_CLEAR_SCREEN: Final = "\x1b[2J\x1b[3J\x1b[H"
_MAX_UNCOLLECTED_RUNS: Final = 20
_SEPARATOR: Final = f"\n{'-' * 72}\n\n"


class _LastRun(Struct):
    """The inputs of the last run."""

    sources: Sources | None = None
    files: tuple[str, ...] = ()
    """The paths of all files that were read."""


class MemoryCache(Cache, frozen=True, kw_only=True):
    """Results of the last run in memory, in place of the cache of the user.

    Saving a file again and again would fill the cache of the user with results that are never used.
    """

    incremental: IncrementalAnalysis = field(default_factory=IncrementalAnalysis)
    last_run: _LastRun = field(default_factory=_LastRun)

    def analyze(
        self,
        sources: Sources,
        paths: Sequence[str],  # noqa: ARG002 - as in the base class
        details: DetailLevel = DetailLevel.DRAWING,  # noqa: ARG002 - as in the base class
    ) -> Analysis:
        """Return the analysis of sources with the details of drawings, without locations of nodes."""
        self.last_run.sources = sources
        with ProgressLine(len(sources.modules)) as progress:
            return self._recorded(self.incremental.analyze(sources, progress.show))

    def analyze_with_locations(self, sources: Sources, *, checked: bool) -> Analysis:
        """Return the analysis of sources with locations of nodes. Only parsed modules are reused."""
        self.last_run.sources = sources
        with ProgressLine(len(sources.modules)) as progress:
            parsed = self.incremental.parsed
            return self._recorded(analyze_sources(sources, progress.show, checked=checked, parsed=parsed))

    def check(
        self,
        sources: Sources,
        paths: Sequence[str],  # noqa: ARG002 - as in the base class
        *,
        with_details: bool = False,
    ) -> CheckResult:
        """Return the analysis of sources with the findings of all rules. Without details, it is incremental."""
        self.last_run.sources = sources
        if with_details:
            result = check_with_details(sources)
            return CheckResult(self._recorded(result.analysis), result.findings)
        with ProgressLine(len(sources.modules)) as progress:
            analysis, findings = self.incremental.check(sources, progress.show)
        return CheckResult(self._recorded(analysis), findings)

    def _recorded(self, analysis: Analysis) -> Analysis:
        self.last_run.files = analysis.files
        return analysis


class WatchedCommand(Struct, frozen=True):
    """A command that can run again."""

    run: Callable[[Cache], ExitCode]
    """Runs the command once, and writes its result."""
    paths: Sequence[str]
    output: str | None
    """The output file or directory, or None for standard output."""
    is_text: bool
    """Whether the output is plain text, so that a line may separate results."""
    quiet: bool
    """Whether no status is written to standard error."""


def watch(command: WatchedCommand) -> ExitCode:
    """Run a command, and again after each change, until Ctrl-C or until the reader of its output ends.

    Raises KeyboardInterrupt on Ctrl-C, UsageError like the first run, and CommandError if a path does not exist or if
    watching is not possible.
    """
    if not has_watchfiles():
        raise CommandError(ExitCode.ERROR, f"{missing_extra('--watch', 'watch')}.")
    for path in command.paths:
        if not os.path.exists(path):
            # Other tools select something by its name with `-w`.
            message = f"cannot watch {path}: file not found. {advice_on_workflow_name(path)}"
            raise CommandError(ExitCode.ERROR, message.rstrip())
    with _recorded_interrupts() as interrupts:
        try:
            return _Watch(command, interrupts).run()
        except WatchError as error:
            raise CommandError(ExitCode.ERROR, str(error)) from None


class _Watch:
    """The loop of runs."""

    def __init__(self, command: WatchedCommand, interrupts: list[int]) -> None:
        self._command = command
        self._interrupts = interrupts
        self._cache = MemoryCache(store=None)
        self._pipe = _OutputPipe()
        self._watch = ChangeWatch(command.paths, command.output)
        self._runs = 0
        self._uncollected_runs = 0

    def run(self) -> ExitCode:
        """Run the command until its output is closed."""
        changes: tuple[FileChange, ...] = ()
        while True:
            self._run_once(changes)
            changes = self._watch.extend(self._cache.last_run.sources, self._cache.last_run.files)
            while not changes:
                if self._pipe.is_closed():
                    return ExitCode.CLEAN
                has_events = self._watch.wait()
                if self._interrupts:
                    raise KeyboardInterrupt
                if not has_events:
                    self._collect_garbage()  # this can take as long as a run
                changes = self._watch.changes(has_events=has_events)

    def _run_once(self, changes: Sequence[FileChange]) -> None:
        started = time.perf_counter()
        self._watch.start()
        self._separate()
        try:
            self._command.run(self._cache)
        except click.UsageError as error:
            if self._runs == 0:
                raise
            report_error(error)
        except Exception as error:  # noqa: BLE001 - the next change may correct it
            report_error(error)
        self._runs += 1
        if not self._command.quiet:
            write_message(self._status(changes, time.perf_counter() - started))
        self._uncollected_runs += 1
        if self._uncollected_runs >= _MAX_UNCOLLECTED_RUNS:
            self._collect_garbage()

    def _collect_garbage(self) -> None:
        """Collect the garbage of runs, because automatic collection is disabled in the process of the command."""
        if self._uncollected_runs:
            gc.collect()
            self._uncollected_runs = 0

    def _separate(self) -> None:
        """Clear the screen or, in the second and later runs, write a separator."""
        if self._command.output is not None:
            return
        if is_terminal(sys.stdout):
            write_result(_CLEAR_SCREEN)
        elif self._runs and self._command.is_text:
            write_result(_SEPARATOR)

    def _status(self, changes: Sequence[FileChange], seconds: float) -> str:
        files = counted(self._watch.file_count, "file")
        watching = f"Watching {files}, press Ctrl-C to stop."
        return f"[{time.strftime('%H:%M:%S')}] {_cause(changes)}done in {_duration(seconds)}. {watching}"


@contextmanager
def _recorded_interrupts() -> Iterator[list[int]]:
    """Record each Ctrl-C, because Python discards a KeyboardInterrupt that it raises in a finalizer."""
    interrupts: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupts  # as in a shell's background job, which ignores Ctrl-C
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _cause(changes: Sequence[FileChange]) -> str:
    if not changes:
        return ""
    first, *more_changes = changes
    more = f" and {counted(len(more_changes), 'more change')}" if more_changes else ""
    return f"{first.path} {first.kind.value}{more}: "


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


class _OutputPipe:
    """Standard output, which may be a pipe whose reader ends."""

    def __init__(self) -> None:
        # After a failed write, standard output is the null device.
        self._descriptor: int | None = None
        with suppress(OSError, ValueError, AttributeError):
            self._descriptor = os.dup(sys.stdout.fileno())

    def is_closed(self) -> bool:
        """Return whether the reader of the output has closed it. Always False on Windows."""
        if self._descriptor is None or sys.platform == "win32":
            return False
        poll = select.poll()
        poll.register(self._descriptor, 0)
        return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))
