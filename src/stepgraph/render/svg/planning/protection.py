"""Planning `try`."""

from __future__ import annotations

from stepgraph.model.payload import Block, Try
from stepgraph.render.node_text import NO_BLOCK
from stepgraph.render.svg import icons
from stepgraph.render.svg.figures.figure import GAP, Figure
from stepgraph.render.svg.figures.frame import Frame
from stepgraph.render.svg.figures.label import WIDEST_NAME, Label, heading
from stepgraph.render.svg.figures.leaf import Exit, Named
from stepgraph.render.svg.figures.protected import Finally, Protected
from stepgraph.render.svg.planning.labels import exit_pill
from stepgraph.render.svg.planning.place import Place, Planner


def plan_try(planner: Planner, node: Try, place: Place) -> Figure:
    """Return a `try`: the body, beside it what catches its failures, below both what runs in any case."""
    body, _ = _panel(planner, node.get("try_block", NO_BLOCK), ("body", "try body"), None, place)
    catch: Figure | None = None
    catch_edge = 0
    if "catch_block" in node:
        handler = planner.view.details.source(node["catch_block"])
        label = heading(icons.CAUGHT, "" if handler else "catch", handler, widest=WIDEST_NAME)
        catch, catch_edge = _panel(planner, node["catch_block"], ("catch", "catch, on failure"), label, place)
    content: Figure = Protected(body, catch, catch_edge)
    if "finally_block" in node:
        label = heading(icons.FINALLY, "finally")
        final, _ = _panel(planner, node["finally_block"], ("finally", "finally, in any case"), label, place)
        protected = Protected(body, catch, catch_edge, final=True)
        content = Finally(protected, final, _ways_on(protected, final))
    return Frame(Named("try", place.identity, "try"), heading(icons.PROTECTED, "try"), content, 0, planner.folds)


def _ways_on(protected: Protected, final: Figure) -> list[Exit]:
    """Return the pills of the ways out that go on after the last part, if that goes on itself: returns lead farther."""
    if not final.goes_on:
        return []
    exits = protected.exits
    kinds = [kind for kind, first in (("return", exits.returns), ("break", exits.breaks)) if first is not None]
    return [exit_pill(kind, "", f"{kind}, after finally") for kind in kinds]


def _panel(
    planner: Planner, block: Block, words: tuple[str, str], label: Label | None, place: Place
) -> tuple[Figure, int]:
    """Return the frame of a block with its mark, and the distance from the spine to the left edge of the frame."""
    css, title = words
    inside = place.within(f"{place.identity}.{css}")
    stack = planner.stack(block["nodes"], inside, empty=planner.view.when_empty(block))
    frame = Frame(Named(f"panel {css}", inside.identity, title), label, stack, GAP)
    return planner.marked(frame, block), frame.left
