"""The instance in the section of its workflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.model.walk import STEP_TYPES
from stepgraph.render.html.instance.data import log_data
from stepgraph.render.html.instance.header import header
from stepgraph.render.html.instance.log_table import log_table
from stepgraph.render.html.instance.log_view import LogView, node_figures
from stepgraph.render.part_states import STATE_WORDS
from stepgraph.render.progress import Progress
from stepgraph.render.progress_text import count_text, step_facts
from stepgraph.render.step_types import FactRow

if TYPE_CHECKING:
    from stepgraph.model.payload import Node, Workflow


class InstancePart(Struct, frozen=True):
    """The parts of a section that show an instance."""

    progress: Progress
    log: LogView

    @classmethod
    def of(
        cls, identity: str, progress: Progress, workflow: Workflow, nodes: Mapping[str, Node], lines: Sequence[str]
    ) -> InstancePart:
        """Return the parts for the section with this identity, whose picture has these nodes and lines."""
        return cls(progress, LogView.of(identity, progress.instance, node_figures(workflow, nodes, lines)))

    def header(self) -> Iterator[str]:
        """Yield the lines of the header."""
        return header(self.log)

    def table(self) -> Iterator[str]:
        """Yield the lines of the log."""
        return log_table(self.log)

    def data(self) -> dict[str, object]:
        """Return the log as JSON data for the script."""
        return log_data(self.log)

    def facts(self, node: Node) -> Iterator[FactRow]:
        """Yield the state of a node for the details panel, unless the runs of a step show it."""
        node_progress = self.progress.of(node)
        if node_progress is None or node_progress.entries:
            return
        is_step = node_progress.kind in STEP_TYPES
        phrases = step_facts(self.progress, node).phrases if is_step else (count_text(self.progress, node),)
        state, remark = STATE_WORDS[node_progress.state], " · ".join(filter(None, phrases))
        yield ("State", state, remark) if remark else ("State", state)
