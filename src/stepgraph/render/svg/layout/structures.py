"""The figures of `if`, `switch` and `try`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stepgraph.model.payload import Block, Branch, If, Switch, Try, is_generated
from stepgraph.render.context import NodeContext
from stepgraph.render.node_text import NO_BLOCK, branch_text, is_exhaustive
from stepgraph.render.svg import icons
from stepgraph.render.svg.figures.branches import BranchColumn, Branches
from stepgraph.render.svg.figures.figure import GAP, Figure
from stepgraph.render.svg.figures.frame import FrameFigure
from stepgraph.render.svg.figures.label import WIDEST_NAME, Label, add_remark, heading, plain_label
from stepgraph.render.svg.figures.leaf import ExitPill, SvgGroup
from stepgraph.render.svg.figures.try_panels import TryFinally, TryPanels
from stepgraph.render.svg.layout.labels import exit_pill, title_line
from stepgraph.render.svg.layout.layout import Layout

WIDEST_CONDITION: Final = 230


def measure_if(layout: Layout, node: If, context: NodeContext) -> Figure:
    """Return an `if`. Without an `else`, an implied branch leads past it."""
    branches = _branches(layout, node["branches"], context, ("else", "else"))
    return FrameFigure(
        SvgGroup("choice", context.identity, if_title(node)),
        heading(icons.CHOICE, "if"),
        branches,
        0,
        layout.folds,
    )


def measure_switch(layout: Layout, node: Switch, context: NodeContext) -> Figure:
    """Return a `switch`. Without a default case, an implied branch leads past it."""
    branches = _branches(layout, node["branches"], context, ("default", "no match"))
    label = heading(icons.SWITCH, "switch", node["discriminant"])
    return FrameFigure(
        SvgGroup("choice", context.identity, f"switch {node['discriminant']}"), label, branches, 0, layout.folds
    )


def if_title(node: If) -> str:
    """Return the conditions of an `if` on one line."""
    conditions = [branch["condition"] for branch in node["branches"] if branch["condition"] is not None]
    return title_line("if", *conditions)


def _branches(layout: Layout, branches: Sequence[Branch], context: NodeContext, words: tuple[str, str]) -> Figure:
    """Return the branches; `words` are the texts of a branch without a condition and of the implied branch."""
    otherwise, implied_text = words
    planned: list[BranchColumn] = []
    for index, branch in enumerate(branches):
        details = layout.view.details
        text = branch_text(branch, otherwise, details)
        condition = branch["condition"]
        is_code = bool(details.source(branch)) or (condition is not None and not is_generated(condition))
        label = heading("", "", text or " ", widest=WIDEST_CONDITION) if is_code else plain_label(text)
        for phrase in details.remarks(branch):
            label = add_remark(label, phrase)
        inside = context.inside(f"{context.identity}.{index + 1}")
        body = layout.stack(branch["nodes"], inside, tail=0) if branch["nodes"] else None
        planned.append(
            BranchColumn(label, body, title_line(text, *details.remarks(branch)), mark=layout.view.mark(branch))
        )
    if is_exhaustive(branches, layout.view.details):
        return Branches(planned, None)
    implied = BranchColumn(plain_label(implied_text), None, implied_text, implied=True)
    leaves = len(planned) == 1 and not planned[0].goes_on
    # A branch that always leaves is to the right, where exits are.
    return Branches([implied, *planned] if leaves else [*planned, implied], 0 if len(planned) == 1 else None)


def measure_try(layout: Layout, node: Try, context: NodeContext) -> Figure:
    """Return a `try`: the body, `catch` beside it, `finally` below both."""
    body, _ = _panel(layout, node.get("try_block", NO_BLOCK), ("body", "try body"), None, context)
    catch: Figure | None = None
    catch_edge = 0
    if "catch_block" in node:
        handler = layout.view.details.source(node["catch_block"])
        label = heading(icons.CAUGHT, "" if handler else "catch", handler, widest=WIDEST_NAME)
        catch, catch_edge = _panel(layout, node["catch_block"], ("catch", "catch, on failure"), label, context)
    content: Figure = TryPanels(body, catch, catch_edge)
    if "finally_block" in node:
        label = heading(icons.FINALLY, "finally")
        final, _ = _panel(layout, node["finally_block"], ("finally", "finally, in any case"), label, context)
        protected = TryPanels(body, catch, catch_edge, final=True)
        content = TryFinally(protected, final, _resumed_exits(protected, final))
    return FrameFigure(
        SvgGroup("try", context.identity, "try"), heading(icons.PROTECTED, "try"), content, 0, layout.folds
    )


def _resumed_exits(panels: TryPanels, final: Figure) -> list[ExitPill]:
    """Return the pills of the exits that continue after a `finally`; `return` comes first, because it leads farther."""
    if not final.goes_on:
        return []
    exits = panels.exits
    kinds = [kind for kind, first in (("return", exits.returns), ("break", exits.breaks)) if first is not None]
    return [exit_pill(kind, "", f"{kind}, after finally") for kind in kinds]


def _panel(
    layout: Layout, block: Block, words: tuple[str, str], label: Label | None, context: NodeContext
) -> tuple[Figure, int]:
    """Return the frame of a block with its mark, and the distance from the spine to the left edge of the frame."""
    css, title = words
    inside = context.inside(f"{context.identity}.{css}")
    stack = layout.stack(block["nodes"], inside, empty=layout.view.when_empty(block))
    frame = FrameFigure(SvgGroup(f"panel {css}", inside.identity, title), label, stack, GAP)
    return layout.marked(frame, block), frame.left_extent
