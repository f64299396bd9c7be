"""The clock of a function body: which work is in which group, when it starts and when it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct, field

from stepgraph.graph.liveness import Liveness, liveness
from stepgraph.graph.nodes import leaf, step_do
from stepgraph.graph.ordered import members, parallel, stamp, without_clocks
from stepgraph.graph.own_groups import OwnGroup, kind_of, own_groups
from stepgraph.graph.partial_order import clocked, drawing
from stepgraph.graph.places import Places
from stepgraph.ir.exceptions import catch_all
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Block,
    Call,
    Choice,
    EventWait,
    Function,
    Handler,
    Jump,
    JumpKind,
    Loop,
    Operation,
    Ordered,
    Run,
    Series,
    Sleep,
    SleepUntil,
    Start,
    StepRun,
    TaskId,
    Try,
    blocks_of,
    started_in,
)
from stepgraph.model.payload import Branch as BranchNode
from stepgraph.model.payload import (
    FunctionCall,
    Node,
    Parallel,
    StepDo,
    StepSleep,
    StepSleepUntil,
    StepWaitForEvent,
)
from stepgraph.model.payload import Try as TryNode
from stepgraph.syntax.module import Place

Clocked = StepDo | StepSleep | StepSleepUntil | StepWaitForEvent | FunctionCall
_CLOCKED = frozenset({"step_do", "step_sleep", "step_sleep_until", "step_wait_for_event", "function_call"})


class _Emission(Struct):
    """One pass over a function body.

    `grouped` says whether a group is open around what is emitted now, `clockless` that it is in a block of a group, in
    which nothing carries a clock. `nodes` are those of work that was started, None for a block. `drawn` are, for work
    that belongs to groups which are parallels of their own, these groups, outermost first.
    """

    live: Liveness
    name_of: Callable[[Function], str]
    places: Places
    clock: int = 1
    grouped: bool = False
    clockless: bool = False
    nodes: dict[TaskId, Clocked | None] = field(default_factory=dict)
    drawn: dict[TaskId, tuple[OwnGroup, ...]] = field(default_factory=dict)


def nodes_of(
    body: Block, name_of: Callable[[Function], str], places: Places | None = None, *, is_run: bool = False
) -> list[Node]:
    """Return the nodes of a structured body. `name_of` gives the key of a function that is called.

    Where steps, calls, choices, loops and `try`s come from is noted in `places`.
    """
    if not body.operations:
        return []
    live = liveness(body, is_run=is_run)
    noted = Places() if places is None else places
    return _block(_Emission(live, name_of, noted, drawn=own_groups(body, live)), body)


def _block(emission: _Emission, block: Block) -> list[Node]:
    operations = block.operations
    if emission.grouped:
        return _beside(_sequence(emission, block, operations))
    nodes: list[Node] = []
    done = 0
    for live_range in emission.live.ranges.get(id(block), ()):
        nodes += _sequence(emission, block, operations[done : live_range.first])
        nodes += _group(emission, block, operations[live_range.first : live_range.last + 1])
        done = live_range.last + 1
    return nodes + _sequence(emission, block, operations[done:])


def _beside(nodes: list[Node]) -> list[Node]:
    """Return what stands in a branch or loop of a group: no clock says that blocks there are no sequence."""
    pieces = [node for node in nodes if node["type"] == "block" or _repeats_block(node)]
    if not pieces or any(map(_carries_clock, nodes)) or (len(nodes) == 1 and nodes[0]["type"] == "block"):
        return nodes
    group: Parallel = {"type": "parallel", "kind": "all", "nodes": nodes}
    return [group]


def _repeats_block(node: Node) -> bool:
    return node["type"] == "loop" and any(inner["type"] == "block" or _repeats_block(inner) for inner in node["nodes"])


def _carries_clock(node: Node) -> bool:
    match node["type"]:
        case "block":
            return False
        case "loop" | "parallel":
            return any(map(_carries_clock, node["nodes"]))
        case "if" | "switch":
            return any(_carries_clock(inner) for branch in node["branches"] for inner in branch["nodes"])
        case "try":
            return True
        case _:
            return "starts" in node


def _group(emission: _Emission, block: Block, operations: Sequence[Operation]) -> list[Node]:
    clock = emission.clock
    kind = kind_of(operations, emission.live)
    emission.grouped = True
    nodes = _sequence(emission, block, operations, whole=kind is not None)
    emission.grouped = False
    if len(nodes) == 1 and _is_over(nodes[0]):
        del nodes[0]["starts"], nodes[0]["resolves"]  # type: ignore[typeddict-item] # it has both
        emission.clock = clock
        return _tried(nodes, operations)
    if len(nodes) == 1 and nodes[0]["type"] == "block":
        emission.clock = clock
        return _tried(nodes[0]["nodes"], operations)
    inner = nodes[0] if len(nodes) == 1 else None
    if inner is not None and inner["type"] == "parallel":
        return [inner]
    group: Parallel = {"type": "parallel", "kind": kind or "all", "nodes": nodes}
    return [group]


def _tried(nodes: list[Node], operations: Sequence[Operation]) -> list[Node]:
    """Return work of a group that is no more: in a `try`, if it was awaited in one that may catch its failure."""
    if not any(map(_catches_join, operations)):
        return nodes
    tried: TryNode = {"type": "try", "try_block": {"type": "block", "nodes": nodes}}
    return [tried]


def _catches_join(operation: Operation) -> bool:
    if isinstance(operation, Try) and operation.catches and _has_join(operation.body):
        return True
    return any(_catches_join(inner) for block in blocks_of(operation) for inner in block.operations)


def _has_join(block: Block) -> bool:
    return any(
        isinstance(operation, Await) or any(map(_has_join, blocks_of(operation))) for operation in block.operations
    )


def _is_over(node: Node) -> bool:
    """Whether a node is a step or call of which it is known when it is over."""
    return node["type"] in _CLOCKED and "resolves" in node


def _sequence(emission: _Emission, block: Block, operations: Sequence[Operation], *, whole: bool = False) -> list[Node]:
    """Return the nodes of operations in order, those of groups that are parallels of their own in these.

    Where the operations are one such group as a `whole`, its parallel is that around all of them.
    """
    nodes: list[Node] = []
    parallels: dict[int, Parallel] = {}
    for operation in operations:
        emitted = _operation(emission, operation)
        groups = () if whole else _groups_around(emission, block, operation)
        _place(groups, emitted, nodes, parallels)
    own = frozenset(map(id, parallels.values()))
    return [alone for node in nodes for alone in _without_lone(node, own)]


def _groups_around(emission: _Emission, block: Block, operation: Operation) -> tuple[OwnGroup, ...]:
    """Return the groups of what an operation starts that have their place in this block."""
    first = next(started_in(operation), None)
    if first is None:
        return ()
    return tuple(group for group in emission.drawn.get(first, ()) if group.block == id(block))


def _place(
    groups: tuple[OwnGroup, ...], emitted: list[Node], nodes: list[Node], parallels: dict[int, Parallel]
) -> None:
    """Put nodes into the parallels of the groups that they are members of, outermost first."""
    target = nodes
    for group in groups:
        parallel = parallels.get(id(group))
        if parallel is None:
            parallel = {"type": "parallel", "kind": group.kind, "nodes": []}
            parallels[id(group)] = parallel
            target.append(parallel)
        target = parallel["nodes"]
    target += emitted


def _without_lone(node: Node, own: frozenset[int]) -> list[Node]:
    """A group whose one member is a step or call that is over is just that. `own` are the groups, by `id`."""
    if node["type"] != "parallel" or id(node) not in own:
        return [node]
    node["nodes"] = [alone for inner in node["nodes"] for alone in _without_lone(inner, own)]
    return node["nodes"] if len(node["nodes"]) == 1 and _is_over(node["nodes"][0]) else [node]


def _operation(emission: _Emission, operation: Operation) -> list[Node]:
    match operation:
        case Run(activity=activity, place=place):
            node = _run(emission, activity, place)
            _complete(emission, emission.live.over.get(id(operation), frozenset()))
            return [node]
        case Start(activity=Series() as series, task_id=task_id):
            return _series(emission, task_id, series)
        case Start(activity=activity, task_id=task_id, place=place):
            return [_start(emission, task_id, activity, place)]
        case Ordered():
            return _ordered(emission, operation)
        case Await(leaving=leaving):
            clock = emission.clock
            _over(emission, id(operation))
            if leaving:
                emission.clock = clock
            return []
        case Choice(place=place):
            return _placed(emission, _choice(emission, operation), place)
        case Loop(body=body, place=place):
            nodes = _block(emission, body)
            _over(emission, id(operation))
            return _placed(emission, [{"type": "loop", "nodes": nodes}], place) if nodes else []
        case Try(place=place):
            return _placed(emission, _protected(emission, operation), place)
        case Jump(kind=kind, place=place, drawn=True):
            left = kind in (JumpKind.BREAK, JumpKind.FINISHED)
            return _placed(emission, [{"type": "break", "kind": "break" if left else "return"}], place)
        case _:
            return []


def _placed(emission: _Emission, nodes: list[Node], place: Place) -> list[Node]:
    for node in nodes:
        emission.places.note(node, place)
    return nodes


def _run(emission: _Emission, activity: Activity, place: Place) -> Clocked:
    node = _node(emission, activity, place)
    if emission.grouped:
        node["starts"] = emission.clock
        emission.clock += 1
        node["resolves"] = emission.clock
    return node


def _start(emission: _Emission, task_id: TaskId, activity: Activity, place: Place) -> Clocked:
    node = _node(emission, activity, place)
    node["starts"] = emission.clock
    emission.nodes[task_id] = node
    return node


def _series(emission: _Emission, task_id: TaskId, series: Series) -> list[Node]:
    """Return work that needs other steps as a block.

    What may outlast the group can be none: it is told by when it may begin, not by its order.
    """
    emission.nodes[task_id] = None
    nodes = _without_clocks(emission, series.block)
    if task_id in emission.live.escaping:
        stamp(nodes, emission.clock, None)
        return nodes
    return [{"type": "block", "nodes": nodes}]


def _without_clocks(emission: _Emission, block: Block) -> list[Node]:
    grouped, clockless = emission.grouped, emission.clockless
    emission.grouped, emission.clockless = False, True
    nodes = _sequence(emission, block, block.operations)
    emission.grouped, emission.clockless = grouped, clockless
    return nodes


def _ordered(emission: _Emission, ordered: Ordered) -> list[Node]:
    """Return work in a partial order: as a parallel of its own, or among the members of the group that is open."""
    contents = [_without_clocks(emission, member) for member in ordered.members]
    if emission.clockless:
        return without_clocks(drawing(ordered.before, clocks=False), contents)
    if not emission.grouped:
        group, emission.clock = parallel(drawing(ordered.before), contents, ordered.kind, emission.clock)
        return [group]
    nodes, emission.clock = members(clocked(ordered.before), contents, emission.clock)
    if ordered.kind == "all":
        return nodes
    return [{"type": "parallel", "kind": ordered.kind, "nodes": nodes}]


def _node(emission: _Emission, activity: Activity, place: Place) -> Clocked:
    """Return the node of an activity that begins at `place`; of a step, where it is declared is noted."""
    node = _unplaced(emission, activity)
    emission.places.note(node, activity.definition.place if isinstance(activity, StepRun) else place)
    return node


def _unplaced(emission: _Emission, activity: Activity) -> Clocked:
    match activity:
        case StepRun(body=body):
            return step_do(activity, nodes_of(body, emission.name_of, emission.places))
        case Call(function=function):
            return {"type": "function_call", "name": emission.name_of(function)}
        case Sleep() | SleepUntil() | EventWait():
            return leaf(activity)
        case Series():
            raise ValueError("a series is no node of its own")


def _over(emission: _Emission, waiting: int) -> None:
    """Move the clock on at an await that completes work, or ends a race, and say so of what is over by it."""
    over = emission.live.over.get(waiting)
    if over is None:
        return
    emission.clock += 1
    _complete(emission, over)


def _complete(emission: _Emission, over: frozenset[TaskId]) -> None:
    for task_id in sorted(over - emission.live.escaping):
        node = emission.nodes.get(task_id)
        if node is not None:
            node["resolves"] = max(emission.clock, node.get("resolves", 0))


def _choice(emission: _Emission, choice: Choice) -> list[Node]:
    branches: list[BranchNode] = []
    clock = latest = emission.clock
    for branch in choice.branches:
        emission.clock = clock
        branches.append({"condition": branch.condition, "nodes": _block(emission, branch.block)})
        latest = max(latest, emission.clock)
    emission.clock = latest
    if not any(branch["nodes"] for branch in branches):
        return []
    if choice.discriminant is None:
        return [{"type": "if", "branches": branches}]
    return [{"type": "switch", "discriminant": choice.discriminant, "branches": branches}]


def _protected(emission: _Emission, try_: Try) -> list[Node]:
    """A handler's clock is that of its `try`; what follows goes on from the highest."""
    node: TryNode = {"type": "try"}
    clock = emission.clock
    body = _block(emission, try_.body)
    latest = emission.clock
    caught: list[list[Node]] = []
    for handler in try_.handlers:
        emission.clock = clock
        caught.append(_block(emission, handler.block))
        latest = max(latest, emission.clock)
    emission.clock = latest
    finalbody = _block(emission, try_.finalbody)
    if not body and not finalbody and not any(caught):
        return []
    if body:
        node["try_block"] = {"type": "block", "nodes": body}
    if caught:
        node["catch_block"] = {"type": "block", "nodes": _handlers(emission, try_, caught)}
        emission.places.note(node["catch_block"], try_.place)
    if finalbody:
        node["finally_block"] = {"type": "block", "nodes": finalbody}
    return [node]


def _handlers(emission: _Emission, try_: Try, caught: list[list[Node]]) -> list[Node]:
    """Return the nodes of handlers. A last branch leaves the `try` with the errors that none of them catches."""
    ways = list(zip(try_.handlers, caught, strict=True))
    if try_.except_star:
        return [{"type": "if", "branches": [_branch(handler, nodes)]} for handler, nodes in ways if nodes]
    is_complete = catch_all(try_.handlers)
    if is_complete and (len(caught) == 1 or not any(caught)):
        return caught[0]
    branches = [_branch(handler, nodes) for handler, nodes in ways]
    if not is_complete:
        uncaught = _placed(emission, [{"type": "break", "kind": "return"}], try_.place)
        branches.append({"condition": None, "nodes": uncaught})
    return [{"type": "switch", "discriminant": "exception", "branches": branches}]


def _branch(handler: Handler, nodes: list[Node]) -> BranchNode:
    return {"condition": handler.condition, "nodes": nodes}
