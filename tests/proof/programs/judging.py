"""Programs analysed, executed and judged: what is left out, and what is no path through its graph."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from stepgraph import WorkflowAnalysis
from tests.acceptance.judge import Judge
from tests.acceptance.term import TooHard
from tests.acceptance.trace import Trace, trace_of
from tests.proof.programs.analysing import analysed
from tests.proof.programs.executing import Run, executed
from tests.proof.programs.modules import Program

SEEDS = 3


@dataclass(frozen=True)
class Rejection:
    """A run of a program that its graph does not allow, and why."""

    program: Program
    seed: int
    failing: bool
    reason: str

    def __str__(self) -> str:
        failing = ", with failures" if self.failing else ""
        return f"{self.program!r}\n\nseed {self.seed}{failing}: {self.reason}"


@dataclass
class Tally:
    """How many programs were drawn, how many of their runs were judged, and what came of it."""

    programs: int = 0
    traces: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    """Runs that were not judged, by the reason."""
    notes: Counter[str] = field(default_factory=Counter)
    rejections: list[Rejection] = field(default_factory=list)

    def add(self, program: Program, seeds: range = range(SEEDS)) -> list[Rejection]:
        """Judge the runs of one more program. Returns those that are rejected."""
        workflow = analysed(program)
        self.programs += 1
        self.notes.update({note.code for note in workflow.notes})
        rejections = list(self._rejections(program, workflow, seeds))
        self.rejections += rejections
        return rejections

    def _rejections(self, program: Program, workflow: WorkflowAnalysis, seeds: range) -> Iterator[Rejection]:
        judge = None if workflow.graph is None else Judge(workflow.graph)
        for seed in seeds:
            for failing in (False, True):
                if reason := left_out(workflow, failing=failing):
                    self.left_out[reason] += 1
                    continue
                run = executed(program, seed, failing=failing)
                try:
                    reason = _objection(judge, trace_of(run.execution))
                except TooHard:
                    self.left_out["too hard to judge"] += 1
                    continue
                if reason and (outside := outside_the_law(program, run)):
                    self.left_out[outside] += 1
                    continue
                self.traces += 1
                if reason:
                    yield Rejection(program, seed, failing, reason)


def left_out(workflow: WorkflowAnalysis, *, failing: bool) -> str:
    """Return why runs are not judged: the law has exceptions, which are reported and not drawn."""
    codes = {note.code for note in workflow.notes}
    if "limit-exceeded" in codes:
        return "the analysis exceeds a limit"
    if "dependency-runs-twice" in codes:
        return "a dependency runs twice"
    if failing and "dependency-after-failure" in codes:
        return "a dependency that failed may run again"
    return ""


def needs_others(program: Program) -> bool:
    """Whether any step of a program needs others."""
    return any(re.search(r"depends=|def s\d+\(s\d", source) for source in program.sources.values())


def outside_the_law(program: Program, run: Run) -> str:
    """Say why a run that is rejected need not be a path: a step was cut short, or a failure was caught by no `try`.

    A wait for the first exception goes on when a function raises one of its own, too, and a step that is tried again
    runs its body again, but not what has run as a dependency there.
    """
    text = "".join(program.sources.values())
    if run.cut_short:
        return "a step that was cut short goes on"
    if "FIRST_EXCEPTION" in text:
        return "the first exception ends a wait"
    failed = any(event.what == "fail" for event in run.execution.events)
    if failed and any(event.what == "retry" for event in run.execution.events) and needs_others(program):
        return "a step that is tried again finds what its body needs done"
    if failed and any(word in text for word in ("return_exceptions", "allSettled", "asyncio.wait(")):
        return "a failure is a result, which no `try` catches"
    return ""


def _objection(judge: Judge | None, trace: Trace) -> str:
    if judge is None:
        return "steps ran, and there is no graph" if trace.events else ""
    verdict = judge.accepts(trace)
    return "" if verdict else str(verdict)
