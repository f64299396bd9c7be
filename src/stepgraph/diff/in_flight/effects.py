"""Effects of code changes on all instances that may be in flight, by the rules in `execution/engine_rules.py`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from stepgraph.execution.engine_rules import Effect


class Impact(Struct, frozen=True):
    """The effect of one change on instances in flight."""

    effect: Effect
    """The worst effect on any instance."""
    reason: str = ""
    """The reason for the effect as a clause, or an empty string for safe changes."""

    @property
    def text(self) -> str:
        """The effect with its reason, `breaking: REASON`, or an empty string for safe changes."""
        return "" if self.effect is Effect.SAFE else f"{self.effect.label}: {self.reason}"


SAFE: Final = Impact(Effect.SAFE)


def out_of_order(reason: str) -> Impact:
    """Return the impact of a step that runs after steps that it now precedes, with a reason."""
    return Impact(Effect.OUT_OF_ORDER, reason)


def breaking(reason: str) -> Impact:
    """Return the impact of lost or misused results or of an abandoned wait, with a reason."""
    return Impact(Effect.BREAKING, reason)


def count_shift(names: str, wait: str) -> Impact:
    """Return the impact of a different number of previous steps with the names in quotes, for instances at `wait`."""
    return breaking(f"steps named {names} are numbered differently for instances waiting at {wait}")


def early_exit(wait: str) -> Impact:
    """Return the impact of an added exit before a wait."""
    return breaking(f"instances waiting at {wait} may exit before it when they resume")


def worst(impacts: Iterable[Impact]) -> Impact:
    """Return the first impact with the worst effect, or a safe impact if there are no impacts."""
    result = SAFE
    for impact in impacts:
        if impact.effect > result.effect:
            result = impact
        if result.effect is Effect.BREAKING:
            break
    return result
