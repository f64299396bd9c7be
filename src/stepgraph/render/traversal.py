"""The parts of its graph that an instance traversed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct, field

from stepgraph.large_stack import run_with_large_stack
from stepgraph.model.walk import as_unknown, functions_of, is_step, node_lists, walk
from stepgraph.render.passing import Passing

if TYPE_CHECKING:
    from stepgraph.model.payload import Block, Branch, FunctionDef, If, Node, Switch, Try, Workflow
    from stepgraph.render.progress import PartStates

_REPEATED: Final = 2
"""The minimum number of passes after which the line back to the start of a loop was taken."""


ResumedExit: TypeAlias = Literal["raise", "return"]
"""An exception, or a jump out of a function."""


class Traversal(Struct, frozen=True):
    """The traversal of a part of a graph by an instance."""

    entered: bool = True
    """Whether the instance reached the part."""

    exited: bool = True
    """Whether the instance continued below the part."""


TRAVERSED: Final = Traversal()
"""The traversal of all parts in drawings without an instance."""

NOT_ENTERED: Final = Traversal(entered=False, exited=False)


class Traversals(Struct, frozen=True):
    """The traversals of nodes, branches and blocks by an instance, by the identity of the part as an object."""

    by_identity: Mapping[int, Traversal]
    implied: frozenset[int]
    """The choices whose conditions were all false, by identity as objects."""

    repeated: frozenset[int]
    """The loops with more than one pass, by identity as objects."""

    resumed: Mapping[int, ResumedExit]
    """The exits that continued after a `finally`, by the identity of the `try` as an object."""

    def of(self, part: Mapping[str, object]) -> Traversal:
        """Return the traversal of a node, branch or block."""
        return self.by_identity.get(id(part), NOT_ENTERED)


def traversals_of(states: PartStates, workflow: Workflow) -> Traversals:
    """Return the traversals of the parts of a workflow and of its functions."""
    # Nodes are followed as deeply as the graph is nested.
    return run_with_large_stack(lambda: _traced(states, workflow))


def _traced(states: PartStates, workflow: Workflow) -> Traversals:
    functions = functions_of(workflow)
    passing = Passing(states, functions)
    is_complete = states.instance.log.status == "complete"
    early_return = passing.early_return(workflow["nodes"]) if is_complete else None
    early_exits = set() if early_return is None else {id(early_return)}
    tracing = _Tracing(states, functions, passing, early_exits)
    tracing.trace(workflow["nodes"], is_left=is_complete)
    while tracing.pending:
        name = tracing.pending.pop()
        function, is_returned = tracing.functions[name], tracing.returned[name]
        is_entered = tracing.trace(function["nodes"], is_left=is_returned)
        tracing.traversals[id(function)] = Traversal(is_entered, is_returned)
    implied, repeated = frozenset(tracing.implied), frozenset(tracing.repeated)
    return Traversals(tracing.traversals, implied, repeated, tracing.resumed)


class _Tracing(Struct):
    """Follows lists of nodes backward, because a node was passed if any node below it was reached."""

    states: PartStates
    functions: Mapping[str, FunctionDef]
    passing: Passing
    early_exits: set[int]
    """The exits that the instance has certainly taken although no node state shows it, by the identity of the nodes."""

    traversals: dict[int, Traversal] = field(default_factory=dict)
    implied: set[int] = field(default_factory=set)
    repeated: set[int] = field(default_factory=set)
    resumed: dict[int, ResumedExit] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)
    """The functions whose bodies must be followed."""

    returned: dict[str, bool] = field(default_factory=dict)
    """Whether any call of each function so far was left."""

    def trace(self, nodes: Sequence[Node], *, is_left: bool) -> bool:
        """Follow a list of nodes after which the instance continued if `is_left`. Return whether it reached the list.

        Unless it can have passed the last nodes, it left the list by an exit.
        """
        is_left = is_left and self.passing.is_end_reached(nodes)
        runs_below = 0
        for node in reversed(nodes):
            is_taken = self.states.is_taken(node) or id(node) in self.early_exits
            is_entered = self._trace_inside(node, is_left=is_left, runs_below=runs_below) or is_left or is_taken
            self.traversals[id(node)] = Traversal(is_entered, is_left)
            is_left = is_entered
            if as_unknown(node) is None and is_step(node):
                runs_below = max(runs_below, self.passing.runs(node) or 0)
        return is_left

    def _trace_inside(self, node: Node, *, is_left: bool, runs_below: int) -> bool:
        """Follow the nodes inside a node. Return whether any of them was reached.

        `runs_below` is the number of runs of a step below the node, in the same list.
        """
        if as_unknown(node) or is_step(node):
            return self._trace_lists(node, is_left=is_left and self.states.is_taken(node))
        match node["type"]:
            case "if" | "switch":
                return self._trace_choice(node, is_left=is_left, runs_below=runs_below)
            case "try":
                return self._trace_try(node, is_left=is_left)
            case "loop":
                if is_left and (early_break := self.passing.early_break(node)) is not None:
                    self.early_exits.add(id(early_break))
                progress = self.states.of(node)
                is_repeated = progress is not None and progress.runs >= _REPEATED
                if is_repeated:
                    self.repeated.add(id(node))
                return self._trace_lists(node, is_left=is_repeated or (is_left and self.states.is_taken(node)))
            case "parallel":
                members = [
                    self.trace([member], is_left=is_left or self.states.state(member) == "done")
                    for member in node["nodes"]
                ]
                return any(members)
            case "function_call":
                return self._trace_call(node["name"], is_left=is_left)
            case _:
                return self._trace_lists(node, is_left=is_left)

    def _trace_lists(self, node: Node, *, is_left: bool) -> bool:
        entered = [self.trace(nodes, is_left=is_left) for nodes in node_lists(node)]
        return any(entered)

    def _trace_choice(self, node: If | Switch, *, is_left: bool, runs_below: int) -> bool:
        entered = [self._trace_branch(branch, is_left=is_left) for branch in node["branches"]]
        if is_left and (not any(entered) or self.passing.is_skipped(node, runs_below)):
            empty = [branch for branch in node["branches"] if not branch["nodes"]]
            if empty:
                self.traversals[id(empty[-1])] = TRAVERSED
            else:
                self.implied.add(id(node))
        return any(entered)

    def _trace_branch(self, branch: Branch, *, is_left: bool) -> bool:
        is_taken = self.states.is_taken(branch)
        is_entered = self.trace(branch["nodes"], is_left=is_left and is_taken) or is_taken
        self.traversals[id(branch)] = Traversal(is_entered, is_left and is_entered)
        return is_entered

    def _trace_try(self, node: Try, *, is_left: bool) -> bool:
        final, catch, body = node.get("finally_block"), node.get("catch_block"), node.get("try_block")
        is_resumed = final is not None and not is_left and self._is_passed(final)
        if final is not None:
            is_entered = self.trace(final["nodes"], is_left=is_left or is_resumed)
            self.traversals[id(final)] = Traversal(is_entered, is_left)
            is_left = is_entered
        is_caught = False
        if catch is not None:
            is_taken = self.states.is_taken(catch)
            is_caught = self.trace(catch["nodes"], is_left=is_left and is_taken) or is_taken
            if not catch["nodes"] and body is not None:
                is_caught = is_left and self._has_failures(body["nodes"])
            self.traversals[id(catch)] = Traversal(is_caught, is_left and is_caught and not is_resumed)
        is_failed = body is not None and self.states.state(body) == "failed"
        if is_resumed:
            is_raised = self.states.instance.log.status == "errored" or (is_failed and not is_caught)
            self.resumed[id(node)] = "raise" if is_raised else "return"
        if is_caught and (body is None or self.states.state(body) != "done"):
            is_left = False
        if body is None:
            return is_left or is_caught
        is_entered = self.trace(body["nodes"], is_left=is_left) or is_caught
        is_exited = is_left and not is_failed and self.passing.is_end_reached(body["nodes"])
        self.traversals[id(body)] = Traversal(is_entered, is_exited)
        return is_entered

    def _is_passed(self, final: Block) -> bool:
        """Return whether an ended instance completed a `finally`. If it did not pass the `try`, an exit led there."""
        return self.states.instance.log.status in {"complete", "errored"} and self.states.state(final) == "done"

    def _has_failures(self, nodes: Sequence[Node]) -> bool:
        """Return whether any run of a step failed, which an exception handler without nodes has caught."""
        runs = (
            run
            for node in walk(nodes)
            if (node_progress := self.states.of(node)) is not None
            for run in node_progress.entries
        )
        return any(run.state == "failed" for run in runs)

    def _trace_call(self, name: str, *, is_left: bool) -> bool:
        if name in self.functions and (name not in self.returned or (is_left and not self.returned[name])):
            self.returned[name] = is_left
            self.pending.append(name)
        return False
