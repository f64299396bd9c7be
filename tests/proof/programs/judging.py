"""Analyze, execute and check generated programs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from stepgraph import WorkflowAnalysis
from tests.acceptance.acceptor import PathAcceptor
from tests.acceptance.term import SearchLimitExceeded
from tests.acceptance.trace import RunTrace, trace_of
from tests.proof.programs.analysing import analyze_program
from tests.proof.programs.executing import ProgramRun, run_program
from tests.proof.programs.modules import GeneratedProgram

SEEDS = 3


@dataclass(frozen=True)
class Rejection:
    """A run that the graph of its program rejects, and the reason."""

    program: GeneratedProgram
    seed: int
    failures: bool
    reason: str

    def __str__(self) -> str:
        failures = ", with failures" if self.failures else ""
        return f"{self.program!r}\n\nseed {self.seed}{failures}: {self.reason}"


@dataclass
class Tally:
    """Counts of programs, checked runs and results."""

    programs: int = 0
    traces: int = 0
    unchecked: Counter[str] = field(default_factory=Counter)
    """Number of unchecked runs by reason."""
    notes: Counter[str] = field(default_factory=Counter)
    rejections: list[Rejection] = field(default_factory=list)

    def add(self, program: GeneratedProgram, seeds: range = range(SEEDS)) -> list[Rejection]:
        """Check the runs of a program and return the rejected ones."""
        workflow = analyze_program(program)
        self.programs += 1
        self.notes.update({note.code for note in workflow.notes})
        rejections = list(self._rejections(program, workflow, seeds))
        self.rejections += rejections
        return rejections

    def _rejections(self, program: GeneratedProgram, workflow: WorkflowAnalysis, seeds: range) -> Iterator[Rejection]:
        acceptor = None if workflow.graph is None else PathAcceptor(workflow.graph)
        for seed in seeds:
            for failures in (False, True):
                if reason := reason_unchecked(workflow, failures=failures):
                    self.unchecked[reason] += 1
                    continue
                run = run_program(program, seed, failures=failures)
                try:
                    reason = _rejection(acceptor, trace_of(run.execution))
                except SearchLimitExceeded:
                    self.unchecked["the search limit is exceeded"] += 1
                    continue
                if reason and (outside := explain_rejection(program, run)):
                    self.unchecked[outside] += 1
                    continue
                self.traces += 1
                if reason:
                    yield Rejection(program, seed, failures, reason)


def reason_unchecked(workflow: WorkflowAnalysis, *, failures: bool) -> str:
    """Return why runs are not checked: the analysis reports behavior that the graph does not represent."""
    codes = {note.code for note in workflow.notes}
    if "limit-exceeded" in codes:
        return "the analysis exceeds a limit"
    if "dependency-runs-twice" in codes:
        return "a dependency runs twice"
    if failures and "dependency-after-failure" in codes:
        return "a dependency that failed may run again"
    return ""


def has_dependencies(program: GeneratedProgram) -> bool:
    """Return whether any step of a program has dependencies."""
    return any(re.search(r"depends=|def s\d+\(s\d", source) for source in program.sources.values())


def explain_rejection(program: GeneratedProgram, run: ProgramRun) -> str:
    """Return why a rejected run need not be a path, or an empty string.

    Cancelled steps continue in the background, and failures may be results that no `try` catches. A wait with
    FIRST_EXCEPTION also continues after a function raises. A retried step repeats its body but not the dependencies
    that already ran.
    """
    text = "".join(program.sources.values())
    if run.cancelled_steps:
        return "a cancelled step continues"
    if "FIRST_EXCEPTION" in text:
        return "the first exception ends a wait"
    failed = any(event.type == "fail" for event in run.execution.events)
    if failed and any(event.type == "retry" for event in run.execution.events) and has_dependencies(program):
        return "a retried step does not repeat its dependencies"
    if failed and any(word in text for word in ("return_exceptions", "allSettled", "asyncio.wait(")):
        return "a failure is a result that no `try` catches"
    return ""


def _rejection(acceptor: PathAcceptor | None, trace: RunTrace) -> str:
    if acceptor is None:
        return "steps ran without a graph" if trace.events else ""
    verdict = acceptor.accepts(trace)
    return "" if verdict else str(verdict)
