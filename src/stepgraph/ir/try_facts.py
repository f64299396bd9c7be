"""Facts about `try` statements."""

from __future__ import annotations

from msgspec import Struct

from stepgraph.ir.facts import Fact
from stepgraph.syntax.module import SourcePlace


class TryWithoutSteps(Fact, Struct, frozen=True):
    """A `try` whose body runs no steps in some call of its function, so its handlers catch errors of other code."""

    place: SourcePlace
