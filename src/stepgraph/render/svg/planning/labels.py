"""The figures that follow from a node alone."""

from __future__ import annotations

from typing import Final

from stepgraph.model.details import NO_DETAIL, Detail, Details
from stepgraph.model.payload import Node, Step
from stepgraph.render.folding import folded_node_text, folded_title
from stepgraph.render.leaving import leaving
from stepgraph.render.node_text import NO_STEPS
from stepgraph.render.svg import icons
from stepgraph.render.svg.captions import captions, step_title, told
from stepgraph.render.svg.figures.label import WIDEST_EXIT, Label, heading, node_label, remark
from stepgraph.render.svg.figures.leaf import Exit, Leaf, Named

_STEPS: Final = {
    "step_do": ("step do", icons.DO),
    "step_sleep": ("step sleep", icons.SLEEP),
    "step_sleep_until": ("step sleep", icons.SLEEP_UNTIL),
    "step_wait_for_event": ("step wait", icons.WAIT),
}


def step_label(step: Step, known: Details) -> Label:
    """Return the label of a step."""
    return node_label(_STEPS[step["type"]][1], step["name"], captions(step, known))


def step_named(step: Step, identity: str, known: Details) -> Named:
    """Return what marks the figure of a step."""
    return Named(_STEPS[step["type"]][0], identity, step_title(step, known))


def step_leaf(step: Step, identity: str, known: Details) -> Leaf:
    """Return the box of a step without others in it."""
    return Leaf(step_named(step, identity, known), step_label(step, known))


def exit_pill(kind: str, identity: str, title: str, detail: Detail = NO_DETAIL) -> Exit:
    """Return the pill of a `break` or a `return`, with the source of the statement where it is known.

    A long statement is cut. It is whole in the title.
    """
    icon = icons.RETURN if kind == "return" else icons.BREAK
    named = Named("exit", identity, told(detail.source or title, *detail.remarks))
    return Exit(named, heading(icon, detail.source or kind, widest_word=WIDEST_EXIT), kind)


def nothing(identity: str, text: str = NO_STEPS) -> Leaf:
    """Return what stands in a frame without nodes."""
    return Leaf(Named("empty", identity, text), remark(text))


def folded(node: Node, identity: str, text: str = "", head: str = "") -> Leaf:
    """Return the box of what is folded: its name, how much is in it (`text`, if known), and the ways out of it.

    The name is the `head` of a loop, where it is known.
    """
    css, icon = _folded_look(node)
    name, text = head or folded_title(node), text or folded_node_text(node)
    named = Named(f"folded {css}", identity, told(name, text))
    return Leaf(named, node_label(icon, name, [text]), stacked=True, ways_out=leaving(node))


def hollow(node: Node, identity: str) -> Leaf:
    """Return the box of what is drawn without anything in it."""
    css, icon = _folded_look(node)
    name = folded_title(node)
    return Leaf(Named(css, identity, name), node_label(icon, name, []))


def _folded_look(node: Node) -> tuple[str, str]:
    """Return the class and the icon of a folded node; a function is one that is called."""
    match node["type"]:
        case "loop":
            return "loop", icons.LOOP
        case "parallel":
            return "parallel", icons.PARALLEL
        case "try":
            return "try", icons.PROTECTED
        case "if":
            return "choice", icons.CHOICE
        case "switch":
            return "choice", icons.SWITCH
        case "step_do":
            return "step do", icons.DO
        case "function_def":
            return "call", icons.FUNCTION
        case "start":
            return "start", icons.START
        case _:
            return "block", icons.BLOCK
