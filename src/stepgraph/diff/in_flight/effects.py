"""Effects of code changes on running instances, and the rules of the engine behind them.

To resume an instance, the engine runs the code from the start. A step with a saved result does not run again; the
engine returns the result. The engine finds the result by `ResultKey` and the number of previous steps with the same
key, as in `charge-1`.

Instances are assumed to be in flight only at the waits that `diff/step_types.py` defines. Retries also wait, but for
minutes rather than days.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from msgspec import Struct


class ResultKey(Struct, frozen=True):
    """The key of saved results. Steps with equal keys are counted in the order in which they start."""

    kind: str
    """The type of the step."""
    name: str
    """The name of the step."""
    duration: str
    """The duration of a sleep as canonical JSON, or an empty string for other steps."""


class Effect(IntEnum):
    """Effect of a change on instances in flight, from best to worst."""

    SAFE = 0
    """The engine uses all saved results as before."""
    OUT_OF_ORDER = 1
    """A step runs after the instance resumes, although steps that now follow it have already run."""
    BREAKING = 2
    """The engine loses saved results, uses them for other steps, or restarts or abandons a wait."""

    @property
    def label(self) -> str:
        """The name in reports, such as `out of order`."""
        return self.name.lower().replace("_", " ")


class Impact(Struct, frozen=True):
    """The effect of one change on instances in flight."""

    effect: Effect
    """The worst effect on any instance."""
    reason: str = ""
    """The reason for the effect as a clause, or an empty string for safe changes."""


SAFE: Final = Impact(Effect.SAFE)


def out_of_order(reason: str) -> Impact:
    """Return the impact of a step that runs after steps that it now precedes, with a reason."""
    return Impact(Effect.OUT_OF_ORDER, reason)


def breaking(reason: str) -> Impact:
    """Return the impact of lost or misused results or of an abandoned wait, with a reason."""
    return Impact(Effect.BREAKING, reason)


def count_shift(name: str, wait: str) -> Impact:
    """Return the impact of a different number of previous steps with the name, for instances at `wait`."""
    return breaking(f"steps named '{name}' are numbered differently for instances waiting at {wait}")


def worst(impacts: Iterable[Impact]) -> Impact:
    """Return the first impact with the worst effect, or a safe impact if there are no impacts."""
    result = SAFE
    for impact in impacts:
        if impact.effect > result.effect:
            result = impact
        if result.effect is Effect.BREAKING:
            break
    return result
