"""A decision of an instance that may differ under new code."""

from __future__ import annotations

from msgspec import Struct

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.parts import Path


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
