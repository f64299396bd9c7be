"""Whether an instance can have passed nodes of its graph, or left them by an exit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeGuard

from msgspec import Struct, field

from stepgraph.model.walk import as_unknown, children, is_step, node_lists, walk

if TYPE_CHECKING:
    from stepgraph.model.payload import Break, FunctionDef, If, Loop, Node, Switch
    from stepgraph.render.progress import PartStates

_Exit: TypeAlias = Literal[0, 1, 2]
_NONE: Final = 0
_BREAK: Final = 1
_RETURN: Final = 2


def _is_exit(node: Node) -> TypeGuard[Break]:
    return as_unknown(node) is None and node["type"] == "break"


class Passing(Struct):
    """Determines which nodes can be passed without a step, and which nodes the instance left through an exit."""

    states: PartStates
    functions: Mapping[str, FunctionDef]
    _passable: dict[int, bool] = field(default_factory=dict)
    _exits: dict[int, _Exit] = field(default_factory=dict)

    def is_end_reached(self, nodes: Sequence[Node]) -> bool:
        """Return whether an instance that is past a list of nodes can have reached its end."""
        for node in reversed(nodes):
            if node["type"] == "break":
                return False
            if self.states.is_taken(node):
                return self._taken_exit(node) == _NONE
            if not self._is_passable(node):
                return False
        return True

    def early_return(self, nodes: Sequence[Node]) -> Break | None:
        """Return the `return` of a list of nodes that an instance must have taken, because it did not reach the end.

        Return None if it reached the end, or if there are several possibilities.
        """
        if self.is_end_reached(nodes):
            return None
        last = max((index for index, node in enumerate(nodes) if self.states.is_taken(node)), default=-1)
        exits: list[Break] = []
        for node in nodes[last + 1 :]:
            exits += [each for each in walk([node]) if each["type"] == "break" and each["kind"] == "return"]
            if not self._is_passable(node):
                break
        return exits[0] if len(exits) == 1 else None

    def early_break(self, loop: Loop) -> Break | None:
        """Return the `break` that a loop took, because a step below it ran in fewer passes than the step above it.

        Return None if no pass was left early, or if there are several possibilities.
        """
        if self.states.state(loop) != "done":
            return None
        above, runs = -1, 0
        for index, node in enumerate(loop["nodes"]):
            if as_unknown(node) or not is_step(node):
                continue
            runs_here = self.runs(node)
            if runs_here is not None and 0 < runs_here < runs:
                exits = [each for each in walk(loop["nodes"][above + 1 : index]) if _is_exit(each)]
                return exits[0] if len(exits) == 1 and exits[0]["kind"] == "break" else None
            above, runs = index, runs_here or 0
        return None

    def is_skipped(self, choice: If | Switch, runs_below: int) -> bool:
        """Return whether no branch of a choice was taken before some of the runs of a step below it."""
        runs = [self._runs_through(branch["nodes"]) for branch in choice["branches"] if branch["nodes"]]
        return runs_below > sum(each or 0 for each in runs) and None not in runs

    def _runs_through(self, nodes: Sequence[Node]) -> int | None:
        """Return the number of times that an instance reached the end of a branch, or None if it is unknown."""
        if any(node["type"] == "break" for node in nodes):
            return 0
        steps = [self.runs(node) for node in nodes if as_unknown(node) is None and is_step(node)]
        return None if None in steps else max((runs for runs in steps if runs is not None), default=None)

    def runs(self, step: Node) -> int | None:
        """Return the number of runs of a step, or None if the log does not show it."""
        progress = self.states.of(step)
        if progress is None:
            return 0
        return None if progress.is_uncertain or progress.possible_runs else progress.runs

    def _is_passable(self, node: Node) -> bool:
        """Return whether control can pass a node without a step and without an exit."""
        if id(node) not in self._passable:
            self._passable[id(node)] = False  # for calls of functions that call themselves
            self._passable[id(node)] = self._passes(node)
        return self._passable[id(node)]

    def _passes(self, node: Node) -> bool:
        if as_unknown(node) is None and is_step(node):
            return False
        match node["type"]:
            case "break":
                return False
            case "if" | "switch":
                conditions = [branch["condition"] for branch in node["branches"]]
                return None not in conditions or any(self._are_passable(branch["nodes"]) for branch in node["branches"])
            case "loop":
                return True
            case "function_call":
                function = self.functions.get(node["name"])
                return function is None or self._are_passable(function["nodes"])
            case "try":
                blocks = (node.get("try_block"), node.get("finally_block"))
                return all(self._are_passable(block["nodes"]) for block in blocks if block is not None)
            case _:
                return all(self._are_passable(nodes) for nodes in node_lists(node))

    def _are_passable(self, nodes: Sequence[Node]) -> bool:
        return all(map(self._is_passable, nodes))

    def _taken_exit(self, node: Node) -> _Exit:
        """Return the farthest exit out of a node that the instance took."""
        if id(node) not in self._exits:
            self._exits[id(node)] = self._farthest_exit(node)
        return self._exits[id(node)]

    def _farthest_exit(self, node: Node) -> _Exit:
        if as_unknown(node) is None and node["type"] == "break":
            if not self.states.is_taken(node):
                return _NONE
            return _RETURN if node["kind"] == "return" else _BREAK
        if as_unknown(node) is None and (is_step(node) or node["type"] == "start"):
            return _NONE
        farthest: _Exit = max(map(self._taken_exit, children(node)), default=_NONE)
        return _NONE if node["type"] == "loop" and farthest == _BREAK else farthest
