"""The regions of a graph, as a tree: nodes, branches, blocks and functions. Those that an instance may still run.

A region has the path by which reports name it: `nodes[0]` for an `if`, `nodes[0].branches[1]` for its second branch,
`nodes[2].try_block` for the body of a `try`, and `functions["pack"]` for a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal, TypeAlias

from msgspec import Struct, field

from stepgraph.execution.parts import Path
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.payload import FunctionDef, Node, Workflow
from stepgraph.model.vocabulary import NodeType
from stepgraph.model.walk import STEP_TYPES, BlockKind, as_unknown, blocks_in, is_clocked, is_leaf_step, is_step

RegionKind: TypeAlias = Literal[NodeType, BlockKind, "unknown", "function", "workflow"]
"""The type of a node, or the kind of a region that is not a node. The blocks of a `try` have kinds of their own."""


class Region(Struct, eq=False):
    """A part of a graph that runs as a whole."""

    path: Path
    kind: RegionKind
    parent: Region | None = None
    """The region around it, or None for the workflow and for functions."""
    node: Node | None = None
    """The node, or None for a branch, a block of a `try` and the workflow."""
    nodes: Sequence[Node] = ()
    """The nodes directly inside it. An `if`, `switch` or `try` has branches or blocks inside."""
    index: int = 0
    """The position among the children of the parent."""
    children: list[Region] = field(default_factory=list)
    is_settled: bool = False
    """Whether an error that leaves it is a result for the code that awaits it."""

    @property
    def is_step(self) -> bool:
        """Whether it is a step."""
        return self.kind in STEP_TYPES

    @property
    def is_unawaited(self) -> bool:
        """Whether it is a step or call that starts work that nothing awaits."""
        node = self.node
        return node is not None and is_clocked(node) and "starts" in node and "resolves" not in node

    @property
    def step_name(self) -> str:
        """The name of a step, or the name or type of a node of an unknown type, or an empty string."""
        if self.node is None:
            return ""
        if unknown := as_unknown(self.node):
            return unknown.get("name") or unknown["type"]
        return self.node["name"] if is_step(self.node) else ""

    @property
    def is_choice(self) -> bool:
        """Whether a run of the region runs at most one of its children."""
        return self.kind in {"if", "switch"}

    def enclosing(self) -> Iterator[Region]:
        """Yield the regions around it, innermost first. The last one is the workflow or a function."""
        region = self.parent
        while region is not None:
            yield region
            region = region.parent

    def grow(self) -> Iterator[Region]:
        """Add the children, and yield them and the functions of the region."""
        prefix = f"{self.path}." if self.path else ""
        node = self.node
        if node is not None:
            for path, kind, block in blocks_in(node):
                yield self._add(f"{prefix}{path}", kind, nodes=block["nodes"])
        for number, inner in enumerate(self.nodes):
            yield self._add(f"{prefix}nodes[{number}]", _kind(inner), inner, _nodes_in(inner))
        if node is not None and node["type"] == "start":
            yield from _functions(prefix, node["functions"])

    def _add(self, path: Path, kind: RegionKind, node: Node | None = None, nodes: Sequence[Node] = ()) -> Region:
        child = Region(path, kind, self, node, nodes, len(self.children))
        self.children.append(child)
        return child


def regions_of(workflow: Workflow, details: Details = NO_DETAILS) -> dict[Path, Region]:
    """Return the regions of a workflow and its functions by path, in source order: each before those inside it.

    The workflow itself has an empty path. `details` tell which errors are results.
    """
    regions: dict[Path, Region] = {}
    root = Region("", "workflow", nodes=workflow["nodes"])
    pending = [*reversed(list(_functions("", workflow["functions"]))), root]
    while pending:
        region = pending.pop()
        regions[region.path] = region
        region.is_settled = region.node is not None and details.of(region.node).is_settled
        pending += reversed(list(region.grow()))
    return regions


def _functions(prefix: str, functions: Mapping[str, FunctionDef]) -> Iterator[Region]:
    for name, body in functions.items():
        yield Region(f'{prefix}functions["{name}"]', "function", node=body, nodes=body["nodes"])


def _kind(node: Node) -> RegionKind:
    return "unknown" if as_unknown(node) else node["type"]


def _nodes_in(node: Node) -> Sequence[Node]:
    if unknown := as_unknown(node):
        return unknown["nodes"]
    if is_leaf_step(node):
        return ()
    match node["type"]:
        case "step_do" | "loop" | "parallel" | "block" | "function_def" | "start":
            return node["nodes"]
        case _:
            return ()


class Reach(Struct):
    """Determines whether a region without runs is within reach."""

    entered: AbstractSet[Path]
    """The regions in which steps have certainly begun."""
    with_steps: AbstractSet[Path]
    """The regions with steps, including steps in functions that they call."""
    with_unawaited: AbstractSet[Path]
    """The regions with work that nothing awaits, including work in functions that they call."""
    open: set[Path] = field(default_factory=set)
    """The regions with steps that can still begin, including steps in functions that they may still call."""
    _first_entered: dict[Path, int] = field(default_factory=dict)
    """The index of the first child in which steps have begun, by the path of the parent."""
    _last_entered: dict[Path, int] = field(default_factory=dict)
    """The index of the last child in which steps have begun, by the path of the parent."""

    @classmethod
    def of(cls, regions: Mapping[Path, Region], entered: AbstractSet[Path], reachable: Iterable[Path]) -> Reach:
        """Return the regions within reach if the steps with the paths `reachable` can still begin."""
        callers = _callers(regions)
        reach = cls(
            entered,
            _enclosing((region for region in regions.values() if region.is_step), callers),
            _enclosing((region for region in regions.values() if region.is_unawaited), callers),
        )
        for region in (regions[path] for path in entered):
            if region.parent is not None:
                parent, index = region.parent.path, region.index
                reach._first_entered[parent] = min(index, reach._first_entered.get(parent, index))
                reach._last_entered[parent] = max(index, reach._last_entered.get(parent, index))
        open_steps = (regions[path] for path in reachable if path in regions)
        reach.open.update(_enclosing(open_steps, callers, lambda call: not reach.is_passed(call)))
        return reach

    def __contains__(self, region: Region) -> bool:
        """Return whether a region is within reach. A region without steps is within reach if its parent is."""
        while region.path not in self.with_steps and region.parent is not None:
            if self.is_passed(region):
                return False
            region = region.parent
        return region.path in self.open

    def is_passed(self, region: Region) -> bool:
        """Return whether the instance is certainly past a region, and no pass of a loop or call can return to it.

        Work in a group may continue after the group, if nothing awaits it or if another member has failed.
        """
        if region.path in self.with_unawaited:
            return False
        is_passed = False
        for each in (region, *region.enclosing()):
            parent = each.parent
            if parent is None:
                return is_passed and each.kind == "workflow"
            if parent.kind == "parallel":
                return False
            is_passed = is_passed or self._is_before_last(each, parent)
            if parent.kind in {"loop", "step_do"}:  # which may run its nodes again
                is_passed = False
        return is_passed

    def follows_entered(self, region: Region) -> bool:
        """Return whether steps have begun in a sibling before a region."""
        first = None if region.parent is None else self._first_entered.get(region.parent.path)
        return first is not None and first < region.index

    def _is_before_last(self, region: Region, parent: Region) -> bool:
        """Return whether a child of a region cannot run after the children in which steps have begun."""
        last = self._last_entered.get(parent.path)
        if last is None:
            return False
        return region.path not in self.entered if parent.is_choice else last > region.index


def _callers(regions: Mapping[Path, Region]) -> dict[str, list[Region]]:
    """Return the calls of each function, by name."""
    callers: dict[str, list[Region]] = {}
    for region in regions.values():
        if region.node is not None and region.node["type"] == "function_call":
            callers.setdefault(region.node["name"], []).append(region)
    return callers


def _enclosing(
    regions: Iterable[Region],
    callers: Mapping[str, list[Region]],
    is_included: Callable[[Region], bool] = lambda _: True,
) -> set[Path]:
    """Return the paths of regions, of their enclosing regions, and of the included calls that lead to these."""
    paths: set[Path] = set()
    pending = list(regions)
    while pending:
        region: Region | None = pending.pop()
        while region is not None and region.path not in paths:
            paths.add(region.path)
            if region.node is not None and region.node["type"] == "function_def":
                pending += filter(is_included, callers.get(region.node["name"], ()))
            region = region.parent
    return paths
