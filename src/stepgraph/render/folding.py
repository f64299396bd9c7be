"""What of a graph is drawn folded: as one box that says how much is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from stepgraph.model.payload import Node
from stepgraph.render.durations import counted
from stepgraph.render.nodes import node_lists, walk

FoldedKind: TypeAlias = Literal["loop", "parallel", "try", "if", "switch", "block", "function", "step"]
FOLDED_KINDS: Final[tuple[FoldedKind, ...]] = ("loop", "parallel", "try", "if", "switch", "block", "function", "step")

_KINDS: Final[dict[str, FoldedKind]] = {
    "loop": "loop",
    "parallel": "parallel",
    "try": "try",
    "if": "if",
    "switch": "switch",
    "block": "block",
    "function_call": "function",
    "function_def": "function",
    "step_do": "step",
}


@dataclass(frozen=True, slots=True)
class Folding:
    """Which nodes are drawn folded.

    `depth` is how many levels are drawn open: with 1, all that holds other nodes is folded; with None, nothing is for
    its level. `kinds` are folded wherever they stand; `function` is the body of a function where it is called, `step` a
    step with others nested in it.
    """

    depth: int | None = None
    kinds: tuple[FoldedKind, ...] = ()

    def folds(self, node: Node, level: int) -> bool:
        """Tell whether `node` is drawn folded, if it holds anything at all. The nodes of a workflow are at level 1."""
        if self.depth is not None and level >= self.depth:
            return True
        return _KINDS.get(node["type"]) in self.kinds


UNFOLDED: Final = Folding()


def folded_text(nodes: Sequence[Node]) -> str:
    """Return what is said in place of what is folded: `5 steps`, `1 step · may return`."""
    inner = list(walk(nodes))
    calls = sum(node["type"] == "function_call" for node in inner)
    phrases = [counted(sum(node["type"].startswith("step_") for node in inner), "step")]
    if calls:
        phrases.append(counted(calls, "call"))
    if any(node["type"] == "break" and node["kind"] == "return" for node in inner):
        phrases.append("may return")
    return " · ".join(phrases)


def below(node: Node) -> list[Node]:
    """Return the nodes that `node` holds, directly or in its branches or blocks; those of a call are elsewhere."""
    return [inner for nodes in node_lists(node) for inner in nodes]
