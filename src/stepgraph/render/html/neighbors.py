"""The nodes directly before and after each node of a picture, as its lines show them.

Neighbors are in the same list of nodes. The first nodes of a list have the predecessors of the node around the list,
and the last nodes have its successors. In groups, the clocks determine the order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct, field

from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.walk import children, functions_of
from stepgraph.render.group_order import has_clocks, is_unawaited, member_order
from stepgraph.render.node_text import branch_after_jump
from stepgraph.render.svg.identities import BETWEEN

if TYPE_CHECKING:
    from stepgraph.model.payload import Node, Workflow

Neighbor: TypeAlias = tuple[str, str]
"""The identity of a node, and a remark such as `if it fails`, or an empty string."""

MAX_NEIGHBORS: Final = 20
CATCH: Final = 1
FINALLY: Final = 2
"""The parts of a `try` after its body."""

_BODIES: Final = frozenset({"step_do", "start", "function_def"})
AFTER_LOOP: Final = "after the loop"
_PARTS: Final = {CATCH: "if it fails", FINALLY: "in any case"}


class _List(Struct, frozen=True, eq=False):
    """A list of nodes, and the node around it."""

    nodes: Sequence[Node]
    owner: Node | None
    part: int
    in_group: bool
    """Whether the clocks of an enclosing `parallel` order the nodes."""
    below_owner: bool = False
    """Whether the nodes are drawn below their owner, which is the guard of a jump."""

    def order(self, details: Details) -> Sequence[tuple[int, ...]]:
        """Return the indexes of the nodes directly before each node."""
        if has_clocks(self.nodes, in_group=self.in_group):
            return member_order(self.nodes, details).before
        if self.owner is not None and self.owner["type"] == "parallel":
            return [()] * len(self.nodes)
        return [(index - 1,) if index else () for index in range(len(self.nodes))]


class Neighbors(Struct):
    """The direct neighbors of the nodes of a picture, by identity."""

    nodes: Mapping[str, Node]
    """The drawn nodes by identity."""
    _owners: dict[str, tuple[str, _List]] = field(default_factory=dict)
    """For each node, the identity of the node around its list, and the list."""
    _before: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _after: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _below: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The first nodes of the code below the guard of a jump."""
    _first: dict[tuple[str, int], list[str]] = field(default_factory=lambda: defaultdict(list))
    """The first nodes of each part of a node."""

    @classmethod
    def of(cls, workflow: Workflow, nodes: Mapping[str, Node], details: Details = NO_DETAILS) -> Neighbors:
        """Return the neighbors of the drawn nodes of a workflow."""
        lists = {id(node): (each, index) for each in _lists(workflow, details) for index, node in enumerate(each.nodes)}
        neighbors = cls(nodes)
        siblings: dict[tuple[str, int], dict[int, str]] = defaultdict(dict)
        for identity, node in nodes.items():
            if id(node) in lists:
                each, index = lists[id(node)]
                prefix = identity.rpartition(BETWEEN)[0]
                owner = _owner(prefix, each)
                siblings[owner, id(each)][index] = identity
                neighbors._owners[identity] = owner, each
        for identities in siblings.values():
            neighbors._connect(identities, details)
        return neighbors

    def before(self, identity: str) -> Sequence[Neighbor]:
        """Return the nodes directly before a node."""
        while not self._before[identity] and identity in self._owners:
            identity, each = self._owners[identity]
            if _is_try(each) and each.part in _PARTS:
                return [(identity, _PARTS[each.part])]
        return [(earlier, "") for earlier in self._before[identity][:MAX_NEIGHBORS]]

    def after(self, identity: str) -> Sequence[Neighbor]:
        """Return the nodes directly after a node. Nothing follows an exit, or work that no await completes."""
        if below := self._below[identity]:
            return [(first, "") for first in below[:MAX_NEIGHBORS]]
        remark = ""
        while not self._after[identity] and identity in self._owners:
            if self.nodes[identity]["type"] == "break" or is_unawaited(self.nodes[identity]):
                return ()
            identity, each = self._owners[identity]
            if _is_try(each) and each.part != FINALLY and (final := self._first[identity, FINALLY]):
                return [(first, "") for first in final]
            if each.owner is not None and each.owner["type"] == "loop":
                remark = AFTER_LOOP
        return [(later, remark) for later in self._after[identity][:MAX_NEIGHBORS]]

    def _connect(self, identities: Mapping[int, str], details: Details) -> None:
        """Connect the drawn nodes of a list, by index."""
        owner, each = self._owners[next(iter(identities.values()))]
        for index, before in enumerate(each.order(details)):
            if index not in identities:
                continue
            if not before:
                self._first[owner, each.part].append(identities[index])
                if each.below_owner and owner in self.nodes:
                    self._before[identities[index]].append(owner)
                    self._below[owner].append(identities[index])
            for earlier in before:
                if earlier in identities and each.nodes[earlier]["type"] != "break":
                    self._before[identities[index]].append(identities[earlier])
                    self._after[identities[earlier]].append(identities[index])


def _is_try(each: _List) -> bool:
    return each.owner is not None and each.owner["type"] == "try"


def _owner(prefix: str, each: _List) -> str:
    """Return the identity of the node around a list whose nodes have identities with this prefix."""
    has_parts = each.owner is not None and each.owner["type"] in {"if", "switch", "try"}
    return prefix.rpartition(".")[0] if has_parts else prefix


def _lists(workflow: Workflow, details: Details) -> Iterator[_List]:
    """Yield the lists of nodes of a workflow and its functions."""
    pending = [_List(workflow["nodes"], None, 0, in_group=False)]
    pending += [_List(function["nodes"], function, 0, in_group=False) for function in functions_of(workflow).values()]
    while pending:
        each = pending.pop()
        yield each
        for node in each.nodes:
            in_group = node["type"] == "parallel" or (each.in_group and node["type"] not in _BODIES)
            continuation = branch_after_jump(node, details)
            below = None if continuation is None else continuation["nodes"]
            pending += [_List(nodes, node, part, in_group, nodes is below) for part, nodes in _inner_lists(node)]


def _inner_lists(node: Node) -> Sequence[tuple[int, Sequence[Node]]]:
    """Return the lists of nodes directly inside a node, each with its part."""
    if node["type"] == "if" or node["type"] == "switch":
        return [(part, branch["nodes"]) for part, branch in enumerate(node["branches"])]
    if node["type"] == "try":
        blocks = node.get("try_block"), node.get("catch_block"), node.get("finally_block")
        return [(part, block["nodes"]) for part, block in enumerate(blocks) if block is not None]
    # The functions of a `start` are lists of their own.
    return [(0, node["nodes"] if node["type"] == "start" else children(node))]
