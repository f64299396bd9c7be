"""The clocks shown beside the members of groups, in drawings that do not show them as positions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct, field

from stepgraph.model.walk import as_unknown, children, is_clocked
from stepgraph.render.group_order import is_over_at_the_first, is_unawaited
from stepgraph.render.node_text import clock_text

if TYPE_CHECKING:
    from stepgraph.model.payload import Clocked, Node, Parallel


class MemberClocks(Struct):
    """The clocks of nodes, except in groups whose members all have the same clocks.

    Such clocks add nothing to the group, which already shows that its members run concurrently.
    """

    _entered: set[int] = field(default_factory=set)
    """The groups inside a group that was entered, by identity."""

    _hidden: set[int] = field(default_factory=set)
    """The nodes whose clocks are not shown, by identity."""

    def enter(self, group: Parallel) -> None:
        """Decide on the clocks of all work in a group. It must be entered before its nodes are drawn."""
        if id(group) in self._entered:
            return
        nodes = list(_nodes_in(group))
        self._entered.update(id(node) for node in nodes)
        clocked = [node for node in nodes if is_clocked(node)]
        spans = {clock_text(node) for node in clocked}
        outlasts = any(map(is_unawaited, clocked)) and not is_over_at_the_first(group)
        if len(spans) == 1 and not outlasts:
            self._hidden.update(id(node) for node in clocked)

    def text(self, node: Clocked) -> str:
        """Return the clocks of a node, such as `[1→2]`, or an empty string if they are not shown."""
        return "" if id(node) in self._hidden else clock_text(node)

    def append_to(self, text: str, node: Clocked) -> str:
        """Return `text` followed by the clocks of `node`, if they are shown."""
        clock = self.text(node)
        return f"{text} {clock}" if clock else text


def _nodes_in(group: Parallel) -> Iterator[Node]:
    """Yield the nodes of a group down to its work, excluding the contents of steps and functions."""
    pending: list[Node] = [*group["nodes"]]
    while pending:
        node = pending.pop()
        yield node
        if not (is_clocked(node) or as_unknown(node) or node["type"] in {"function_def", "start"}):
            pending.extend(children(node))
