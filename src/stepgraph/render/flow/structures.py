"""Flow charts of `if`, `switch`, `loop`, `try` and concurrent nodes, and the interface through which they recurse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.model.details import NO_DETAIL, Detail, Part
from stepgraph.model.vocabulary import NO_EXCEPTION
from stepgraph.model.walk import handlers_in
from stepgraph.render.flow.chart import ArrowKind, BoxKind, ChartBuilder, FrameKind, LooseEnd, LooseEnds
from stepgraph.render.folding import LeavingKind
from stepgraph.render.group_order import (
    GroupOrder,
    MemberClocks,
    is_over_at_the_first,
    is_unawaited,
    may_fail_alone,
    member_order,
)
from stepgraph.render.node_text import (
    ENDLESS_LOOPS,
    NO_STEPS,
    always_running_branch,
    branch_text,
    is_exhaustive,
    is_guard,
    try_body,
    without_rest,
)
from stepgraph.render.view import Mark, NodeContext, View

if TYPE_CHECKING:
    from stepgraph.model.payload import Block, Branch, If, Loop, Node, Parallel, Switch, Try


class DrawnExits(Struct, frozen=True):
    """The loose ends of drawn nodes: to the next node, out of the loop, and out of the function."""

    next: LooseEnds = ()
    breaks: LooseEnds = ()
    returns: LooseEnds = ()
    raises: LooseEnds = ()
    """The exceptions that lead into the `finally` of an enclosing `try`."""

    def then(self, later: DrawnExits) -> DrawnExits:
        """Return the exits of these nodes followed by nodes with the exits `later`."""
        return replace(combine((self, later)), next=later.next)

    def all(self) -> LooseEnds:
        """Return all loose ends."""
        return self.next + self.breaks + self.returns + self.raises


def combine(parts: Sequence[DrawnExits]) -> DrawnExits:
    """Return the exits of all parts."""
    return DrawnExits(
        tuple(end for part in parts for end in part.next),
        tuple(end for part in parts for end in part.breaks),
        tuple(end for part in parts for end in part.returns),
        tuple(end for part in parts for end in part.raises),
    )


def exits_by(kind: LeavingKind, ends: LooseEnds, context: NodeContext, detail: Detail) -> DrawnExits:
    """Return the exits of nodes that leave by a statement. An exit that ends where it is drawn has no loose end.

    An exception that a handler may catch ends there too: the failure of the whole block leads to the handler.
    """
    if context.may_be_caught(kind, detail) or context.ends_at_once(kind):
        return DrawnExits()
    match kind:
        case "break":
            return DrawnExits(breaks=ends)
        case "return":
            return DrawnExits(returns=ends)
        case "raise":
            return DrawnExits(raises=ends)


def draw_exit(
    builder: ChartBuilder,
    kind: LeavingKind,
    lines: Sequence[str],
    entry: LooseEnds,
    context: NodeContext,
    detail: Detail = NO_DETAIL,
) -> DrawnExits:
    """Draw an exit as a box."""
    box = BoxKind.RAISE if kind == "raise" else BoxKind.EXIT
    builder.box(context.identity, box, *lines, entry=entry)
    arrow = ArrowKind.FAILURE if kind == "raise" else ArrowKind.LEAVE
    return exits_by(kind, (LooseEnd(context.identity, arrow),), context, detail)


def draw_endings(builder: ChartBuilder, detail: Detail, drawn: DrawnExits, context: NodeContext) -> DrawnExits:
    """Draw the jumps without nodes at the end of a part, after its nodes.

    A `continue` leads to whatever follows the part. The payload has no node for it, as it skips no node.
    """
    for index, (condition, statement) in enumerate(detail.guards):
        (diamond,) = builder.box(f"{context.identity}_if{index}", BoxKind.CHOICE, condition, entry=drawn.next)
        into = (replace(diamond, label=YES, kind=ArrowKind.LEAVE),)
        raised = draw_exit(builder, "raise", (statement,), into, context.child(f"raise{index}"))
        drawn = replace(drawn.then(raised), next=(diamond,))
    if detail.final_raise:
        drawn = drawn.then(draw_exit(builder, "raise", (detail.final_raise,), drawn.next, context.child("ending")))
    if detail.returns:
        drawn = drawn.then(draw_exit(builder, "return", (detail.final_jump,), drawn.next, context.child("ending")))
    elif detail.final_jump:
        ending = context.child("ending").identity
        builder.box(ending, BoxKind.EXIT, detail.final_jump, entry=drawn.next)
        drawn = replace(drawn, next=(LooseEnd(ending, ArrowKind.LEAVE),))
    return drawn


class Drawer(Protocol):
    """Draws nodes of any type into a chart."""

    @property
    def builder(self) -> ChartBuilder:
        """The chart under construction."""

    @property
    def view(self) -> View:
        """The folding, expansion, marks and details."""

    @property
    def clocks(self) -> MemberClocks:
        """The clocks shown beside nodes."""

    def mark(self, part: Mapping[str, object], context: NodeContext) -> Mark | None:
        """Return the mark of a node, branch or block, and add it to the box or frame of this context."""

    def node(self, node: Node, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw one node."""

    def nodes(self, nodes: Sequence[Node], entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw a list of nodes in their order. Without nodes, the entry is the exit."""

    def part(
        self, part: Part, nodes: Sequence[Node], entry: LooseEnds, context: NodeContext, *, empty: str = ...
    ) -> DrawnExits:
        """Draw the nodes of a part, and the `raise` statements at its end that have no node.

        Without both, draw a box with the text `empty`, unless it is an empty string.
        """

    def filling(self, nodes: Sequence[Node], entry: LooseEnds, context: NodeContext, *, empty: str = ...) -> DrawnExits:
        """Draw the contents of a frame or, without nodes, a box with the text `empty`."""


def draw_if(drawer: Drawer, node: If, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw an `if`. Without an `else`, an arrow leads past all branches."""
    if is_guard(node):
        return _guard(drawer, node["branches"][0], entry, context)
    if (branch := _branch_without_exception(drawer.view, node)) is not None:
        return drawer.part(branch, branch["nodes"], entry, context.child("b0"))
    with drawer.builder.frame(context.identity, FrameKind.CHOICE):
        if len(node["branches"]) == 1 and node["branches"][0]["condition"] is not None:
            return _condition(drawer, node["branches"][0], entry, context)
        diamond = drawer.builder.box(f"{context.identity}_choice", BoxKind.CHOICE, "if", entry=entry)
        return _branches(drawer, node, diamond[0], context, ("else", ""))


def _branch_without_exception(view: View, node: If) -> Branch | None:
    """Return the branch of an `if` that only exceptions skip, unless it is marked. They are shown where they begin."""
    branch = always_running_branch(node, view.details)
    if branch is None or branch["condition"] != NO_EXCEPTION or view.mark(node) or view.mark(branch):
        return None
    return branch


def draw_guarded(drawer: Drawer, node: If, continuation: Branch, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw an `if` whose first branch ends in a jump that has no node, and the nodes of its `else` below it."""
    branch = node["branches"][0]
    into_jump = context.child("b0")
    if branch["nodes"] and drawer.view.folding.folds(node, context.level):
        jump = drawer.node(without_rest(node), entry, context)
        onward, end = jump.next, tuple(replace(end, kind=ArrowKind.LEAVE) for end in jump.next)
        jump = replace(jump, next=end)
    elif branch["nodes"]:
        with drawer.builder.frame(context.identity, FrameKind.CHOICE):
            onward = _only_condition(drawer, branch, entry, context.child("choice"))
            jump = drawer.part(branch, branch["nodes"], (replace(onward[0], label=YES),), into_jump.deeper())
    else:
        onward = _only_condition(drawer, branch, entry, context)
        jump = drawer.part(branch, [], (replace(onward[0], label=YES, kind=ArrowKind.LEAVE),), into_jump)
    after = drawer.part(continuation, continuation["nodes"], onward, context.child("b1"))
    return replace(combine((jump, after)), next=after.next + jump.next)


YES: Final = "yes"
"""The label of the arrow from a condition to its branch. The arrow past the branch has no label."""


def _condition(drawer: Drawer, branch: Branch, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw the only branch of an `if` below its condition."""
    diamond = _only_condition(drawer, branch, entry, context.child("choice"))
    into = (replace(diamond[0], label=YES),)
    drawn = drawer.part(branch, branch["nodes"], into, context.child("b0"))
    return replace(drawn, next=drawer.builder.join(f"{context.identity}_join", drawn.next + diamond))


def _guard(drawer: Drawer, branch: Branch, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw an `if` that only leaves: its condition, with the exit beside the main path."""
    diamond = _only_condition(drawer, branch, entry, context)
    drawn = drawer.nodes(branch["nodes"], (replace(diamond[0], label=YES, kind=ArrowKind.LEAVE),), context.child("b0"))
    return replace(drawn, next=diamond)


def _only_condition(drawer: Drawer, branch: Branch, entry: LooseEnds, context: NodeContext) -> LooseEnds:
    """Draw the condition of the only branch, with the mark of the `if` or else of the branch."""
    if context.identity not in drawer.builder.marks:
        drawer.mark(branch, context)
    return drawer.builder.box(context.identity, BoxKind.CHOICE, *_branch_lines(drawer, branch), entry=entry)


def draw_switch(drawer: Drawer, node: Switch, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw a `switch`. Without a default case, an arrow leads past all cases."""
    with drawer.builder.frame(context.identity, FrameKind.CHOICE, "switch"):
        diamond = drawer.builder.box(f"{context.identity}_choice", BoxKind.CHOICE, node["discriminant"], entry=entry)
        return _branches(drawer, node, diamond[0], context, ("default", "no match"))


def _draw_handlers(drawer: Drawer, node: Switch, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw the choice between handlers in the frame of their `catch`. Another exception leaves the `try`."""
    diamond = drawer.builder.box(f"{context.identity}_choice", BoxKind.CHOICE, node["discriminant"], entry=entry)
    return _branches(drawer, node, diamond[0], context, ("default", ""), leads_past=False)


def _branches(
    drawer: Drawer,
    node: If | Switch,
    diamond: LooseEnd,
    context: NodeContext,
    words: tuple[str, str],
    *,
    leads_past: bool = True,
) -> DrawnExits:
    """Draw branches. `words` label the branch without a condition and the arrow past all branches."""
    default, implied = words
    parts: list[DrawnExits] = []
    for index, branch in enumerate(node["branches"]):
        mark = drawer.view.mark(branch)
        sign = "" if mark is None or mark.quiet else f"{mark.kind.sign} "
        entry = (LooseEnd(diamond.box, label=sign + " · ".join(_branch_lines(drawer, branch, default))),)
        parts.append(drawer.part(branch, branch["nodes"], entry, context.child(f"b{index}")))
    if leads_past and not is_exhaustive(node, drawer.view.details):
        parts.append(DrawnExits((LooseEnd(diamond.box, label=implied),)))
    exits = combine(parts)
    return replace(exits, next=drawer.builder.join_ends(f"{context.identity}_join", exits.next))


def _branch_lines(drawer: Drawer, branch: Branch, default: str = "else") -> tuple[str, ...]:
    """Return the condition of a branch, then the remarks on the branch."""
    details = drawer.view.details
    return (branch_text(branch, default, details), *details.remarks(branch))


def draw_loop(drawer: Drawer, node: Loop, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw a loop. Its end and its `break`s join after it."""
    builder, source = drawer.builder, drawer.view.details.source(node)
    head, foot = f"{context.identity}_head", f"{context.identity}_foot"
    with builder.frame(context.identity, FrameKind.LOOP, "" if source else "loop"):
        begin = (
            builder.box(head, BoxKind.HEAD, source, entry=entry)
            if source
            else builder.box(head, BoxKind.JOIN, entry=entry)
        )
        body = drawer.filling(node["nodes"], begin, context)
        if body.next:
            end = builder.box(foot, BoxKind.JOIN, entry=body.next)
            builder.lead((LooseEnd(foot, ArrowKind.AGAIN),), head)
            end = () if source in ENDLESS_LOOPS else end
        elif source in ENDLESS_LOOPS:
            end = ()
        else:
            # Every iteration leaves the loop early, so its normal end is reached only without any iteration.
            end = builder.box(foot, BoxKind.JOIN, entry=(LooseEnd(head, ArrowKind.SKIP, "no pass"),))
    ends = end + body.breaks
    return replace(body, next=builder.join(f"{context.identity}_after", ends) if ends else (), breaks=())


def draw_try(drawer: Drawer, node: Try, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw a `try`. A failure leads from the body as a whole to the `catch` or, without one, past the body."""
    inside = context.before_finally() if "finally_block" in node else context
    with drawer.builder.frame(context.identity, FrameKind.TRY, "try"):
        within = inside.before_handlers() if "catch_block" in node else inside
        body = _body(drawer, node, entry, within, inside)
        failure = _failure(drawer, inside.child("try"))
        if "catch_block" in node:
            caught = _part(drawer, FrameKind.CATCH, node["catch_block"], failure, inside.child("catch"))
            body, failure = combine((body, _recovered(caught))), ()
        if "finally_block" in node:
            return _finally(drawer, node["finally_block"], body, failure, context)
        return replace(body, next=drawer.builder.join(f"{context.identity}_join", body.next + failure))


def _body(drawer: Drawer, node: Try, entry: LooseEnds, within: NodeContext, inside: NodeContext) -> DrawnExits:
    """Draw the body of a `try`, `within` the protection of its handlers, and its `else`."""
    parts, context = try_body(node, drawer.view.details), within.child("try")
    empty = drawer.view.when_empty(parts.described)
    body = _part(drawer, FrameKind.TRY_BODY, parts.protected, entry, context, empty)
    if parts.otherwise is None:
        return body
    drawer.mark(parts.block, context)
    unprotected = inside.child("else")
    with drawer.builder.frame(unprotected.identity, FrameKind.ELSE, "else"):
        return body.then(drawer.part(parts.block, parts.otherwise, body.next, unprotected, empty=NO_STEPS))


def _part(
    drawer: Drawer, kind: FrameKind, block: Block, entry: LooseEnds, context: NodeContext, empty: str = ""
) -> DrawnExits:
    entry = tuple(replace(end, into=context.identity) if end.kind is ArrowKind.FAILURE else end for end in entry)
    title = {FrameKind.CATCH: drawer.view.details.source(block) or "catch", FrameKind.FINALLY: "finally"}.get(kind, "")
    drawer.mark(block, context)
    with drawer.builder.frame(context.identity, kind, title):
        choice = handlers_in(block["nodes"]) if kind is FrameKind.CATCH else None
        if choice is None or drawer.view.mark(choice) or drawer.view.folding.folds(choice, context.level):
            drawn = drawer.part(block, block["nodes"], entry, context, empty=empty or drawer.view.when_empty(block))
        else:
            drawn = _draw_handlers(drawer, choice, entry, context.child(0).deeper())
    return replace(drawn, next=tuple(_outside(end, context) for end in drawn.next))


def _outside(end: LooseEnd, context: NodeContext) -> LooseEnd:
    """Return an end for use after a part. If nothing was drawn in the part, the end no longer leads to its edge."""
    return replace(end, into="") if end.into == context.identity else end


def _failure(drawer: Drawer, body: NodeContext, label: str = "on failure") -> LooseEnds:
    """Return the arrow from the frame of the body, which may fail anywhere, or from its box if it is folded."""
    first_box = drawer.builder.first_boxes.get(body.identity)
    if first_box is None:
        return (LooseEnd(body.identity, ArrowKind.FAILURE, label),)
    return (LooseEnd(first_box, ArrowKind.FAILURE, label, frame=body.identity),)


def _recovered(caught: DrawnExits) -> DrawnExits:
    """Return the exits of a `catch`, with another kind of arrow to the next node."""
    ends = (replace(end, kind=ArrowKind.RECOVERED) if end.kind is ArrowKind.NEXT else end for end in caught.next)
    return replace(caught, next=tuple(ends))


def _finally(drawer: Drawer, block: Block, before: DrawnExits, failure: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw a `finally`. The paths into it continue after it: to the next node, or in a box for each kind of exit."""
    entry = drawer.builder.join_ends(f"{context.identity}_join", before.all()) + failure
    final = _part(drawer, FrameKind.FINALLY, block, entry, context.child("finally"))
    ends: dict[LeavingKind, LooseEnds] = {
        "raise": before.raises + failure,
        "return": before.returns,
        "break": before.breaks,
    }
    kinds = [kind for kind, paths in ends.items() if paths]
    after = drawer.builder.join(f"{context.identity}_after", final.next) if kinds else final.next
    if not after:
        return final
    resumed = [_resumed(drawer, kind, after, context) for kind in kinds]
    return combine((replace(final, next=after if before.next else ()), *resumed))


def _resumed(drawer: Drawer, kind: LeavingKind, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw an exit that continues after a `finally`."""
    arrow = ArrowKind.FAILURE if kind == "raise" else ArrowKind.LEAVE
    ends = tuple(replace(end, kind=arrow) for end in entry)
    return draw_exit(drawer.builder, kind, (f"{kind}, after finally",), ends, context.child(kind))


def draw_parallel(drawer: Drawer, node: Parallel, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw a group between two bars: a fork, and a merge where the group ends."""
    builder = drawer.builder
    drawer.clocks.enter(node)
    title = " · ".join(filter(None, (f"parallel {node['kind']}", drawer.view.details.source(node))))
    with builder.frame(context.identity, FrameKind.PARALLEL, title):
        fork = builder.box(f"{context.identity}_fork", BoxKind.FORK, entry=entry)
        if node["nodes"]:
            exits = draw_group(drawer, node["nodes"], fork, context.grouped(node, drawer.view.details), node)
        else:
            exits = drawer.filling((), fork, context)
        if exits.next:
            (end,) = builder.box(f"{context.identity}_join", BoxKind.MERGE, entry=exits.next)
            exits = replace(exits, next=(replace(end, label=" · ".join(drawer.view.details.remarks(node))),))
    return exits


def draw_group(
    drawer: Drawer, nodes: Sequence[Node], entry: LooseEnds, context: NodeContext, group: Parallel | None = None
) -> DrawnExits:
    """Draw the nodes of a group, or of a list with clocks, in their order."""
    order = member_order(nodes, drawer.view.details)
    start = _shared_entry(drawer.builder, entry, order, context)
    gates = _Gates(drawer.builder, order, start, context, Counter(order.before))
    drawn: dict[int, DrawnExits] = {}
    for index in order.sequence:
        exits = drawer.node(nodes[index], gates.entry(index, drawn), context.child(index))
        if not exits.next and may_fail_alone(nodes[index], group, drawer.view.details):
            exits = replace(exits, next=_failure(drawer, context.child(index), ""))
        drawn[index] = exits
    waits = group is None or not is_over_at_the_first(group)
    awaited = {index for index, node in enumerate(nodes) if not (waits and is_unawaited(node))}
    ends = tuple(end for index in order.last if index in awaited for end in drawn[index].next)
    never_continues = any(not drawn[index].next for index in awaited)
    members = combine([drawn[index] for index in range(len(nodes))])
    return replace(members, next=() if never_continues else ends or start)


class _Gates(Struct):
    """Joins shared by nodes with the same predecessors."""

    builder: ChartBuilder
    order: GroupOrder
    start: LooseEnds
    context: NodeContext
    users: Counter[tuple[int, ...]]
    open: dict[tuple[int, ...], LooseEnds] = field(default_factory=dict)

    def entry(self, index: int, drawn: Mapping[int, DrawnExits]) -> LooseEnds:
        """Return the ends that lead to the node at `index`."""
        before = self.order.before[index]
        if not before:
            return self.start
        if before not in self.open:
            ends = tuple(end for earlier in before for end in drawn[earlier].next)
            is_shared = self.users[before] > 1
            self.open[before] = self.builder.join(f"{self.context.identity}_gate{index}", ends) if is_shared else ends
        return self.open[before]


def _shared_entry(builder: ChartBuilder, entry: LooseEnds, order: GroupOrder, context: NodeContext) -> LooseEnds:
    """Return the ends that lead to all nodes without predecessors, joined so that no label is repeated."""
    is_shared = order.before.count(()) > 1
    is_one_plain_end = len(entry) == 1 and not entry[0].label
    return builder.join_ends(f"{context.identity}_in", entry) if is_shared and not is_one_plain_end else entry
