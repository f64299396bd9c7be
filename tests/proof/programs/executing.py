"""Runs of a program, each in a world of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from tests.execution.promises import Promise
from tests.execution.running import Execution, execute
from tests.execution.virtual_clock import VirtualClock
from tests.proof.programs.modules import Program
from tests.proof.programs.world import answers, fails, payload, takes, world

MOST_STEPS = 200
FAILING = 0.1
"""The share of steps that fail, where some do."""


@dataclass
class Cuts:
    """Whether the run is over, and whether a step was cut short before: by a timeout, or in a group that failed."""

    over: bool = False
    any: bool = False


@dataclass(frozen=True)
class Run:
    """A run of a program, and whether it left steps behind that were cut short."""

    execution: Execution
    cut_short: bool


def executed(program: Program, seed: int, *, failing: bool) -> Run:
    """Run the workflow `W` in the world of a seed."""
    share = FAILING if failing else 0
    with _noticing() as cuts:
        execution = execute(
            {**program.sources, "world": world(seed)},
            "W",
            mode=program.mode,
            payload=payload(seed),
            fails=fails(seed, share),
            takes=takes(seed),
            answers=answers(seed, share),
            step_limit=MOST_STEPS,
        )
    return Run(execution, cuts.any)


@contextmanager
def _noticing() -> Iterator[Cuts]:
    """Notice that a step is no longer waited for: the engine's promise of it is cancelled, and it goes on."""
    cuts = Cuts()
    cancel, cut_off = Promise.cancel, VirtualClock.cut_off

    def noticed(promise: Promise, msg: str | None = None) -> bool:
        cuts.any = cuts.any or not (cuts.over or promise.done())
        return cancel(promise, msg)

    def ended(clock: VirtualClock) -> None:
        cuts.over = True
        cut_off(clock)

    with patch.object(Promise, "cancel", noticed), patch.object(VirtualClock, "cut_off", ended):
        yield cuts
