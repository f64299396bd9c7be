"""Payload nodes of a function body: parallel groups, and the clock values at which members start and resolve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeGuard, assert_never

from msgspec import Struct, field

from stepgraph.graph.liveness import Liveness, liveness
from stepgraph.graph.nodes import (
    has_clock,
    is_series,
    leaf_node,
    members,
    parallel,
    repeats_series,
    set_clocks,
    step_do,
    unclocked_predecessors,
    without_clocks,
)
from stepgraph.graph.own_groups import SeparateGroup, awaits_in, exact_group, separate_groups_by_task
from stepgraph.graph.pending_tasks import PendingStarts
from stepgraph.graph.places import Origin, Places, has_return_before_raise
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.exceptions import catch_all
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Call,
    Choice,
    EventWait,
    Function,
    Handler,
    Jump,
    JumpKind,
    LoopOperation,
    Operation,
    OperationBlock,
    PartialOrder,
    Pause,
    Run,
    Scope,
    Series,
    Sleep,
    SleepUntil,
    StartOperation,
    StepRun,
    TryOperation,
)
from stepgraph.ir.walk import tasks_started_by
from stepgraph.model.vocabulary import EXCEPTION
from stepgraph.model.walk import is_clocked
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.model.payload import Block, Branch, Break, Clocked, If, Loop, Node, Parallel, Switch, Try


class _Emitter(Struct):
    """The state of the translation of one function body."""

    live: Liveness
    name_of: Callable[[Function], str]
    """Returns the key of a called function."""
    places: Places
    shows_returns: bool = False
    """Whether each `return` without a node is recorded."""
    clock: int = 1
    """The current clock value."""
    grouped: bool = False
    """Whether a group is open."""
    clockless: bool = False
    """Whether the current block is a series or a member of a partial order, so that its nodes carry no clocks."""
    nodes: dict[TaskId, Clocked | None] = field(default_factory=dict)
    """The node of each started task, or None for a task that is drawn as a block."""
    separate_groups: dict[TaskId, tuple[SeparateGroup, ...]] = field(default_factory=dict)
    """The separate parallels that contain each task, outermost first."""
    blocks_with_groups: frozenset[int] = frozenset()
    """The blocks that contain a separate parallel, by `id`."""
    pending_starts: PendingStarts = field(default_factory=PendingStarts)
    """The tasks that may be pending when nodes start."""


def emit_nodes(
    body: OperationBlock, name_of: Callable[[Function], str], places: Places | None = None, *, is_run: bool = False
) -> list[Node]:
    """Return the nodes of a structured body and record their source locations in `places`.

    `name_of` returns the key of a called function.
    """
    if not body.operations:
        return []
    live = liveness(body, is_run=is_run)
    recorded_places = Places() if places is None else places
    groups = separate_groups_by_task(body, live)
    blocks = frozenset(group.block for of_task in groups.values() for group in of_task)
    shows_returns = is_run or has_return_before_raise(body)
    emitter = _Emitter(live, name_of, recorded_places, shows_returns, separate_groups=groups, blocks_with_groups=blocks)
    nodes = _block(emitter, body)
    emitter.pending_starts.delay_resolves(emitter.nodes)
    return nodes


def _block(emitter: _Emitter, block: OperationBlock) -> list[Node]:
    if emitter.grouped:
        return _with_concurrent_blocks(_sequence(emitter, block, block.operations))
    return _range(emitter, block, 0, len(block.operations))


def _range(emitter: _Emitter, block: OperationBlock, begin: int, end: int) -> list[Node]:
    """Return the nodes of the operations from `begin` to `end` of a block. No group crosses these limits."""
    operations = block.operations
    nodes: list[Node] = []
    emitted = begin
    for live_range in emitter.live.ranges.get(id(block), ()):
        if begin <= live_range.first < end:
            nodes += _sequence(emitter, block, operations[emitted : live_range.first])
            nodes += _group(emitter, block, operations[live_range.first : live_range.last + 1])
            emitted = live_range.last + 1
    return nodes + _sequence(emitter, block, operations[emitted:end])


def _with_concurrent_blocks(nodes: list[Node]) -> list[Node]:
    """Wrap the nodes of a branch, loop or `try` block in a parallel if they contain blocks and no clocks.

    Without clocks, blocks outside of a parallel would appear to run in sequence.
    """
    series = [node for node in nodes if is_series(node) or repeats_series(node)]
    if not series or any(map(has_clock, nodes)) or (len(nodes) == 1 and is_series(nodes[0])):
        return nodes
    group: Parallel = {"type": "parallel", "kind": "all", "nodes": nodes}
    return [group]


def _group(emitter: _Emitter, block: OperationBlock, operations: Sequence[Operation]) -> list[Node]:
    # Imported here because many workflows have no groups, and start-up time counts.
    from stepgraph.graph.own_groups import guard_unseen_error, shows_error, wrap_in_try

    clock = emitter.clock
    exact = exact_group(operations, emitter.live)
    emitter.grouped = True
    nodes = _sequence(emitter, block, operations, is_single_group=exact is not None)
    emitter.grouped = False
    if len(nodes) == 1 and _has_resolved(nodes[0]) and not shows_error(nodes[0], operations):
        del nodes[0]["starts"], nodes[0]["resolves"]
        emitter.clock = clock
        if any(operation.group.hides_errors for operation in awaits_in(OperationBlock(tuple(operations)))):
            emitter.places.note_settled(nodes[0])
        return wrap_in_try(nodes, operations)
    if len(nodes) == 1 and is_series(nodes[0]):
        emitter.clock = clock
        return wrap_in_try(nodes[0]["nodes"], operations)
    inner = nodes[0] if len(nodes) == 1 else None
    if inner is not None and inner["type"] == "parallel":
        return guard_unseen_error([inner], operations)
    group: Parallel = {"type": "parallel", "kind": "all" if exact is None else exact.kind, "nodes": nodes}
    nodes = [group] if exact is None else _with_place(emitter, [group], exact.place)
    return guard_unseen_error(nodes, operations)


def _has_resolved(node: Node) -> TypeGuard[Clocked]:
    """Return whether a node is a step or call with a clock for its completion."""
    return is_clocked(node) and "resolves" in node


def _sequence(
    emitter: _Emitter, block: OperationBlock, operations: Sequence[Operation], *, is_single_group: bool = False
) -> list[Node]:
    """Return the nodes of operations in order, with separate groups as nested parallels.

    With `is_single_group`, the operations are one group, and the enclosing parallel is the parallel of that group.
    """
    nodes: list[Node] = []
    parallels: dict[int, Parallel] = {}
    for operation in operations:
        emitted = _operation(emitter, operation)
        pending = emitter.live.pending_at_starts.get(id(operation), 0)
        emitter.pending_starts.add(
            pending, emitter.clock if isinstance(operation, StartOperation) else emitter.clock - 1
        )
        groups = () if is_single_group else _separate_groups(emitter, block, operation)
        _add_to_groups(emitter, groups, emitted, nodes, parallels)
    parallel_ids = frozenset(map(id, parallels.values()))
    return [flat for node in nodes for flat in _dissolved(emitter, node, parallel_ids)]


def _separate_groups(emitter: _Emitter, block: OperationBlock, operation: Operation) -> tuple[SeparateGroup, ...]:
    """Return the separate groups in this block that contain the tasks of an operation."""
    if id(block) not in emitter.blocks_with_groups:  # most blocks, and the search below takes linear time
        return ()
    first = next(tasks_started_by(operation), None)
    if first is None:
        return ()
    return tuple(group for group in emitter.separate_groups.get(first, ()) if group.block == id(block))


def _add_to_groups(
    emitter: _Emitter,
    groups: tuple[SeparateGroup, ...],
    emitted: list[Node],
    nodes: list[Node],
    parallels: dict[int, Parallel],
) -> None:
    """Append nodes to the parallel of the innermost group, creating the missing parallels."""
    target = nodes
    for group in groups:
        parallel = parallels.get(id(group))
        if parallel is None:
            parallel = {"type": "parallel", "kind": group.kind, "nodes": []}
            parallels[id(group)] = parallel
            emitter.places.note(parallel, group.place)
            target.append(parallel)
        target = parallel["nodes"]
    target += emitted


def _dissolved(emitter: _Emitter, node: Node, parallel_ids: frozenset[int]) -> list[Node]:
    """Replace a parallel by its only member if this is a step or call with a clock for its completion.

    `parallel_ids` contains the `id`s of the replaceable parallels.
    """
    if node["type"] != "parallel" or id(node) not in parallel_ids:
        return [node]
    node["nodes"] = [flat for inner in node["nodes"] for flat in _dissolved(emitter, inner, parallel_ids)]
    if len(node["nodes"]) != 1 or not _has_resolved(node["nodes"][0]):
        return [node]
    if node["kind"] == "all_settled":
        emitter.places.note_settled(node["nodes"][0])
    return node["nodes"]


def _operation(emitter: _Emitter, operation: Operation) -> list[Node]:
    match operation:
        case Run(activity=activity, place=place):
            node = _run(emitter, activity, place)
            if operation.is_limited:
                emitter.places.note_limited(node)
            _resolve(emitter, emitter.live.completed_by.get(id(operation), frozenset()))
            return [node]
        case StartOperation(activity=Series() as series, task_id=task_id):
            return _series(emitter, task_id, series)
        case StartOperation(activity=activity, place=place):
            return [_start(emitter, operation.task_ids, activity, place)]
        case PartialOrder():
            return _ordered(emitter, operation)
        case Await(before_exit=leaving):
            clock = emitter.clock
            _tick(emitter, id(operation))
            if leaving:
                emitter.clock = clock
            return []
        case Choice(place=place):
            return _with_place(emitter, _choice(emitter, operation), place)
        case LoopOperation(body=body, place=place):
            nodes = _block(emitter, body)
            _tick(emitter, id(operation))
            loop: Loop = {"type": "loop", "nodes": nodes}
            emitter.places.note_passes(loop, operation)
            return _with_place(emitter, [loop], place) if nodes else []
        case TryOperation(place=place):
            return _with_place(emitter, _try(emitter, operation), place)
        case Jump(kind=kind, place=place, drawn=True):
            ends_loop = kind in (JumpKind.BREAK, JumpKind.FINISHED)
            exit_: Break = {"type": "break", "kind": "break" if ends_loop else "return"}
            emitter.places.note_drawn_jump(place)
            return _with_place(emitter, [exit_], place, operation)
        case Jump() | Pause() | Scope():  # `control` has inlined the blocks of scopes
            return []
        case _ as never:
            assert_never(never)


def _with_place(emitter: _Emitter, nodes: list[Node], place: SourcePlace, origin: Origin | None = None) -> list[Node]:
    for node in nodes:
        emitter.places.note(node, place, origin)
    return nodes


def _run(emitter: _Emitter, activity: Activity, place: SourcePlace) -> Clocked:
    node = _node(emitter, activity, place)
    if emitter.grouped:
        node["starts"] = emitter.clock
        emitter.clock += 1
        node["resolves"] = emitter.clock
    return node


def _start(emitter: _Emitter, task_ids: Iterable[TaskId], activity: Activity, place: SourcePlace) -> Clocked:
    node = _node(emitter, activity, place)
    node["starts"] = emitter.clock
    emitter.nodes |= dict.fromkeys(task_ids, node)
    return node


def _series(emitter: _Emitter, task_id: TaskId, series: Series) -> list[Node]:
    """Return a step and its dependencies as a block.

    A series that may outlast the group becomes plain nodes with a start clock, because a block cannot carry a clock.
    """
    emitter.nodes[task_id] = None
    nodes = _without_clocks(emitter, series.block)
    if task_id in emitter.live.escaping:
        set_clocks(nodes, emitter.clock, None)
        return nodes
    return [{"type": "block", "nodes": nodes}]


def _without_clocks(emitter: _Emitter, block: OperationBlock) -> list[Node]:
    grouped, clockless = emitter.grouped, emitter.clockless
    emitter.grouped, emitter.clockless = False, True
    nodes = _sequence(emitter, block, block.operations)
    emitter.grouped, emitter.clockless = grouped, clockless
    return nodes


def _ordered(emitter: _Emitter, ordered: PartialOrder) -> list[Node]:
    """Return activities in a partial order as a new parallel, or as members of the open group."""
    from stepgraph.graph.partial_order import assign_clocks, decompose

    contents = [_without_clocks(emitter, member) for member in ordered.members]
    if emitter.clockless:
        return without_clocks(decompose(ordered.predecessors, clocks=False), contents)
    if not emitter.grouped:
        group, emitter.clock = parallel(decompose(ordered.predecessors), contents, ordered.kind, emitter.clock)
        nodes: list[Node] = [group]
    else:
        nodes, emitter.clock = members(assign_clocks(ordered.predecessors), contents, emitter.clock)
        if ordered.kind != "all":
            nodes = [{"type": "parallel", "kind": ordered.kind, "nodes": nodes}]
    for node, names in unclocked_predecessors(ordered.predecessors, contents):
        emitter.places.note_predecessors(node, names)
    is_group = not emitter.grouped or ordered.kind != "all"
    return _with_place(emitter, nodes, ordered.place) if is_group else nodes


def _node(emitter: _Emitter, activity: Activity, place: SourcePlace) -> Clocked:
    """Return the node of an activity. The location of the node is `place` or, for a step, the declaration."""
    node = _activity(emitter, activity)
    if isinstance(activity, StepRun):
        emitter.places.note(node, activity.definition.place, activity, place)
    else:
        emitter.places.note(node, place)
    return node


def _activity(emitter: _Emitter, activity: Activity) -> Clocked:
    match activity:
        case StepRun(body=body):
            return step_do(activity, emit_nodes(body, emitter.name_of, emitter.places))
        case Call(function=function):
            return {"type": "function_call", "name": emitter.name_of(function)}
        case Sleep() | SleepUntil() | EventWait():
            return leaf_node(activity)
        case Series():
            raise ValueError("a series has no node")


def _tick(emitter: _Emitter, operation_id: int) -> None:
    """Advance the clock at an await or loop that completes tasks or ends a race, and resolve the completed tasks."""
    completed = emitter.live.completed_by.get(operation_id)
    if completed is None:
        return
    emitter.clock += 1
    _resolve(emitter, completed)


def _resolve(emitter: _Emitter, completed: frozenset[TaskId]) -> None:
    for task_id in sorted(completed - emitter.live.escaping):
        node = emitter.nodes.get(task_id)
        if node is not None:
            node["resolves"] = max(emitter.clock, node.get("resolves", 0))


def _choice(emitter: _Emitter, choice: Choice) -> list[Node]:
    branches: list[Branch] = []
    clock = latest = emitter.clock
    for branch in choice.branches:
        emitter.clock = clock
        branches.append({"condition": branch.condition, "nodes": _block(emitter, branch.block)})
        latest = max(latest, emitter.clock)
    emitter.clock = latest
    if not any(branch["nodes"] for branch in branches):
        return []
    if choice.branches[-1].is_added and not branches[-1]["nodes"]:
        branches.pop()
    for branch, branch_node in zip(choice.branches, branches, strict=False):
        emitter.places.note_ending(branch_node, branch.block, shows_returns=emitter.shows_returns)
        emitter.places.note_certain(branch_node, branch.after)
        emitter.places.note_choice(branch_node, choice.place)
    node: If | Switch = {"type": "if", "branches": branches}
    if choice.discriminant is not None:
        node = {"type": "switch", "discriminant": choice.discriminant, "branches": branches}
    if choice.exhaustive:
        emitter.places.note_exhaustive(node)
    return [node]


def _try(emitter: _Emitter, try_: TryOperation) -> list[Node]:
    """Return the node of a `try`.

    The handlers begin at the clock of the `try`, and the `finally` at the latest clock of the body and the handlers.
    """
    node: Try = {"type": "try"}
    clock = emitter.clock
    begin = _else_begin(emitter, try_)
    protected, otherwise = _try_body(emitter, try_, begin)
    body = protected + otherwise
    latest = emitter.clock
    handlers: list[list[Node]] = []
    for handler in try_.handlers:
        emitter.clock = clock
        handlers.append(_block(emitter, handler.block))
        latest = max(latest, emitter.clock)
    emitter.clock = latest
    finalbody = _block(emitter, try_.finalbody)
    if not body and not finalbody and not any(handlers):
        return []
    if body:
        node["try_block"] = {"type": "block", "nodes": body}
        emitter.places.note_ending(node["try_block"], try_.body, shows_returns=emitter.shows_returns)
        if begin is not None:
            emitter.places.note_else([node["try_block"], *otherwise])
    else:
        emitter.places.note_empty_body(node, try_.body)
    if handlers:
        node["catch_block"] = {"type": "block", "nodes": _handlers(emitter, try_, handlers)}
        emitter.places.note(node["catch_block"], try_.place, try_)
        is_shown_by_clause = try_.except_star and any(handlers)
        if len(try_.handlers) == 1 and catch_all(try_.handlers) and not is_shown_by_clause:
            emitter.places.note_ending(node["catch_block"], try_.handlers[0].block, shows_returns=emitter.shows_returns)
    else:
        emitter.places.note_unhandled(node, try_.finalbody)
    if finalbody:
        node["finally_block"] = {"type": "block", "nodes": finalbody}
        emitter.places.note_ending(node["finally_block"], try_.finalbody, shows_returns=emitter.shows_returns)
    return [node]


def _try_body(emitter: _Emitter, try_: TryOperation, begin: int | None) -> tuple[list[Node], list[Node]]:
    """Return the nodes of the body and of the `else`, which starts at the operation `begin`, or nowhere for None."""
    if begin is None:
        return _block(emitter, try_.body), []
    protected = _range(emitter, try_.body, 0, begin)
    return protected, _range(emitter, try_.body, begin, len(try_.body.operations))


def _else_begin(emitter: _Emitter, try_: TryOperation) -> int | None:
    """Return the index of the first operation of the `else`.

    None without an `else`, or if it shares a group with the body.
    """
    begin = len(try_.body.operations) - try_.else_length
    ranges = emitter.live.ranges.get(id(try_.body), ())
    is_shared = emitter.grouped or any(each.first < begin <= each.last for each in ranges)
    return None if is_shared or not try_.else_length else begin


def _handlers(emitter: _Emitter, try_: TryOperation, nodes_by_handler: list[list[Node]]) -> list[Node]:
    """Return the nodes of the handlers. A default branch with a `return` stands for uncaught exceptions."""
    pairs = list(zip(try_.handlers, nodes_by_handler, strict=True))
    if try_.except_star:
        return _clauses(emitter, try_, pairs)
    is_exhaustive = catch_all(try_.handlers)
    if is_exhaustive and (len(nodes_by_handler) == 1 or not any(nodes_by_handler)):
        return nodes_by_handler[0]
    branches = [_branch(emitter, try_, handler, nodes) for handler, nodes in pairs]
    if not is_exhaustive:
        uncaught = _with_place(emitter, [{"type": "break", "kind": "return"}], try_.place, try_)
        branches.append({"condition": None, "nodes": uncaught})
    return [{"type": "switch", "discriminant": EXCEPTION, "branches": branches}]


def _clauses(emitter: _Emitter, try_: TryOperation, pairs: list[tuple[Handler, list[Node]]]) -> list[Node]:
    """Return the nodes of `except*` clauses. The clauses after one that an exception may leave are in a `finally`."""
    nodes: list[Node] = []
    for handler, content in reversed(pairs):
        if not content:
            continue
        branch = _branch(emitter, try_, handler, content)
        if len(pairs) == 1 and catch_all(try_.handlers):
            emitter.places.note_only_clause(branch)
        clause: Node = {"type": "if", "branches": [branch]}
        if nodes and handler.may_precede_clauses:
            protected: Block = {"type": "block", "nodes": [clause]}
            nodes = [{"type": "try", "try_block": protected, "finally_block": {"type": "block", "nodes": nodes}}]
        else:
            nodes = [clause, *nodes]
    return nodes


def _branch(emitter: _Emitter, try_: TryOperation, handler: Handler, nodes: list[Node]) -> Branch:
    branch: Branch = {"condition": handler.condition, "nodes": nodes}
    emitter.places.note(branch, try_.place, handler)
    emitter.places.note_ending(branch, handler.block, shows_returns=emitter.shows_returns)
    return branch
