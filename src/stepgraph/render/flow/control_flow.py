"""The control flow of a workflow through its functions, as nodes and labeled edges.

Each execution is a walk from `start` to `end`, or to `failure` if it fails. A node with contents has a second flow node
for its end, and every path that completes the node leads through this end. A `block` or `start` is a sequence and has
no node.

When a step begins, control has passed all nodes of some walk to it, and the steps on that walk are over, except for the
steps that contain it. A walk contains the steps of only one member of a concurrent group.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.large_stack import run_with_large_stack
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.walk import as_unknown, functions_of, is_leaf_step, is_step, walk_workflow
from stepgraph.render.group_order import has_clocks, is_over_at_the_first, is_unawaited, may_fail_alone, member_order
from stepgraph.render.node_text import ENDLESS_LOOPS

if TYPE_CHECKING:
    from stepgraph.model.payload import (
        Block,
        Branch,
        FunctionCall,
        FunctionDef,
        If,
        Loop,
        Node,
        Parallel,
        Step,
        StepDo,
        Switch,
        Try,
        UnknownNode,
        Workflow,
    )

START: Final = "start"
END: Final = "end"
FAILURE: Final = "failure"

EdgeKind: TypeAlias = Literal[
    "next", "then", "case", "else", "body", "again", "parallel", "jump", "call", "return", "failure"
]


class FlowNode(Struct, frozen=True):
    """A node of the control flow."""

    id: str
    """The unique name."""
    type: str
    """The type of the payload's node, or a type that only the flow has, such as `loop_end`."""
    function: str
    """The function that contains the node, or an empty string in `run`."""
    node: Node | None = None
    """The node of the payload, or the block of a `try`, that begins here, or None for all other nodes."""
    name: str | None = None
    """The name of a step, or of a called function."""
    begin: str = ""
    """For the end of a node with contents, the `id` of the flow node at its beginning."""


class FlowEdge(Struct, frozen=True):
    """A possible transition of control between two nodes."""

    source: str
    target: str
    kind: EdgeKind
    label: str = ""
    """The condition of a branch."""


class ControlFlow(Struct, frozen=True):
    """The nodes that control may reach, `end` and `failure`, and the edges between them."""

    nodes: tuple[FlowNode, ...]
    edges: tuple[FlowEdge, ...]


def control_flow(workflow: Workflow, details: Details = NO_DETAILS) -> ControlFlow:
    """Return the control flow of a workflow.

    With details, a `raise` leads only to handlers, and only jumps lead out of a `while True`. Without them, a `raise`
    leaves its function like a `return` or, if the payload has no node for it, leads to the next node.
    """
    builder = _FlowBuilder(functions_of(workflow), step_ids(workflow), details)
    run_with_large_stack(lambda: builder.build(workflow))
    return builder.reachable()


def step_ids(workflow: Workflow) -> Mapping[int, str]:
    """Return the unique names of all steps, by the identity of their nodes: `charge`, then `charge (2)`."""
    names = UniqueNames((START, END, FAILURE))
    result: dict[int, str] = {}
    for node in walk_workflow(workflow):
        if is_step(node) and id(node) not in result:
            result[id(node)] = names.unique(node["name"])
    return result


