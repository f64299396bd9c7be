"""The figures that follow from a node alone."""

from __future__ import annotations

from typing import Final

from stepgraph.model.details import NO_DETAIL, Detail, Details
from stepgraph.model.payload import FunctionCall, Node, Step
from stepgraph.render.folding import folded_node_text, leaving
from stepgraph.render.node_text import NO_STEPS, clock_text, details, node_words
from stepgraph.render.svg import icons
from stepgraph.render.svg.figures.label import WIDEST_EXIT, Label, heading, node_label, remark
from stepgraph.render.svg.figures.leaf import ExitPill, Leaf, SvgGroup

_FOLDED_LOOKS: Final = {
    "loop": ("loop", icons.LOOP),
    "parallel": ("parallel", icons.PARALLEL),
    "try": ("try", icons.PROTECTED),
    "if": ("choice", icons.CHOICE),
    "switch": ("choice", icons.SWITCH),
    "step_do": ("step do", icons.DO),
    "function_def": ("call", icons.FUNCTION),
    "start": ("start", icons.START),
    "block": ("block", icons.BLOCK),
}


def captions(step: Step, known: Details) -> tuple[str, ...]:
    """Return what stands below the name of a step: its kind, then what there is to say of it."""
    phrases = (*details(step), *known.remarks(step))
    match step["type"]:
        case "step_do":
            return ("step", *phrases)
        case "step_sleep":
            return phrases
        case "step_sleep_until":
            return (f"sleep {phrases[0]}", *phrases[1:])
        case "step_wait_for_event":
            return (f"wait for {phrases[0]}", *phrases[1:])


def step_title(step: Step, known: Details) -> str:
    """Return all that is said of a step, its clocks too, on one line."""
    return told(step["name"], *captions(step, known), _clocks(step))


def call_title(call: FunctionCall, *phrases: str) -> str:
    """Return all that is said of a call on one line."""
    return told(call["name"], *phrases, _clocks(call))


def told(name: str, *phrases: str) -> str:
    """Return a name and phrases on one line, without those that are empty."""
    rest = " · ".join(filter(None, phrases))
    return f"{name} · {rest}" if rest else name


def _clocks(node: Step | FunctionCall) -> str:
    clock = clock_text(node)
    return f"clock {clock.strip('[]')}" if clock else ""


_STEPS: Final = {
    "step_do": ("step do", icons.DO),
    "step_sleep": ("step sleep", icons.SLEEP),
    "step_sleep_until": ("step sleep", icons.SLEEP_UNTIL),
    "step_wait_for_event": ("step wait", icons.WAIT),
}


def step_label(step: Step, known: Details) -> Label:
    """Return the label of a step."""
    return node_label(_STEPS[step["type"]][1], step["name"], captions(step, known))


def step_named(step: Step, identity: str, known: Details) -> SvgGroup:
    """Return what marks the figure of a step."""
    return SvgGroup(_STEPS[step["type"]][0], identity, step_title(step, known))


def step_leaf(step: Step, identity: str, known: Details) -> Leaf:
    """Return the box of a step without others in it."""
    return Leaf(step_named(step, identity, known), step_label(step, known))


def exit_pill(kind: str, identity: str, title: str, detail: Detail = NO_DETAIL) -> ExitPill:
    """Return the pill of a `break` or a `return`, with the source of the statement where it is known.

    A long statement is cut. It is whole in the title.
    """
    icon = icons.RETURN if kind == "return" else icons.BREAK
    named = SvgGroup("exit", identity, told(detail.source or title, *detail.remarks))
    return ExitPill(named, heading(icon, detail.source or kind, widest_word=WIDEST_EXIT), kind)


def nothing(identity: str, text: str = NO_STEPS) -> Leaf:
    """Return what stands in a frame without nodes."""
    return Leaf(SvgGroup("empty", identity, text), remark(text))


def folded(node: Node, identity: str, text: str = "", head: str = "") -> Leaf:
    """Return the box of what is folded: its name, how much is in it (`text`, if known), and the ways out of it.

    The name is the `head` of a loop, where it is known.
    """
    css, icon = _folded_look(node)
    name, text = head or node_words(node).title, text or folded_node_text(node)
    named = SvgGroup(f"folded {css}", identity, told(name, text))
    return Leaf(named, node_label(icon, name, [text]), stacked=True, ways_out=leaving(node))


def hollow(node: Node, identity: str) -> Leaf:
    """Return the box of what is drawn without anything in it."""
    css, icon = _folded_look(node)
    name = node_words(node).title
    return Leaf(SvgGroup(css, identity, name), node_label(icon, name, []))


def _folded_look(node: Node) -> tuple[str, str]:
    """Return the class and the icon of a folded node; nodes without a look of their own are blocks."""
    return _FOLDED_LOOKS.get(node["type"], _FOLDED_LOOKS["block"])
