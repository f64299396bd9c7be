"""The figures of `if`, `switch`, `try` and concurrent nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, assert_never

from msgspec.structs import replace

from stepgraph.model.walk import handlers_in
from stepgraph.render.folding import (
    LeavingKind,
    exit_kind,
    exit_kinds,
    fails_after_finally,
    folded_title,
    is_run,
    loop_of_passes,
)
from stepgraph.render.group_order import (
    RowSpan,
    clock_span,
    is_over_at_the_first,
    is_unawaited,
    may_fail_alone,
    row_spans,
)
from stepgraph.render.node_text import (
    NO_BLOCK,
    TryBody,
    branch_text,
    is_exhaustive,
    try_body,
    without_rest,
)
from stepgraph.render.svg.figures.branches import BranchColumn, Branches
from stepgraph.render.svg.figures.clock_rows import ClockRows, MemberFigure
from stepgraph.render.svg.figures.columns import is_too_wide
from stepgraph.render.svg.figures.figure import GAP, Figure
from stepgraph.render.svg.figures.frame import FrameFigure, room_above
from stepgraph.render.svg.figures.guard import Guard
from stepgraph.render.svg.figures.label import BETWEEN, Label, heading, plain_label
from stepgraph.render.svg.figures.leaf import ExitPill, SvgGroup
from stepgraph.render.svg.figures.stack import Stack, rejoin
from stepgraph.render.svg.figures.state_signs import FigureRun
from stepgraph.render.svg.figures.tiers import StaggeredRows, in_tiers
from stepgraph.render.svg.figures.try_panels import TryFinally, place_panels
from stepgraph.render.svg.identities import identities
from stepgraph.render.svg.layout.interface import Layout
from stepgraph.render.svg.layout.labels import (
    condition_labels,
    empty_box,
    end_of_group,
    exit_pill,
    folded_style,
    heading_of_branch,
    title_line,
)
from stepgraph.render.svg.lengths import Length, value_of
from stepgraph.render.svg.pen import Icon
from stepgraph.render.traversal import NOT_ENTERED, TRAVERSED, Traversal
from stepgraph.render.view import NodeContext, View, guard_exit, is_always_run, is_covered, rest_of_guard

if TYPE_CHECKING:
    from stepgraph.model.payload import Block, Branch, Break, If, Loop, Node, Parallel, Switch, Try

_BARS_OF_ONE_ROW: Final = 2
_NO_MATCH: Final = "no match"
_EITHER_OR: Final = 2
"""The number of branches of an `if` with an `else`."""

_MIN_ROWS_WIDTH: Final = 300
_AROUND_LEVEL: Final = 32
"""The width of the sides of a frame, and of the lines beside its contents."""

_Item = TypeVar("_Item", BranchColumn, Figure)


class _PanelLabel(Protocol):
    """Makes the label of the frame of a block."""

    def __call__(self, *, room: int) -> Label:
        """Return the label for a frame with this room for it."""


def measure_structure(layout: Layout, node: If | Parallel | Switch | Try, context: NodeContext) -> Figure:
    """Return the figure of a choice, of concurrent work, or of a `try`."""
    match node["type"]:
        case "if":
            return _measure_if(layout, node, context)
        case "parallel":
            return _measure_parallel(layout, node, context)
        case "switch":
            return _measure_switch(layout, node, context)
        case "try":
            return _measure_try(layout, node, context)
        case _ as never:
            assert_never(never)


def _measure_if(layout: Layout, node: If, context: NodeContext) -> Figure:
    """Return an `if`, with an implied branch if it lacks an `else`.

    The band shows the condition of a single branch. If this branch is only an exit, the `if` is a guard.
    """
    branches = node["branches"]
    if is_always_run(node, layout.view):
        layout.frameless.add(id(node))
        (branch,) = branches
        return layout.part(branch, branch["nodes"], context.at(f"{context.identity}.1"), tail=0, entered=False)
    if (continuation := rest_of_guard(node, layout.view)) is not None:
        return _measure_guarded(layout, node, continuation, context)
    if (only := guard_exit(node, layout.view)) is not None:
        return _measure_guard(layout, branches[0], only, context)
    implied = BranchColumn(None, None, traversal=_implied_traversal(layout, node))
    if len(branches) == 1 and layout.view.mark(branches[0]) is None:
        return _one_branch(layout, node, implied, context)
    group = SvgGroup("choice", context.identity, if_title(node))
    content = _branches(layout, node, context, "else", implied)
    return FrameFigure(group, heading(Icon.CHOICE, "if"), content, 0, layout.folded_form(node, context))


def _one_branch(layout: Layout, node: If, implied: BranchColumn, context: NodeContext) -> FrameFigure:
    """Return an `if` with a single branch, whose condition is in the band."""
    (branch,) = node["branches"]
    body = layout.part(branch, branch["nodes"], context.inside(f"{context.identity}.1"), tail=0)
    content = _with_implied(layout, [BranchColumn(None, body, traversal=_traversal(layout, branch))], implied, context)
    label = heading_of_branch(branch, layout.view.details, layout.widths, room_above(content))
    group = SvgGroup("choice", context.identity, if_title(node))
    return FrameFigure(group, label, content, 0, layout.folded_form(node, context))


def _measure_switch(layout: Layout, node: Switch, context: NodeContext) -> Figure:
    """Return a `switch`, with an implied branch if it lacks a default case."""
    traversal = _implied_traversal(layout, node)
    implied = BranchColumn(plain_label(_NO_MATCH), None, _NO_MATCH, implied=True, traversal=traversal)
    branches = _branches(layout, node, context, "default", implied)
    room = room_above(branches)
    label = heading(Icon.SWITCH, "switch", node["discriminant"], widest=layout.widths.code, room=room)
    group = SvgGroup("choice", context.identity, f"switch {node['discriminant']}")
    return FrameFigure(group, label, branches, 0, layout.folded_form(node, context))


def if_title(node: If) -> str:
    """Return the conditions of an `if` on one line."""
    conditions = [branch["condition"] for branch in node["branches"] if branch["condition"] is not None]
    return title_line("if", *conditions)


def _measure_guarded(layout: Layout, node: If, continuation: Branch, context: NodeContext) -> Stack:
    """Return an `if` whose first branch ends in a jump that has no node, and the nodes of its `else` below it."""
    run = None
    if layout.view.progress is not None:
        entered, exited = _traversal(layout, node).entered, _traversal(layout, continuation).entered
        run = FigureRun(Traversal(entered, exited))
    first = _measure_jump(layout, node, run, context)
    body = layout.part(continuation, continuation["nodes"], context.at(f"{context.identity}.2"), tail=0, entered=False)
    return Stack([first, *(body.figures if isinstance(body, Stack) else [body])], entered=False)


def _measure_jump(layout: Layout, node: If, run: FigureRun | None, context: NodeContext) -> Figure:
    """Return the first branch of an `if`, which ends in a jump: a guard, a frame, or a folded box."""
    branch, alone = node["branches"][0], without_rest(node)
    if not branch["nodes"]:
        jump = layout.part(branch, [], context.inside(f"{context.identity}.1"))
        pill = jump.figures[0] if isinstance(jump, Stack) else jump
        title = title_line("if", branch["condition"] or "", *layout.view.details.remarks(branch))
        group = SvgGroup("guard", context.identity, title, run)
        return Guard(
            group, heading_of_branch(branch, layout.view.details, layout.widths), pill, value_of(pill.left_extent)
        )
    if layout.view.folding.folds(node, context.level):
        figure = layout.folded_box(alone, context)
    else:
        implied = BranchColumn(None, None, traversal=NOT_ENTERED if run and not run.traversal.exited else TRAVERSED)
        figure = _one_branch(layout, alone, implied, context)
    if run is None:
        return figure
    # Imported here because most drawings have no instance, and start-up time counts.
    from stepgraph.render.svg.layout.runs import with_traversal

    return with_traversal(figure, run.traversal)


def _measure_guard(layout: Layout, branch: Branch, node: Break, context: NodeContext) -> Guard:
    inside = context.inside(f"{context.identity}.1")
    (identity,) = identities([node], inside.identity)
    layout.nodes_by_id[identity] = node
    details = layout.view.details
    kind = exit_kind(node, details)
    pill = exit_pill(kind, inside.at(identity), layout.widths, word=node["kind"], details=details.of(node))
    title = title_line("if", branch["condition"] or "", *details.remarks(branch))
    group, label = (
        SvgGroup("guard", context.identity, title),
        heading_of_branch(branch, layout.view.details, layout.widths),
    )
    is_part = layout.view.mark(branch) is not None
    return Guard(group, label, layout.marked(pill, node, quiet=is_part), pill.left_extent)


def _branches(layout: Layout, node: If | Switch, context: NodeContext, otherwise: str, implied: BranchColumn) -> Figure:
    """Return the branches of a node. `otherwise` is the text of a branch without a condition."""
    columns = _columns(layout, node["branches"], context, otherwise)
    if is_exhaustive(node, layout.view.details):
        return _branch_rows(layout, _with_exits_last(columns) if node["type"] == "if" else columns, context)
    return _with_implied(layout, columns, implied, context)


def _columns(
    layout: Layout, branches: Sequence[Branch], context: NodeContext, otherwise: str
) -> Sequence[BranchColumn]:
    labels = condition_labels(branches, otherwise, layout.view.details, layout.widths)
    return [
        _column(layout, branch, context.inside(f"{context.identity}.{index}"), otherwise, label)
        for index, (branch, label) in enumerate(zip(branches, labels, strict=True), 1)
    ]


def _with_exits_last(columns: Sequence[BranchColumn]) -> Sequence[BranchColumn]:
    """Return an `else` that continues before a branch that leaves, whose line would cross the spine of the `else`."""
    if len(columns) == _EITHER_OR and columns[0].exits and not columns[0].continues and columns[1].continues:
        return columns[::-1]
    return columns


def _with_implied(
    layout: Layout, columns: Sequence[BranchColumn], implied: BranchColumn, context: NodeContext
) -> Figure:
    """Return branches with the implied one: to the right, or to the left of a single branch that always leaves."""
    leaves = len(columns) == 1 and not columns[0].continues
    return _branch_rows(layout, [implied, *columns] if leaves else [*columns, implied], context)


def _branch_rows(layout: Layout, columns: Sequence[BranchColumn], context: NodeContext) -> Figure:
    """Return branches side by side, or in tiers below each other if they would be too wide."""
    return _in_rows(layout, context, columns, partial(Branches, compact=layout.view.compact))


def _in_rows(
    layout: Layout,
    context: NodeContext,
    items: Sequence[_Item],
    rows_of: Callable[[Sequence[_Item]], Figure],
    last_bar: str = "",
) -> Figure:
    """Return branches or members in rows, or in tiers of rows below each other if they would be too wide."""
    max_width = layout.view.max_rows_width
    if max_width is None:
        return rows_of(items)
    return in_tiers(items, rows_of, max(_MIN_ROWS_WIDTH, max_width - _AROUND_LEVEL * (context.level - 1)), last_bar)


def _column(layout: Layout, branch: Branch, inside: NodeContext, otherwise: str, condition: Label) -> BranchColumn:
    details = layout.view.details
    detail = details.of(branch)
    has_body = branch["nodes"] or detail.final_raise or detail.final_jump or detail.guards
    body = layout.part(branch, branch["nodes"], inside, tail=0) if has_body else None
    title = title_line(branch_text(branch, otherwise, details), *details.remarks(branch))
    mark = layout.view.mark(branch)
    identity = "" if mark is None else f"{inside.identity}.condition"
    return BranchColumn(condition, body, title, mark=mark, identity=identity, traversal=_traversal(layout, branch))


def _traversal(layout: Layout, part: Mapping[str, object]) -> Traversal:
    """Return the traversal of a node, branch or block by the drawn instance."""
    progress = layout.view.progress
    return TRAVERSED if progress is None else progress.traversals.of(part)


def _implied_traversal(layout: Layout, node: If | Switch) -> Traversal:
    progress = layout.view.progress
    return TRAVERSED if progress is None or id(node) in progress.traversals.implied else NOT_ENTERED


def _measure_try(layout: Layout, node: Try, context: NodeContext) -> Figure:
    """Return a `try`, with the body on the spine, the `catch` beside or below it, and the `finally` below."""
    inside = context.before_finally() if "finally_block" in node else context
    within = inside.before_handlers(_source_of_handlers(layout, node)) if "catch_block" in node else inside
    protected, otherwise = _body_panels(layout, node, within, inside)
    catch: Figure | None = None
    catch_edge: Length = 0
    if "catch_block" in node:
        has_branches = handlers_in(node["catch_block"]["nodes"]) is not None
        handler = "except" if has_branches else layout.view.details.source(node["catch_block"])
        label = partial(heading, Icon.CAUGHT, "" if handler else "catch", handler, widest=layout.widths.name)
        title = f"{handler or 'catch'}, on failure"
        catch, catch_edge = _panel(layout, node["catch_block"], ("catch", title), label, inside)
    is_final = "finally_block" in node
    failed = catch.traversal.entered if catch is not None else not is_final or _fails_into_final(layout, node)
    panels = place_panels(protected, otherwise, catch, catch_edge, final=is_final, failed=failed)
    content: Figure = panels
    if "finally_block" in node:
        label = partial(heading, Icon.FINALLY, "finally")
        final, _ = _panel(layout, node["finally_block"], ("finally", "finally, in any case"), label, context)
        content = TryFinally(panels, final, _resumed_exits(layout, node, catch, final, context))
    group = SvgGroup("try", context.identity, "try")
    return FrameFigure(group, heading(Icon.PROTECTED, "try"), content, 0, layout.folded_form(node, context))


def _fails_into_final(layout: Layout, node: Try) -> bool:
    """Return whether a failure of the body led the drawn instance into the `finally`."""
    progress = layout.view.progress
    is_entered = _traversal(layout, node.get("finally_block", NO_BLOCK)).entered
    return progress is None or (is_entered and progress.state(node.get("try_block", NO_BLOCK)) == "failed")


def _body_panels(layout: Layout, node: Try, within: NodeContext, inside: NodeContext) -> tuple[Figure, Figure | None]:
    """Return the panels of the body of a `try`, `within` the protection of its handlers, and of its `else`."""
    parts = try_body(node, layout.view.details)
    body, _ = _panel(layout, parts.protected, ("body", "try body"), None, within, body=parts)
    if parts.otherwise is None:
        return body, None
    panel = inside.inside(f"{inside.identity}.else")
    content = layout.part(parts.block, parts.otherwise, panel)
    group = SvgGroup("panel else", panel.identity, "else, not protected")
    return layout.marked(body, parts.block), FrameFigure(group, heading(Icon.ELSE, "else"), content, GAP)


def _source_of_handlers(layout: Layout, node: Try) -> str:
    """Return the `except` clause of a `try`, or a phrase if there are several."""
    catch = node.get("catch_block", NO_BLOCK)
    return layout.view.details.source(catch) if handlers_in(catch["nodes"]) is None else "one of the handlers"


_RESUMED: Final[tuple[LeavingKind, ...]] = ("raise", "return", "break")
"""The order of the exits that continue after a `finally`: those that lead farther come first."""


def _resumed_exits(
    layout: Layout, node: Try, catch: Figure | None, final: Figure, context: NodeContext
) -> list[ExitPill]:
    """Return the pills of the exits that continue after a `finally`, including an uncaught exception."""
    if not final.continues:
        return []
    details = layout.view.details
    kinds = set(exit_kinds(node.get("try_block", NO_BLOCK), details))
    if "catch_block" in node:
        # Handlers that catch only some exceptions raise the others.
        kinds = kinds - {"raise"} | exit_kinds(node["catch_block"], details)
        if catch is not None and catch.exits.returns is not None and fails_after_finally(node["catch_block"], details):
            kinds.add("raise")
    else:
        kinds.add("raise")
    unnamed = replace(context.at(""), handler="")
    pills = [
        exit_pill(kind, unnamed, layout.widths, word=kind, title=f"{kind}, after finally")
        for kind in _RESUMED
        if kind in kinds
    ]
    if (progress := layout.view.progress) is None:
        return pills
    resumed = progress.traversals.resumed.get(id(node))
    runs = [FigureRun(TRAVERSED if pill.kind == resumed else NOT_ENTERED) for pill in pills]
    return [replace(pill, group=replace(pill.group, run=run)) for pill, run in zip(pills, runs, strict=True)]


def _panel(
    layout: Layout,
    block: Block,
    words: tuple[str, str],
    label: _PanelLabel | None,
    context: NodeContext,
    *,
    body: TryBody | None = None,
) -> tuple[Figure, Length]:
    """Return the marked frame of a block, or of the protected part of a `body`, and its extent left of the spine."""
    css, title = words
    inside = context.inside(f"{context.identity}.{css}")
    group = SvgGroup(f"panel {css}", inside.identity, title)
    handlers = handlers_in(block["nodes"])
    if handlers is None or not _shares_frame(handlers, block, layout.view, inside):
        described, ends = (block, True) if body is None else (body.described, body.otherwise is None)
        content, lead = layout.part(described, block["nodes"], inside, ends=ends), GAP
    else:
        (identity,) = identities([handlers], inside.identity)
        layout.nodes_by_id[identity] = handlers
        layout.frameless.add(id(handlers))
        columns = _columns(layout, handlers["branches"], inside.at(identity), "default")
        content, lead = _branch_rows(layout, columns, inside), 0
    frame = FrameFigure(group, None if label is None else label(room=room_above(content)), content, lead)
    return layout.marked(frame, block), frame.left_extent


def _shares_frame(handlers: Switch, block: Block, view: View, inside: NodeContext) -> bool:
    """Return whether a choice between handlers is drawn without its own frame in the frame of its block."""
    return is_covered(view.mark(handlers), view.mark(block)) and not view.folding.folds(handlers, inside.level)


def _measure_parallel(layout: Layout, node: Parallel, context: NodeContext) -> Figure:
    """Return a group between two bars."""
    if (loop := loop_of_passes(node)) is not None:
        return _measure_passes(layout, node, loop, context)
    inside = context.inside(context.identity).grouped(node, layout.view.details)
    rows = _rows(layout, node["nodes"], inside, node)
    group, label = _group_and_label(layout, node, context, room_above(rows))
    return FrameFigure(group, label, rows, 0, layout.folded_form(node, context))


def _measure_passes(layout: Layout, node: Parallel, loop: Loop, context: NodeContext) -> Figure:
    """Return the group of a loop whose iterations run concurrently: one iteration in a stacked frame."""
    (identity,) = identities([loop], context.identity)
    layout.nodes_by_id[identity] = loop
    layout.frameless.add(id(loop))
    body = layout.stack(loop["nodes"], context.inside(identity).grouped(node, layout.view.details))
    head = layout.view.details.source(loop) or "every pass of the loop"
    group, label = _group_and_label(layout, node, context, room_above(body), head)
    frame = FrameFigure(group, label, body, GAP, layout.folded_form(node, context), stacked=True)
    return layout.marked(rejoin(frame, "breaks"), loop)


def _group_and_label(
    layout: Layout, node: Parallel, context: NodeContext, room: int, head: str = ""
) -> tuple[SvgGroup, Label]:
    """Return the SVG group and the label of a `parallel`, for a frame with this `room` for the label.

    Both show the function that makes the group, the head of the loop, the condition that ends the group, and remarks.
    """
    if is_run(node, layout.view.details):
        css, icon = folded_style(node, layout.view.details)
        title = folded_title(node, layout.view.details)
        return SvgGroup(css, context.identity, title), heading(icon, title)
    when = ", ".join(filter(None, (layout.view.details.source(node), head, end_of_group(node))))
    words = BETWEEN.join(filter(None, (when, *layout.view.details.remarks(node))))
    kind = f"parallel {node['kind']}"
    group = SvgGroup("parallel", context.identity, title_line(kind, words))
    return group, heading(Icon.PARALLEL, kind, words, widest=layout.widths.code, room=room, code=False)


def measure_unframed(layout: Layout, nodes: Sequence[Node], context: NodeContext) -> Figure:
    """Return concurrent nodes outside any group, such as tasks that nothing awaits."""
    rows = _rows(layout, nodes, context)
    title = "concurrent"
    return FrameFigure(
        SvgGroup("parallel", f"{context.identity}.concurrent", title), heading(Icon.PARALLEL, title), rows, 0
    )


def _rows(layout: Layout, nodes: Sequence[Node], context: NodeContext, group: Parallel | None = None) -> Figure:
    """Return the nodes of a group, or of a list with clocks, in columns.

    If these would be too wide, members are in two rows if they all overlap, or else in stacks.
    """
    ends_with_first = group is not None and is_over_at_the_first(group)
    if not nodes:
        return ClockRows(
            [MemberFigure(empty_box(f"{context.identity}.empty", layout.widths), RowSpan(0, 1))], ends_with_first
        )
    spans = row_spans([clock_span(node) for node in nodes])
    members: list[MemberFigure] = []
    for node, span, identity in zip(nodes, spans, identities(nodes, context.identity), strict=True):
        inside = context.at(identity)
        if node["type"] == "block" and node["nodes"]:
            # A column is a sequence anyway, so the block needs no frame.
            figure = layout.stack(node["nodes"], inside, tail=0, entered=False)
        else:
            figure = layout.measure(node, inside)
        awaited = ends_with_first or not is_unawaited(node)
        awaited = awaited and (figure.continues or not may_fail_alone(node, group, layout.view.details))
        members.append(MemberFigure(figure, span, awaited))
    if any(layout.view.details.of(node).predecessors for node in nodes):
        # Imported here because clocks show the order of most groups, and start-up time counts.
        from stepgraph.render.svg.layout.member_chains import with_chains

        members = with_chains(members, nodes, layout.view.details)
    rows = ClockRows(members, ends_with_first)
    if not is_too_wide(rows.columns, compact=layout.view.compact):
        return rows
    if len(rows.bars) == _BARS_OF_ONE_ROW and not any(_needs_lane(member) for member in members):
        rows_of = partial(StaggeredRows, ends_with_first=ends_with_first)
        last_bar = "bar first" if ends_with_first else "bar"
        return _in_rows(layout, context, [member.figure for member in members], rows_of, last_bar)
    # Imported here because most pictures are narrow enough, and start-up time counts.
    from stepgraph.render.svg.figures.stacked_members import with_stacks

    return with_stacks(rows, compact=layout.view.compact)


def _needs_lane(member: MemberFigure) -> bool:
    """Return whether an exit or a loose end of a member needs a column of its own."""
    return bool(member.figure.exits) or not member.awaited