class UniqueNames:
    """Makes names unique with a number in parentheses, from the second use on."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._names = set(names)
        self._counts: Counter[str] = Counter()
        self._numbers: Counter[str] = Counter()

    def unique(self, name: str) -> str:
        """Return a name that was not returned before."""
        candidate = name
        while candidate in self._names:
            self._counts[name] += 1
            candidate = f"{name} ({self._counts[name] + 1})"
        self._names.add(candidate)
        return candidate

    def numbered(self, kind: str) -> str:
        """Return a name such as `loop 2`, numbered from the first use on."""
        self._numbers[kind] += 1
        return self.unique(f"{kind} {self._numbers[kind]}")


class _OpenEdge(Struct, frozen=True):
    """An edge without a target yet."""

    source: str
    kind: EdgeKind = "next"
    label: str = ""


class _FlowTarget(Struct):
    """The node that a `break` or `return` leads to."""

    id: str
    is_used: bool = False


class _FlowContext(Struct, frozen=True):
    """The nodes to which jumps and failures in a part of the program lead."""

    function: str
    """The function, or an empty string in `run`."""
    failures: tuple[str, ...]
    """The nodes that a failure may lead to."""
    after_return: _FlowTarget
    after_break: _FlowTarget
    results: tuple[str, ...] = ()
    """The end of the innermost group that treats failures of its members as results, if any."""
    in_group: bool = False
    """Whether the clocks of an enclosing `parallel` order the nodes."""

    def ungrouped(self) -> _FlowContext:
        """Return this context outside any group."""
        return replace(self, in_group=False)


class _Called(Struct, frozen=True):
    """The nodes at which a called function starts, ends and fails."""

    start: str
    end: str
    failure: str


class _FlowBuilder:
    """Builds the control flow of `run` and of each function that is called."""

    def __init__(self, functions: Mapping[str, FunctionDef], ids: Mapping[int, str], details: Details) -> None:
        self._functions = functions
        self._ids = ids
        self._details = details
        self._names = UniqueNames((START, END, FAILURE, *ids.values()))
        self._nodes: dict[str, FlowNode] = {}
        self._edges: dict[FlowEdge, None] = {}
        self._called: dict[str, _Called] = {}
        self._pending: deque[str] = deque()

    def build(self, workflow: Workflow) -> None:
        """Add `run`, then the functions in the order of their first calls."""
        self._body(workflow, "", _Called(START, END, FAILURE))
        while self._pending:
            name = self._pending.popleft()
            self._body(self._functions[name], name, self._called[name])

    def reachable(self) -> ControlFlow:
        """Return the nodes that `start` leads to, `end` and `failure`, and the edges between them."""
        targets: dict[str, list[str]] = {}
        for edge in self._edges:
            targets.setdefault(edge.source, []).append(edge.target)
        reached = {START: None}
        pending = [START]
        while pending:
            for target in targets.get(pending.pop(), ()):
                if target not in reached:
                    reached[target] = None
                    pending.append(target)
        # `end` and `failure` are included even if no execution reaches them.
        nodes = tuple(node for node in self._nodes.values() if node.id in reached or node.id in {END, FAILURE})
        return ControlFlow(nodes, tuple(edge for edge in self._edges if edge.source in reached))

    def _body(self, part: Workflow | FunctionDef, function: str, body: _Called) -> None:
        end = _FlowTarget(body.end)
        context = _FlowContext(function, (body.failure,), after_return=end, after_break=end)
        start = self._add(FlowNode(body.start, "start" if not function else "function_start", function), context)
        edge = self._part(part, start, context)
        for id_, kind in ((body.end, "end"), (body.failure, "failure")):
            self._nodes[id_] = FlowNode(id_, kind if not function else f"function_{kind}", function)
        self._lead(edge, body.end)

    def _add(self, node: FlowNode, context: _FlowContext, edge: _OpenEdge | None = None) -> _OpenEdge:
        """Add a node that `edge` leads to, and return the edge out of it. Code at any node may fail."""
        self._nodes[node.id] = node
        self._lead(edge, node.id)
        for target in (*context.results, *context.failures):
            self._lead(_OpenEdge(node.id, "failure"), target)
        return _OpenEdge(node.id)

    def _end_id(self, id_: str) -> str:
        return self._names.unique(f"{id_} end")

    def _end(
        self, id_: str, type_: str, edges: Sequence[_OpenEdge | None], context: _FlowContext, begin: str
    ) -> _OpenEdge:
        """Add the end of the node that begins at `begin`, to which `edges` lead, and return the edge out of it."""
        after = self._add(FlowNode(id_, f"{type_}_end", context.function, begin=begin), context)
        for edge in edges:
            self._lead(edge, id_)
        return after

    def _lead(self, edge: _OpenEdge | None, target: str) -> None:
        if edge is not None:
            self._edges[FlowEdge(edge.source, target, edge.kind, edge.label)] = None

    def _jump(self, source: str, target: _FlowTarget) -> None:
        self._lead(_OpenEdge(source, "jump"), target.id)
        target.is_used = True

    def _part(
        self, part: Branch | Block | FunctionDef | Workflow, edge: _OpenEdge, context: _FlowContext
    ) -> _OpenEdge | None:
        """Add the nodes of a part, as `_sequence` does. A `raise` without a node that nothing skips ends the part."""
        after, detail = self._sequence(part["nodes"], edge, context), self._details.of(part)
        return None if detail.final_raise and not detail.may_skip_raise else after

    def _sequence(self, nodes: Sequence[Node], edge: _OpenEdge, context: _FlowContext) -> _OpenEdge | None:
        """Add a list of nodes, one after another or in the order of their clocks.

        Return the edge out of the list, or None if control never reaches its end.
        """
        if has_clocks(nodes, in_group=context.in_group):
            return self._join(self._members(nodes, edge, context), context)
        for node in nodes:
            next_edge = self._node(node, edge, context)
            if next_edge is None:
                return None
            edge = next_edge
        return edge

    def _join(self, edges: Sequence[_OpenEdge], context: _FlowContext) -> _OpenEdge | None:
        """Return one edge for several, through a node that joins them, or None without edges."""
        if len(edges) <= 1:
            return edges[0] if edges else None
        join = self._add(FlowNode(self._names.numbered("join"), "join", context.function), context)
        for edge in edges:
            self._lead(edge, join.source)
        return join

    def _node(self, node: Node, edge: _OpenEdge, context: _FlowContext) -> _OpenEdge | None:
        if unknown := as_unknown(node):
            return self._unknown(unknown, edge, context)
        if is_leaf_step(node):
            return self._step(node, edge, context)
        match node["type"]:
            case "step_do":
                return self._step_do(node, edge, context)
            case "loop":
                return self._loop(node, edge, context)
            case "parallel":
                return self._parallel(node, edge, context)
            case "try":
                return self._try(node, edge, context)
            case "block" | "start":
                return self._sequence(node["nodes"], edge, context.ungrouped())
            case "if" | "switch":
                return self._choice(node, edge, context)
            case "function_call":
                return self._call(node, edge, context)
            case "function_def":
                return edge
            case "break":
                source = self._control(node["kind"], node, edge, context).source
                if not self._details.is_raise(node):
                    self._jump(source, context.after_return if node["kind"] == "return" else context.after_break)
                return None
            case _ as never:
                assert_never(never)

    def _unknown(self, node: UnknownNode, edge: _OpenEdge, context: _FlowContext) -> _OpenEdge:
        """Add a node of an unknown type. One path to its end leads through each node inside, and one past them all."""
        head = self._add(FlowNode(self._names.numbered(node["type"]), node["type"], context.function), context, edge)
        if not node["nodes"]:
            return head
        edges = [self._node(inner, replace(head, kind="body"), context) for inner in node["nodes"]]
        return self._end(self._end_id(head.source), node["type"], [head, *edges], context, head.source)

    def _control(self, kind: str, node: Node, edge: _OpenEdge, context: _FlowContext) -> _OpenEdge:
        return self._add(FlowNode(self._names.numbered(kind), node["type"], context.function, node), context, edge)

    def _step(self, step: Step, edge: _OpenEdge, context: _FlowContext) -> _OpenEdge:
        return self._add(
            FlowNode(self._ids[id(step)], step["type"], context.function, step, step["name"]), context, edge
        )

    def _step_do(self, step: StepDo, edge: _OpenEdge, context: _FlowContext) -> _OpenEdge:
        begin = self._step(step, edge, context)
        if not step["nodes"]:
            return begin
        end = self._end_id(begin.source)
        after = _FlowTarget(end)
        # After a nested step fails, the enclosing step is retried or fails itself.
        inside = _FlowContext(context.function, (begin.source,), after_return=after, after_break=after)
        edge_out = self._sequence(step["nodes"], replace(begin, kind="body"), inside)
        return self._end(end, step["type"], [edge_out], context, begin.source)

    def _call(self, call: FunctionCall, edge: _OpenEdge, context: _FlowContext) -> _OpenEdge:
        name = call["name"]
        id_ = self._names.unique(f"call {name}")
        begin = self._add(FlowNode(id_, "function_call", context.function, call, name), context, edge)
        if name not in self._functions:
            return begin
        called = self._function(name)
        self._lead(replace(begin, kind="call"), called.start)
        for target in (*context.results, *context.failures):
            self._lead(_OpenEdge(called.failure, "failure"), target)
        return self._end(self._end_id(id_), call["type"], [_OpenEdge(called.end, "return")], context, id_)

    def _function(self, name: str) -> _Called:
        called = self._called.get(name)
        if called is None:
            called = _Called(*(self._names.unique(f"{name} {place}") for place in (START, END, FAILURE)))
            self._called[name] = called
            self._pending.append(name)
        return called

    def _loop(self, loop: Loop, edge: _OpenEdge, context: _FlowContext) -> _OpenEdge | None:
        head = self._control("loop", loop, edge, context)
        end = _FlowTarget(self._end_id(head.source))
        body = self._sequence(loop["nodes"], replace(head, kind="body"), replace(context, after_break=end))
        if body is not None and body.source != head.source:
            self._lead(replace(body, kind="again"), head.source)
        if self._details.source(loop) not in ENDLESS_LOOPS:
            return self._end(end.id, loop["type"], [head], context, head.source)
        return self._end(end.id, loop["type"], [], context, head.source) if end.is_used else None

    def _choice(
        self, node: If | Switch, edge: _OpenEdge, context: _FlowContext, *, is_exhaustive: bool = False
    ) -> _OpenEdge | None:
        head = self._control(node["type"], node, edge, context)
        end = self._end_id(head.source)
        kind: EdgeKind = "then" if node["type"] == "if" else "case"
        edges: list[_OpenEdge | None] = []
        for branch in node["branches"]:
            condition = branch["condition"]
            into = _OpenEdge(head.source, "else") if condition is None else _OpenEdge(head.source, kind, condition)
            edges.append(self._part(branch, into, context))
        has_else = any(branch["condition"] is None for branch in node["branches"])
        if not (is_exhaustive or has_else or self._details.of(node).is_exhaustive):
            edges.append(_OpenEdge(head.source, "else"))
        return self._end(end, node["type"], edges, context, head.source) if any(edges) else None

    def _parallel(self, group: Parallel, edge: _OpenEdge, context: _FlowContext) -> _OpenEdge | None:
        fork = self._control("parallel", group, edge, context)
        end = self._end_id(fork.source)
        inside = replace(context, in_group=True)
        edges = self._members(group["nodes"], replace(fork, kind="parallel"), inside, group, end)
        if is_over_at_the_first(group):
            # Work without steps may end the group.
            edges.append(fork)
        may_end = edges or all(may_fail_alone(node, group, self._details) for node in group["nodes"])
        return self._end(end, group["type"], edges, context, fork.source) if may_end else None

    def _members(
        self,
        nodes: Sequence[Node],
        edge: _OpenEdge,
        context: _FlowContext,
        group: Parallel | None = None,
        group_end: str = "",
    ) -> list[_OpenEdge]:
        """Add nodes in the order of a group, and return the edges out of nodes without a successor.

        Failures of members that may fail alone lead to `group_end`.
        """
        waits = group is None or not is_over_at_the_first(group)
        order = member_order(nodes, self._details)
        gates: dict[tuple[int, ...], _OpenEdge | None] = {(): edge}
        exits: dict[int, _OpenEdge | None] = {}
        for index in order.sequence:
            before = order.before[index]
            if before not in gates:
                gates[before] = self._join([end for each in before if (end := exits[each])], context)
            entry = gates[before]
            node = nodes[index]
            is_kept = group is not None and may_fail_alone(node, group, self._details)
            member = replace(context, results=(group_end,)) if is_kept else context
            after = exits[index] = None if entry is None else self._node(node, entry, member)
            if is_kept and after is not None and node["type"] == "function_call" and node["name"] in self._functions:
                self._lead(_OpenEdge(self._function(node["name"]).failure, "failure"), after.source)
        if any(end is None and not may_fail_alone(nodes[index], group, self._details) for index, end in exits.items()):
            return []
        awaited = [index for index in order.last if not (waits and is_unawaited(nodes[index]))]
        return [end for index in awaited if (end := exits[index])] or [edge]

    def _try(self, node: Try, edge: _OpenEdge, context: _FlowContext) -> _OpenEdge | None:
        id_ = self._names.numbered("try")
        end, catch, last = (self._names.unique(f"{id_} {part}") for part in ("end", "catch", "finally"))
        block, handler, final = node.get("try_block"), node.get("catch_block"), node.get("finally_block")
        inside = context
        if final is not None:
            jumps = {"after_return": _FlowTarget(last), "after_break": _FlowTarget(last)}
            inside = replace(context, failures=(last,), results=(), **jumps)
        # A saved graph may lack a handler without steps.
        is_swallowed = handler is None and final is None
        failures = (catch,) if handler is not None else inside.failures
        protected = replace(inside, failures=(end, *failures) if is_swallowed else failures, results=())

        entry = self._add(FlowNode(id_, "try", context.function, node), protected, edge)
        edges = [entry if block is None else self._part(block, entry, protected)]
        if handler is not None:
            caught = self._add(FlowNode(catch, "catch", context.function, handler), inside)
            edges.append(self._handler(handler, caught, inside))
        if final is not None:
            edges = [self._finally(final, last, edges, inside, context)]
        return self._end(end, node["type"], edges, context, id_) if any(edges) or is_swallowed else None

    def _handler(self, handler: Block, caught: _OpenEdge, context: _FlowContext) -> _OpenEdge | None:
        """Add the nodes of a handler. One branch of a choice between exceptions is always taken."""
        nodes = handler["nodes"]
        if len(nodes) == 1 and nodes[0]["type"] == "switch" and nodes[0]["discriminant"] == "exception":
            return self._choice(nodes[0], caught, context, is_exhaustive=True)
        return self._part(handler, caught, context)

    def _finally(
        self, final: Block, id_: str, edges: Sequence[_OpenEdge | None], inside: _FlowContext, context: _FlowContext
    ) -> _OpenEdge | None:
        """Add a `finally`. Jumps into it continue after it, and failures continue from any of its nodes."""
        begin = self._add(FlowNode(id_, "finally", context.function, final), context)
        for edge in edges:
            self._lead(edge, id_)
        end = self._part(final, begin, context)
        if end is None:
            return None
        for jump, target in ((inside.after_return, context.after_return), (inside.after_break, context.after_break)):
            if jump.is_used:
                self._jump(end.source, target)
        return end if any(edges) else None
