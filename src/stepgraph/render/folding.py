"""What of a graph is drawn folded: as one box that says how much is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct, field

from stepgraph.model.payload import BreakKind, FunctionDef, Node
from stepgraph.model.walk import as_unknown, children, walk
from stepgraph.phrases.durations import counted
from stepgraph.render.node_text import NO_STEPS

_EITHER: Final[frozenset[BreakKind]] = frozenset({"break", "return"})
_NEITHER: Final[frozenset[BreakKind]] = frozenset()


def exit_kinds(node: Node) -> frozenset[BreakKind]:
    """Return whether from within `node` a `break` may leave a loop around it, and a `return` the function it is in.

    A loop keeps its `break`s; functions, and steps with others nested in them, keep both.
    """
    found: set[BreakKind] = set()
    pending = [(node, _EITHER)]
    while pending:
        inner, free = pending.pop()
        if inner["type"] == "break" and inner["kind"] in free:
            found.add(inner["kind"])
        if free := free - _kept_by(inner):
            pending.extend((held, free) for held in _flow_of(inner))
    return frozenset(found)


def _kept_by(node: Node) -> frozenset[BreakKind]:
    if as_unknown(node):
        return _NEITHER
    if node["type"] == "loop":
        return frozenset({"break"})
    return _EITHER if node["type"] in {"step_do", "function_def"} else _NEITHER


def _flow_of(node: Node) -> Sequence[Node]:
    """Return the nodes that a run of `node` goes through: not those of functions beside them."""
    return node["nodes"] if node["type"] == "start" else children(node)


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
_EXITS: Final[tuple[BreakKind, ...]] = ("break", "return")


class Folding(Struct, frozen=True):
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
    """Return what is said in place of what is folded: `5 steps`, `1 step · 2 calls`.

    A call counts where it stands; the steps of the function that it calls are counted with the function.
    """
    inner = list(walk(nodes))
    steps = sum(node["type"].startswith("step_") for node in inner)
    calls = sum(node["type"] == "function_call" for node in inner)
    counts = (counted(number, noun) for number, noun in ((steps, "step"), (calls, "call")) if number)
    return " · ".join(counts) or NO_STEPS


class BodyTexts(Struct, frozen=True):
    """What is said in place of the bodies of functions, counted once each for thousands of calls."""

    functions: Mapping[str, FunctionDef]
    _texts: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """Return the text in place of the folded body of a function."""
        if name not in self._texts:
            self._texts[name] = folded_text(self.functions[name]["nodes"])
        return self._texts[name]


def folded_node_text(node: Node) -> str:
    """Return the like for all that `node` holds, and whether one may get out of it: `1 step · may return`."""
    ways_out = exit_kinds(node)
    exits = [f"may {kind}" for kind in _EXITS if kind in ways_out]
    return " · ".join([folded_text(children(node)), *exits])
