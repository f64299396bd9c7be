"""Folding of the parts that two versions share: runs of unchanged nodes, and unchanged nodes with contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final, cast

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.diff.tree import (
    FUNCTIONS,
    KEY,
    NODES,
    ROOT,
    Tree,
    TreeElement,
    calls_by_name,
    parts_by_number,
    read_tree,
)
from stepgraph.model.details import Detail, Details, Part
from stepgraph.model.payload import Node, Parallel
from stepgraph.model.walk import children, handlers_in
from stepgraph.phrases import counted
from stepgraph.render.folding import Folding, folded_text
from stepgraph.render.group_order import ClockSpan, clock_span, has_clocks, is_in_order, is_unawaited
from stepgraph.render.node_text import NO_STEPS
from stepgraph.render.view import Marks
from stepgraph.report.diff.marks import MarkedGraph

MAX_RUN: Final = 3
"""The maximum number of unchanged nodes in a row, or beside each other in a group, that are all drawn."""


def fold_unchanged(marked: MarkedGraph) -> MarkedGraph:
    """Return a marked graph with its unchanged parts folded. Marked nodes and exits are never folded.

    A `block` replaces a run of unchanged nodes, and in a group, a nested group does. The first and the last node of the
    run remain if they are next to a change. An unchanged node with contents is folded by itself. The lists of nodes in
    `marked.graph` are modified. Versions that are too large to compare are drawn in full.
    """
    if not marked.is_compared:
        return marked
    workflow = marked.graph["workflow"]
    tree, parts = read_tree(workflow), parts_by_number(workflow)
    folder = _RunFolder(tree, parts, _changed(tree, parts, marked.marks), marked.details)
    for element in tree.elements:
        folder.visit(element)
    details = Details([*marked.details.items, *folder.runs])
    return replace(marked, details=details, folding=Folding(nodes=frozenset(folder.folded)))


def _changed(tree: Tree, parts: Sequence[Part], marks: Marks) -> set[int]:
    """Return the numbers of elements with a mark on them, inside them, or in a called function."""
    calls = calls_by_name(tree)
    changed = {ROOT}
    pending = [number for number, part in enumerate(parts) if marks.of(part) is not None]
    while pending:
        number = pending.pop()
        while number not in changed:
            changed.add(number)
            element = tree[number]
            if element.slot == FUNCTIONS:
                pending += calls.pop(element.text(KEY), ())
            number = element.parent
    return changed


class _RunFolder(Struct):
    tree: Tree
    parts: Sequence[Part]
    changed: set[int]
    details: Details
    folded: set[int] = field(default_factory=set)
    """The identities of folded nodes and functions."""

    runs: list[tuple[Part, Detail]] = field(default_factory=list)
    """The nodes that replace runs, with their titles."""

    def visit(self, element: TreeElement) -> None:
        """Fold the unchanged nodes directly inside an element, unless the element is folded itself."""
        number = element.number
        if number not in self.changed:
            if element.slot == FUNCTIONS:
                self.folded.add(id(self.parts[number]))
            if element.slot in {NODES, FUNCTIONS} or element.parent not in self.changed:
                return
        inner = [child for child in element.children if self.tree[child].slot == NODES]
        if inner:
            nodes = cast("list[Node]", self.parts[number][NODES])
            nodes[:] = self._members(element, inner) if element.kind == "parallel" else self._sequence(element, inner)

    def _sequence(self, element: TreeElement, inner: Sequence[int]) -> list[Node]:
        """Return the nodes of a sequence, with a block in place of each long run."""
        nodes = [self._node(number) for number in inner]
        if has_clocks(nodes, in_group=self._is_in_group(element)) and not is_in_order(nodes):
            return [self._alone(number) for number in inner]
        result: list[Node] = []
        for (is_unchanged, _), group in groupby(inner, key=self._run_key):
            run = list(group)
            if not is_unchanged:
                result += map(self._node, run)
            elif len(run) <= MAX_RUN:
                result += map(self._alone, run)
            else:
                result += self._shortened(run)
        return result

    def _shortened(self, run: list[int]) -> list[Node]:
        """Return a long run as one block between its nodes next to changes."""
        before, after = self.tree.previous_sibling(run[0]), self.tree.next_sibling(run[-1])
        first = 1 if before in self.changed else 0
        last = len(run) - (1 if after in self.changed else 0)
        middle = [self._node(number) for number in run[first:last]]
        block = self._run({"type": "block", "nodes": middle}, middle)
        return [*map(self._alone, run[:first]), block, *map(self._alone, run[last:])]

    def _members(self, group: TreeElement, inner: Sequence[int]) -> list[Node]:
        """Return the members of a group, with one group in place of many members with equal clocks."""
        kind = cast("Parallel", self.parts[group.number])["kind"]
        by_span: dict[ClockSpan, list[int]] = {}
        for number in filter(self._is_unchanged, inner):
            span = clock_span(self._node(number))
            if span.starts is not None and span.resolves is not None and not is_unawaited(self._node(number)):
                by_span.setdefault(span, []).append(number)
        runs = {run[0]: run for run in by_span.values() if len(run) > MAX_RUN}
        replaced = {number for run in runs.values() for number in run}
        result: list[Node] = []
        for number in inner:
            if number in runs:
                members = [self._node(member) for member in runs[number]]
                result.append(self._run({"type": "parallel", "kind": kind, "nodes": members}, members))
            elif number not in replaced:
                result.append(self._alone(number))
        return result

    def _run(self, node: Node, nodes: Sequence[Node]) -> Node:
        """Record the node that replaces a run."""
        text = folded_text(nodes)
        count = counted(len(nodes), "node") if text == NO_STEPS else text
        self.folded.add(id(node))
        in_else = self.details.of(nodes[0]).in_else
        self.runs.append((cast("Mapping[str, object]", node), Detail(run=f"{count} unchanged", in_else=in_else)))
        return node

    def _alone(self, number: int) -> Node:
        """Return a node, folded if it is unchanged and has contents."""
        node = self._node(number)
        inside = children(node)
        if not self._is_unchanged(number) or not inside:
            return node
        if not self._has_frame(node):
            return self._run({"type": "block", "nodes": [node]}, [node]) if len(inside) > MAX_RUN else node
        self.folded.add(id(node))
        return node

    def _has_frame(self, node: Node) -> bool:
        """Return whether a node with contents has a frame.

        A choice between handlers, which shares the frame of its block, and an `if` whose branch always runs have none.
        """
        if handlers_in([node]) is not None:
            return False
        return node["type"] != "if" or not any(self.details.of(branch).is_certain for branch in node["branches"])

    def _node(self, number: int) -> Node:
        return cast("Node", self.parts[number])

    def _is_unchanged(self, number: int) -> bool:
        """Return whether a node may be folded. Exits are not, because they end the path that leads to them."""
        return number not in self.changed and self.tree[number].kind != "break"

    def _run_key(self, number: int) -> tuple[bool, bool]:
        """Return the common properties of the nodes of a run: whether they are unchanged, and whether in an `else`."""
        return self._is_unchanged(number), self.details.of(self.parts[number]).in_else

    def _is_in_group(self, element: TreeElement) -> bool:
        """Return whether the clocks of a group order the contents of an element."""
        number = element.number
        while number != ROOT and self.tree[number].kind not in {"function_def", "step_do", "start"}:
            if self.tree[number].kind == "parallel":
                return True
            number = self.tree[number].parent
        return False
