"""Descriptions of nodes, the same in every format. They may contain source text, which formats escape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeGuard, assert_never

from msgspec import Struct

from stepgraph.escaping.plain_text import visible
from stepgraph.model.details import ANY_OTHER_ERROR, Details
from stepgraph.model.walk import as_unknown, is_step
from stepgraph.phrases import number_text
from stepgraph.render.step_types import step_style

if TYPE_CHECKING:
    from stepgraph.model.payload import Block, Branch, Break, Clocked, FunctionCall, If, Node, Switch, Try

NO_STEPS: Final = "no steps"
EMPTY_NAME: Final = "(empty name)"
BLANK_NAME: Final = "(blank name)"
"""The text for a name that consists of spaces."""

UNKNOWN_TYPE: Final = "unknown type of node"
ENDLESS_LOOPS: Final = frozenset({"while True", "while 1"})
"""The heads of loops that only exits leave."""

_JUMP_AND_ELSE: Final = 2
_NO_ARGUMENTS: Final = "()"

NO_BLOCK: Final[Block] = {"type": "block", "nodes": []}
"""The body of a `try` without a `try_block`."""


class TryBody(Struct, frozen=True):
    """The body of a `try`, divided by the protection of the handlers."""

    block: Block
    """The whole body. The jumps at its end are in the `else` if there is one."""

    protected: Block
    """The nodes before the `else`, or the whole body without one."""

    otherwise: Sequence[Node] | None
    """The nodes of the `else`, or None without one."""

    described: Try | Block
    """The part with the remarks on the body, which is the `try` itself if it has no block for the body."""


def try_body(node: Try, details: Details) -> TryBody:
    """Return the body of a `try`. Without details, the `else` is a part of the protected nodes."""
    block = node.get("try_block", NO_BLOCK)
    described = block if "try_block" in node else node
    if not details.of(block).in_else:
        return TryBody(block, block, None, described)
    nodes = block["nodes"]
    begin = len(nodes)
    while begin and details.of(nodes[begin - 1]).in_else:
        begin -= 1
    return TryBody(block, {"type": "block", "nodes": nodes[:begin]}, nodes[begin:], described)


class NodeWords(Struct, frozen=True):
    """The description of a node, for headings and folded boxes."""

    kind: str
    """The kind of node in a few words, capitalized."""

    title: str
    """The title of a folded box: the name, or the type with a condition or kind."""

    name: str | None = None
    """The name in the source, or None for nodes without names."""


def node_words(node: Node) -> NodeWords:
    """Return the words for a node of any type."""
    if unknown := as_unknown(node):
        name = unknown.get("name", "")
        return NodeWords(UNKNOWN_TYPE.capitalize(), f"{unknown['type']} {name}".rstrip(), name or None)
    if is_step(node):
        return _named(step_style(node["type"]).heading, node["name"])
    match node["type"]:
        case "loop":
            return NodeWords("Loop: repeats any number of times", "loop")
        case "parallel":
            return NodeWords("Concurrent work", f"parallel {node['kind']}")
        case "try":
            return NodeWords("Try: a failure jumps to the except block", "try")
        case "block":
            return NodeWords("Nodes in sequence", "in sequence")
        case "if":
            first = node["branches"][0]["condition"] if node["branches"] else None
            return NodeWords("Choice: one of the branches", "if" if first is None else f"if {first} …")
        case "switch":
            return NodeWords("Choice by the value of an expression", f"switch {node['discriminant']}")
        case "function_call":
            return _named("Call of a function that runs steps", node["name"])
        case "function_def":
            return _named("Function that runs steps", node["name"])
        case "break":
            return NodeWords("Exit", "break")
        case "start":
            return NodeWords("Start of a workflow", f"start {node['class_name']}", node["class_name"])
        case _ as never:
            assert_never(never)


def _named(kind: str, name: str) -> NodeWords:
    return NodeWords(kind, name, name)


class CallText(Struct, frozen=True):
    """The text of a call, `name` and `arguments` in sequence."""

    name: str
    arguments: str = ""
    """The arguments in parentheses; empty if they are not known, or the name contains them."""
    steps: str = ""
    """The steps that the arguments name, such as `step "charge card"`, or an empty string."""


def call_text(call: FunctionCall, details: Details) -> CallText:
    """Return the text of a call. The name of a function with callable arguments, as in `retry(charge)`, contains these.

    If the call has other arguments, they replace those in the name: `retry(charge, times=5)`. If it has none, the name
    ends in empty parentheses.
    """
    name, arguments, steps = call["name"], details.source(call), " · ".join(details.remarks(call))
    if name.endswith(arguments):
        return CallText(name, steps=steps)
    function = name.partition("(")[0]
    if arguments == _NO_ARGUMENTS:
        return CallText(f"{function}{_NO_ARGUMENTS}", steps=steps)
    return CallText(function, arguments, steps)


def name_text(name: str) -> str:
    """Return the name of a node, or the remark that replaces a name without visible characters."""
    if name.strip():
        return name
    if not name:
        return EMPTY_NAME
    # Other white space than spaces, such as a tab, is visible as an escape sequence.
    return name if visible(name).strip() else BLANK_NAME


def clock_text(node: Clocked) -> str:
    """Return the clocks of a node: `[1→2]`, `[1→]` without an end, or nothing."""
    starts, resolves = node.get("starts"), node.get("resolves")
    if starts is None and resolves is None:
        return ""
    return "[{}→{}]".format(*("" if clock is None else number_text(clock) for clock in (starts, resolves)))


def branch_text(branch: Branch, default: str, details: Details) -> str:
    """Return the `except` clause of a branch, or its condition, or `default`.

    The branch of an exception that no handler catches is called `any other error`.
    """
    if branch["condition"] is not None:
        return details.source(branch) or branch["condition"]
    if any(ANY_OTHER_ERROR in details.remarks(node) for node in branch["nodes"]):
        return ANY_OTHER_ERROR
    return details.source(branch) or default


def is_exhaustive(node: If | Switch, details: Details) -> bool:
    """Return whether one of the branches always runs, as with an `else` or for one of several exception handlers.

    An exception that no handler catches has its own branch. With `except*`, each handler is a branch of a separate
    choice, and may be skipped.
    """
    if details.of(node).is_exhaustive:
        return True
    branches = node["branches"]
    is_handlers = len(branches) > 1 and all(details.source(branch) for branch in branches)
    return is_handlers or any(branch["condition"] is None for branch in branches)


def only_exit(nodes: Sequence[Node]) -> Break | None:
    """Return the exit that is the only node of a branch, or None for other branches."""
    if len(nodes) != 1:
        return None
    (only,) = nodes
    return only if only["type"] == "break" else None


def exit_remarks(node: Break, details: Details) -> tuple[str, ...]:
    """Return the remarks on an exit, except for the one that is the text of its branch."""
    return tuple(remark for remark in details.remarks(node) if remark != ANY_OTHER_ERROR)


def is_guard(node: Node) -> TypeGuard[If]:
    """Return whether a node is an `if` with a single branch, which has a condition and only leaves."""
    return (
        node["type"] == "if"
        and len(node["branches"]) == 1
        and node["branches"][0]["condition"] is not None
        and only_exit(node["branches"][0]["nodes"]) is not None
    )


def always_running_branch(node: Node, details: Details) -> Branch | None:
    """Return the single branch of an `if` if it always runs, because all paths that skip it end earlier."""
    if node["type"] != "if" or len(node["branches"]) != 1:
        return None
    (branch,) = node["branches"]
    return branch if details.of(branch).is_certain else None


def branch_after_jump(node: Node, details: Details) -> Branch | None:
    """Return the `else` of an `if` whose other branch ends in a jump, such as `if skip: continue`, or None.

    The payload omits such a jump, and contains the code below it in the `else`.
    """
    if node["type"] != "if" or len(node["branches"]) != _JUMP_AND_ELSE:
        return None
    first, last = node["branches"]
    jump, continuation = details.of(first), details.of(last)
    is_jump = bool(jump.final_jump) and not (jump.final_raise or jump.guards or jump.source)
    is_rest = last["condition"] is None and bool(last["nodes"]) and not (continuation.source or continuation.remarks)
    return last if is_jump and is_rest and first["condition"] is not None else None


def without_rest(node: If) -> If:
    """Return an `if` with only its first branch, for an `if` whose `else` is the code below it."""
    return {"type": "if", "branches": node["branches"][:1]}
