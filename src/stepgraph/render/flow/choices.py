"""Drawing `if` and `switch`: a diamond, its branches, and the point where they meet again."""

from __future__ import annotations

from collections.abc import Sequence

from stepgraph.model.payload import Branch, If, Switch
from stepgraph.render.flow.chart import BoxKind, FrameKind
from stepgraph.render.flow.chart_builder import LooseEnd, LooseEnds
from stepgraph.render.flow.drawing import Drawer, Exits, Place, together
from stepgraph.render.node_text import branch_text, has_no_way_past


def draw_if(drawer: Drawer, node: If, entry: LooseEnds, place: Place) -> Exits:
    """Draw an `if`; without an `else`, its way past all branches is drawn as one."""
    with drawer.builder.frame(place.id, FrameKind.CHOICE):
        diamond = drawer.builder.box(f"{place.id}_choice", BoxKind.CHOICE, "if", entry=entry)
        return _branches(drawer, node["branches"], diamond[0], place, ("else", "else"))


def draw_switch(drawer: Drawer, node: Switch, entry: LooseEnds, place: Place) -> Exits:
    """Draw a `switch`; without a default, a way past all cases."""
    with drawer.builder.frame(place.id, FrameKind.CHOICE, "switch"):
        diamond = drawer.builder.box(f"{place.id}_choice", BoxKind.CHOICE, node["discriminant"], entry=entry)
        return _branches(drawer, node["branches"], diamond[0], place, ("default", "no match"))


def _branches(
    drawer: Drawer, branches: Sequence[Branch], diamond: LooseEnd, place: Place, words: tuple[str, str]
) -> Exits:
    """Draw the branches; `words` are for the branch without a condition, and for the way past them all."""
    otherwise, past = words
    ways: list[Exits] = []
    for index, branch in enumerate(branches):
        mark = drawer.view.mark(branch)
        sign = "" if mark is None or mark.quiet else f"{mark.kind.sign} "
        text = " · ".join((branch_text(branch, otherwise, drawer.view.details), *drawer.view.details.remarks(branch)))
        entry = (LooseEnd(diamond.box, label=f"{sign}{text}"),)
        ways.append(drawer.nodes(branch["nodes"], entry, place.below(f"b{index}")))
    if not has_no_way_past(branches, drawer.view.details):
        ways.append(Exits((LooseEnd(diamond.box, label=past),)))
    exits = together(ways)
    met = drawer.builder.meet(f"{place.id}_join", exits.next)
    return Exits(met, exits.breaks, exits.returns)
