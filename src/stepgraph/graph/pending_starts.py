"""The clock values at which tasks resolve if steps on paths without their awaits start at the same values or later.

An await can be on a path that leaves a loop or ends the run, while the other path starts steps with the task pending:

    task = asyncio.create_task(load())
    while True:
        if done():
            await task      # clock 2
            break
        await poll()        # starts at clock 2, the highest of the branches, so `load` resolves at 3
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from stepgraph.bit_sets import bits
from stepgraph.ir.await_groups import TaskId

if TYPE_CHECKING:
    from stepgraph.model.payload import Clocked


class PendingStarts(Struct):
    """The tasks that may be pending when the nodes of a function body start."""

    by_clock: dict[int, int] = field(default_factory=dict)
    """The pending tasks at the starts of each clock value, as bit sets of task ids."""

    def add(self, pending: int, clock: int) -> None:
        """Add the tasks that may be pending at a start."""
        if pending:
            self.by_clock[clock] = self.by_clock.get(clock, 0) | pending

    def delay_resolves(self, nodes: Mapping[TaskId, Clocked | None]) -> None:
        """Move the completion of each task that resolves behind the last start at which it may be pending."""
        examined = 0
        for clock in sorted(self.by_clock, reverse=True):
            last_pending = self.by_clock[clock] & ~examined
            examined |= last_pending
            for task_id in bits(last_pending):
                node = nodes.get(task_id)
                if node is not None and "resolves" in node:
                    node["resolves"] = max(node["resolves"], clock + 1)
