"""What a change may do to an instance that was started before it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from msgspec import Struct


class Effect(IntEnum):
    """How much a change does to instances in flight, the worst last."""

    SAFE = 0
    """They go on as if the code had always been so, or run to their end as before."""
    LATE = 1
    """Something runs when they resume, although what now comes after it has run before."""
    BREAKING = 2
    """Results that they have are not used, or are used for something else, or they no longer wait for what they did."""


class Meaning(Struct, frozen=True):
    """What a change means for instances in flight, and why if it is not safe."""

    effect: Effect
    reason: str = ""


SAFE: Final = Meaning(Effect.SAFE)


def late(reason: str) -> Meaning:
    """Return that something runs late, and why."""
    return Meaning(Effect.LATE, reason)


def breaking(reason: str) -> Meaning:
    """Return that results are lost, or used for something else, and why."""
    return Meaning(Effect.BREAKING, reason)


def shifted(name: str, wait: str) -> Meaning:
    """Return that a step of a name is counted otherwise than before, for those at a wait."""
    return breaking(f"the count of steps named '{name}' shifts for instances waiting at {wait}")


def worst(meanings: Iterable[Meaning]) -> Meaning:
    """Return the first of the worst, safe if there is none."""
    found = SAFE
    for meaning in meanings:
        if meaning.effect > found.effect:
            found = meaning
        if found.effect is Effect.BREAKING:
            break
    return found
