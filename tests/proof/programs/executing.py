"""Execute generated programs with seeded inputs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from tests.execution.promises import Promise
from tests.execution.runner import Execution, execute
from tests.execution.virtual_clock import VirtualClock
from tests.proof.programs.modules import GeneratedProgram
from tests.proof.programs.world import answers, fails, payload, takes, world

MAX_STEPS = 200
FAILING_SHARE = 0.1
"""The share of steps that fail in runs with failures."""


@dataclass
class CancellationRecord:
    """Records whether a run cancels running steps."""

    run_ended: bool = False
    any_cancelled: bool = False
    """Whether a step was cancelled before the end of the run, by a timeout or in a failed group."""


@dataclass(frozen=True)
class ProgramRun:
    """A run of a program, and whether it cancelled running steps."""

    execution: Execution
    cancelled_steps: bool


def run_program(program: GeneratedProgram, seed: int, *, failures: bool) -> ProgramRun:
    """Run workflow `W` with inputs of a seed."""
    share = FAILING_SHARE if failures else 0
    with _recording_cancellation() as record:
        execution = execute(
            {**program.sources, "world": world(seed)},
            "W",
            mode=program.mode,
            payload=payload(seed),
            fails=fails(seed, share),
            takes=takes(seed),
            answers=answers(seed, share),
            step_limit=MAX_STEPS,
        )
    return ProgramRun(execution, record.any_cancelled)


@contextmanager
def _recording_cancellation() -> Iterator[CancellationRecord]:
    """Record whether the promise of a running step is cancelled, in which case the step itself continues."""
    record = CancellationRecord()
    cancel, cancel_all = Promise.cancel, VirtualClock.cancel_all

    def record_cancel(promise: Promise, msg: str | None = None) -> bool:
        if not (record.run_ended or promise.done()):
            record.any_cancelled = True
        return cancel(promise, msg)

    def record_end(clock: VirtualClock) -> None:
        record.run_ended = True
        cancel_all(clock)

    with patch.object(Promise, "cancel", record_cancel), patch.object(VirtualClock, "cancel_all", record_end):
        yield record
