"""Labels, titles and boxes that depend on a single node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, assert_never

from stepgraph.model.details import NO_DETAIL, NO_DETAILS, NOT_CAUGHT, Detail, Details
from stepgraph.model.vocabulary import is_generated
from stepgraph.model.walk import as_unknown, is_step
from stepgraph.phrases import shortened
from stepgraph.render.folding import (
    LeavingKind,
    exit_kinds,
    folded_node_text,
    folded_title,
    is_run,
    may_complete,
    names_inside,
)
from stepgraph.render.group_order import is_unawaited
from stepgraph.render.node_text import NO_STEPS, CallText, branch_text, clock_text, name_text, node_words
from stepgraph.render.step_types import StepStyle, step_style, step_text
from stepgraph.render.svg.figures.frame import FoldedForm
from stepgraph.render.svg.figures.label import (
    BETWEEN,
    NORMAL,
    Label,
    TextWidths,
    add_remark,
    exit_label,
    heading,
    node_label,
    plain_label,
    quiet_label,
)
from stepgraph.render.svg.figures.leaf import ExitPill, Leaf, SvgGroup
from stepgraph.render.svg.fonts import NAME
from stepgraph.render.svg.lengths import LengthVariables
from stepgraph.render.svg.pen import Icon
from stepgraph.render.text_width import distinct
from stepgraph.render.view import NodeContext

if TYPE_CHECKING:
    from stepgraph.model.payload import Branch, FunctionCall, Node, Parallel, Step


def captions(step: Step, details: Details) -> tuple[str, ...]:
    """Return the phrases below the name of a step: its settings, then its remarks."""
    phrases, remarks = step_text(step).captions, details.remarks(step)
    return (*phrases, *remarks) if remarks else phrases


def step_title(step: Step, phrases: Sequence[str]) -> str:
    """Return the title of a step: its name, kind, captions and clocks on one line."""
    kind = "step" if step["type"] == "step_do" else ""  # the captions of other steps begin with their kind
    return title_line(name_text(step["name"]), kind, *phrases, _clocks(step))


def call_title(call: FunctionCall, text: CallText, *phrases: str) -> str:
    """Return the title of a call: its text, the phrases and its clocks on one line."""
    return title_line(shortened(name_text(text.name + text.arguments)), *phrases, _clocks(call))


def title_line(name: str, *phrases: str) -> str:
    """Return a name and the nonempty phrases on one line."""
    joined = " · ".join(filter(None, phrases))
    return f"{name} · {joined}" if joined else name


def _clocks(node: Step | FunctionCall) -> str:
    return f"clock {clock_text(node).strip('[]')}" if "starts" in node or "resolves" in node else ""


def step_group_and_label(step: Step, identity: str, details: Details, widths: TextWidths) -> tuple[SvgGroup, Label]:
    """Return the SVG group and the label of a step."""
    style, phrases = step_style(step["type"]), captions(step, details)
    group = SvgGroup(_step_css(style), identity, step_title(step, phrases))
    return group, node_label(style.icon, step["name"], phrases, widths.name)


def _step_css(style: StepStyle) -> str:
    return f"step {style.category}"


def step_leaf(step: Step, identity: str, details: Details, widths: TextWidths) -> Leaf:
    """Return the box of a step without nested steps."""
    return Leaf(*step_group_and_label(step, identity, details, widths))


def heading_of_branch(branch: Branch, details: Details, widths: TextWidths, room: int = 0) -> Label:
    """Return the condition of a whole `if` after this word, or an `except` clause, with the remarks on the branch.

    The label is as wide as the `room` in the frame of the `if` allows.
    """
    word, text = "" if details.source(branch) else "if", branch_text(branch, "else", details)
    label = heading(Icon.CHOICE, word, text, widest=widths.condition, room=room, code=_is_code(branch, details))
    return _with_remarks(label, branch, details, max(widths.name, room))


def condition_labels(
    branches: Sequence[Branch], otherwise: str, details: Details, widths: TextWidths
) -> Sequence[Label]:
    """Return the conditions of the branches of a choice, with the remarks on them. Different conditions look different.

    `otherwise` is the text of a branch without a condition. The frame of handlers has the word `except`.
    """
    texts = [branch_text(branch, otherwise, details) for branch in branches]
    clauses = [
        text.removeprefix("except ") if details.source(branch) else text or " "
        for branch, text in zip(branches, texts, strict=True)
    ]
    labels: list[Label] = []
    for branch, text in zip(branches, distinct(clauses, partial(_code_label, widest=widths.condition)), strict=True):
        is_code = _is_code(branch, details)
        label = _code_label(text, widths.condition) if is_code else plain_label(text, widths.name)
        labels.append(_with_remarks(label, branch, details, widths.name))
    return labels


def _code_label(text: str, widest: int) -> Label:
    return heading("", "", text, widest=widest)


def _is_code(branch: Branch, details: Details) -> bool:
    condition = branch["condition"]
    return bool(details.source(branch)) or (condition is not None and not is_generated(condition))


def _with_remarks(label: Label, branch: Branch, details: Details, widest: int) -> Label:
    for phrase in details.remarks(branch):
        label = add_remark(label, phrase, widest)
    return label


_EXIT_ICONS: Final[Mapping[LeavingKind, Icon]] = {
    "break": Icon.BREAK,
    "return": Icon.RETURN,
    "raise": Icon.RAISE,
}


def exit_pill(
    kind: LeavingKind,
    context: NodeContext,
    widths: TextWidths,
    *,
    word: str,
    title: str = "",
    details: Detail = NO_DETAIL,
) -> ExitPill:
    """Return the pill of an exit, with the source of its statement.

    The pill cuts a long statement, and the title shows all of it. Without source, they show `word` and `title`.
    """
    css = "exit raise" if kind == "raise" else "exit"
    is_caught = context.may_be_caught(kind, details)
    # A handler of a caller may catch what no handler of the function does.
    remarks = [remark for remark in details.remarks if not (is_caught and remark == NOT_CAUGHT)]
    group = SvgGroup(css, context.identity, title_line(details.source or title or word, *remarks))
    is_far = is_caught and not context.handled_here
    phrase = f"to {context.handler}" if is_far and context.handler else ""
    label = exit_label(_EXIT_ICONS[kind], details.source or word, widths.exit, phrase)
    return ExitPill(group, label, kind, ends=is_caught or context.ends_at_once(kind), is_caught=is_caught)


def continue_pill(statement: str, widths: TextWidths) -> ExitPill:
    """Return the pill of a `continue`, which ends beside it in the arrow of a loop."""
    return ExitPill(
        SvgGroup("exit", "", statement), exit_label(Icon.LOOP, statement, widths.exit), "continue", ends=True
    )


def empty_box(identity: str, widths: TextWidths, text: str = NO_STEPS) -> Leaf:
    """Return the box that fills a frame without nodes."""
    return Leaf(SvgGroup("empty", identity, text), plain_label(text, widths.name))


def folded_box(
    node: Node,
    context: NodeContext,
    details: Details,
    widths: TextWidths,
    *,
    text: str = "",
    call: CallText | None = None,
) -> Leaf:
    """Return the box of a folded node: its name, a summary of its contents, and its exits.

    `text` replaces the computed summary. `call` is the call that shows a folded function.
    """
    css, _ = folded_style(node, details)
    names = [] if is_run(node, details) else names_inside(node)
    title = title_line(
        name_text(folded_title(node, details)), text or folded_node_text(node, details), ", ".join(names)
    )
    kinds, ending = exit_kinds(node, details), _ending_kinds(node, context, details)
    return Leaf(
        SvgGroup(f"folded {css}", context.identity, title),
        _folded_label(node, details, widths, call, text),
        stacked=not is_run(node, details),
        exit_kinds=kinds.difference(ending),
        ends=ending,
        is_caught=context.may_be_caught("raise"),
        continues=may_complete(node, details),
    )


_ENDS: Final[tuple[LeavingKind, ...]] = ("return", "raise")


def _ending_kinds(node: Node, context: NodeContext, details: Details) -> list[LeavingKind]:
    """Return the kinds of exits of a folded node that end beside its box."""
    kinds = exit_kinds(node, details)
    return [kind for kind in _ENDS if kind in kinds and (context.may_be_caught(kind) or context.ends_at_once(kind))]


def folded_form(
    variables: LengthVariables, node: Node, context: NodeContext, details: Details, call: CallText | None = None
) -> FoldedForm:
    """Return the form of a frame that is folded in a page, with the label and the exits of a folded box."""
    ends, is_caught = _ending_kinds(node, context, details), context.may_be_caught("raise")
    return FoldedForm(variables, _folded_label(node, details, NORMAL, call), ends, is_caught)


def _folded_label(node: Node, details: Details, widths: TextWidths, call: CallText | None, text: str = "") -> Label:
    """Return the label of a folded node. `text` replaces the computed summary."""
    _, icon = folded_style(node, details)
    name = folded_title(node, details) if call is None else call.name
    text = text or folded_node_text(node, details)
    if is_run(node, details):
        return quiet_label(icon, [name, text], widths.name)
    # A name of an exception is not broken.
    longest_name = max((NAME.width(word) for word in name.split() if word.isidentifier()), default=0)
    widest = max(widths.name, min(NORMAL.name, longest_name))
    arguments = "" if call is None else call.arguments
    names = names_inside(node) if call is None or not call.steps else [call.steps]
    return node_label(icon, name, text.split(BETWEEN), widest, names, arguments)


def unwrapped_box(node: Node, identity: str, widths: TextWidths) -> Leaf:
    """Return the box of a removed node whose contents remain."""
    css, icon = folded_style(node, NO_DETAILS)
    name = node_words(node).title
    return Leaf(SvgGroup(css, identity, name), node_label(icon, name, [], widths.name))


def folded_style(node: Node, details: Details) -> tuple[str, str]:
    """Return the class and the icon of a folded node. Nodes without their own style look like blocks."""
    if as_unknown(node):
        return "block", Icon.BLOCK
    if is_run(node, details):
        return "unchanged", Icon.UNCHANGED
    if is_step(node):
        style = step_style(node["type"])
        return _step_css(style), style.icon
    match node["type"]:
        case "loop":
            return "loop", Icon.LOOP
        case "parallel":
            return "parallel", Icon.PARALLEL
        case "try":
            return "try", Icon.PROTECTED
        case "if":
            return "choice", Icon.CHOICE
        case "switch":
            return "choice", Icon.SWITCH
        case "function_call" | "function_def":
            return "call", Icon.FUNCTION
        case "start":
            return "start", Icon.START
        case "block" | "break":
            return "block", Icon.BLOCK
        case _ as never:
            assert_never(never)


def end_of_group(node: Parallel) -> str:
    """Return the condition that ends a group, or an empty string for an unknown kind."""
    unawaited = [is_unawaited(member) for member in node["nodes"]]
    every = "all awaited tasks" if any(unawaited) else "all"
    return {
        "all": "never awaited" if unawaited and all(unawaited) else f"until {every} are done",
        "all_settled": f"until {every} have ended, failed or not",
        "any": "until one succeeds",
        "race": "until one ends",
    }.get(node["kind"], "")
