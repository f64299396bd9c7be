"""The result of matching the log of an instance with a graph, for assertions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepgraph.escaping.plain_text import log_line

if TYPE_CHECKING:
    from stepgraph.execution.instance import Instance


@dataclass(frozen=True, eq=False, repr=False)
class Acceptance:
    """Whether a graph accepts the log of an instance. It is true or false, and its `repr` states the reason."""

    instance: Instance
    """The instance on the graph."""

    @property
    def reason(self) -> str:
        """The first entry that does not fit, and the steps expected there. Empty if the graph accepts the log."""
        return log_line(self.instance.problem)

    def __bool__(self) -> bool:
        return self.instance.fits

    def __repr__(self) -> str:
        return f"<{self.reason or 'the log fits the graph'}>"
