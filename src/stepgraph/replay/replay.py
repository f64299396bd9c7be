"""The effect of new code on an instance, with its reasons."""

from __future__ import annotations

from msgspec import Struct

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.parts import Path


class Replay(Struct, frozen=True):
    """The effect of new code on an instance. Names are those of the log, with counters."""

    effect: InstanceEffect
    reasons: tuple[str, ...] = ()
    """The reasons for the effect and for lesser ones, one sentence each, the worst first."""
    notes: tuple[str, ...] = ()
    """Remarks that do not change the effect, one sentence each."""
    at: Path | None = None
    """The path of the new node that the first reason is about, or None if there is none."""
    reruns: tuple[str, ...] = ()
    """Steps that run although their work has been done, possibly under another name."""
    added: tuple[str, ...] = ()
    """Other steps that run although steps that now follow them have already run."""
    reused: tuple[str, ...] = ()
    """Finished entries whose stored results the new code uses."""
    taken_up: tuple[str, ...] = ()
    """Entries that have not ended and that the new code continues."""
    restarted_waits: tuple[str, ...] = ()
    """Sleeps and waits that begin although the instance has passed their place."""
    orphans: tuple[str, ...] = ()
    """Entries that no call of the new code reads."""


class Decision(Struct, frozen=True):
    """A decision that may differ under the new code."""

    effect: InstanceEffect
    """The effect on the instance. Decisions with the effect `resumes` are only noted."""
    reason: str
    """One sentence."""
    element: int | None = None
    """The element of the new version that decides, if it is known."""
    path: Path | None = None
    """The path of the node with this element."""
