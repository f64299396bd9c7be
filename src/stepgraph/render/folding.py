"""Folding: the choice of nodes to draw as one box, with a summary of their contents, names and exits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, assert_never

from msgspec import Struct, field

from stepgraph.model.details import ANY_OTHER_ERROR, NO_DETAILS, Details
from stepgraph.model.walk import as_unknown, children, handlers_in, is_clocked, is_leaf_step, is_step, walk
from stepgraph.phrases import counted
from stepgraph.render.group_order import is_unawaited, may_fail_alone
from stepgraph.render.node_text import NO_BLOCK, NO_STEPS, branch_text, is_exhaustive, name_text, node_words
from stepgraph.render.text_width import CELLS

if TYPE_CHECKING:
    from stepgraph.model.payload import Block, Branch, Break, FunctionDef, If, Loop, Node, Switch, Try
    from stepgraph.render.view import Expansion

DRAWN_BEFORE: Final = "drawn at its first call"
DRAWN_SEPARATELY: Final = "drawn separately"
RECURSIVE: Final = "calls itself"
MISSING: Final = "not in this graph"

MAX_EXPANDED_CALLS: Final = 2000
"""The maximum number of expanded calls in a drawing. Functions may call each other exponentially often."""


class CallExpansion(Struct):
    """The functions of a drawing, which is made in order, and the state of their expansion."""

    functions: Mapping[str, FunctionDef] = field(default_factory=dict)
    expand: Expansion = "first"
    shown: dict[str, int] = field(default_factory=dict)
    """The functions drawn so far, by name. The value identifies the call or the function as an object, if necessary."""

    _expanded: int = 0
    _open: Counter[str] = field(default_factory=Counter)
    """The functions whose bodies are being drawn."""

    def reason_against(self, name: str) -> str:
        """Return the reason why a call is not expanded, or an empty string for an expanded call."""
        if name not in self.functions:
            return MISSING
        if self._open[name]:
            return RECURSIVE
        if self.expand == "none":
            return DRAWN_SEPARATELY
        if name in self.shown and (self.expand == "first" or self._expanded >= MAX_EXPANDED_CALLS):
            return DRAWN_BEFORE
        return ""

    @contextmanager
    def expanded(self, name: str, place: int = 0) -> Iterator[None]:
        """Expand a call: the body of the function is drawn in the `with` block."""
        self._expanded += 1
        with self.drawn(name, place):
            yield

    @contextmanager
    def drawn(self, name: str, place: int = 0) -> Iterator[None]:
        """Draw the body of a function in the `with` block."""
        self.shown.setdefault(name, place)
        with self.entered(name):
            yield

    @contextmanager
    def entered(self, name: str) -> Iterator[None]:
        """Draw the body of a function in the `with` block, without counting it as drawn for later calls."""
        self._open[name] += 1
        yield
        self._open[name] -= 1


LeavingKind: TypeAlias = Literal["break", "return", "raise"]
"""The kinds of exits. The payload has no `raise`, but its details do."""

_ALL: Final[frozenset[LeavingKind]] = frozenset({"break", "return", "raise"})
_NONE: Final[frozenset[LeavingKind]] = frozenset()

FoldedKind: TypeAlias = Literal["loop", "parallel", "try", "if", "switch", "block", "function", "step"]
_JOINING: Final[frozenset[LeavingKind]] = frozenset({"break", "return"})
"""The kinds of exits from the body of a function that lead to its end."""

_BRANCHES_WITH_ELSE: Final = 2
_MAX_TITLE_LENGTH: Final = 40
"""The number of characters of a title that is followed by `else`, so that boxes show the whole title."""

_EXITS: Final[tuple[LeavingKind, ...]] = ("break", "return", "raise")

MAX_NAME_LINES: Final = 2
"""The maximum number of lines of names in a folded box."""


def exit_kind(node: Break, details: Details) -> LeavingKind:
    """Return the kind of an exit. A `raise` that leaves only a loop in the payload is a `raise`.

    An unknown kind is a `break`.
    """
    if details.is_raise(node):
        return "raise"
    return "return" if node["kind"] == "return" else "break"


def exit_kinds(node: Node, details: Details = NO_DETAILS) -> frozenset[LeavingKind]:
    """Return the kinds of exits that lead out of `node`, including `raise` statements without nodes.

    Loops catch `break`; functions, steps with nested steps and started workflows catch all kinds.
    """
    kinds: set[LeavingKind] = set()
    pending = [(node, _ALL)]
    while pending:
        inner, free = pending.pop()
        if inner["type"] == "break" and (kind := exit_kind(inner, details)) in free:
            kinds.add(kind)
        if free := free - _caught_by(inner):
            pending.extend((child, free) for child in _flow_of(inner))
            kinds |= free.intersection(kind for part in _parts(inner) for kind in _kinds_without_nodes(part, details))
    return frozenset(kinds)


def fails_after_finally(block: Block, details: Details) -> bool:
    """Return whether an uncaught exception in a block first runs a `finally` inside, and then leaves the block."""
    pending: list[Node] = list(block["nodes"])
    while pending:
        node = pending.pop()
        if as_unknown(node) or node["type"] != "try":
            pending += () if _caught_by(node) == _ALL else _flow_of(node)
            continue
        final = node.get("finally_block", NO_BLOCK)
        pending += final["nodes"]
        if _completes(final, details):
            if "finally_block" in node and "catch_block" not in node:
                return True
            pending += node.get("catch_block", node.get("try_block", NO_BLOCK))["nodes"]
    return False


def _parts(node: Node) -> Sequence[Branch | Block]:
    """Return the branches or the blocks of a node."""
    if as_unknown(node):
        return []
    match node["type"]:
        case "if" | "switch":
            return node["branches"]
        case "try":
            return [node.get("try_block", NO_BLOCK), node.get("catch_block", NO_BLOCK)]
        case "block":
            return [node]
        case _:
            return []


def _kinds_without_nodes(part: Branch | Block, details: Details) -> Iterator[LeavingKind]:
    detail = details.of(part)
    if detail.ends_by_raise:
        yield "raise"
    if detail.returns:
        yield "return"


def may_complete(node: Node, details: Details) -> bool:
    """Return whether control can leave a node at its end."""
    if as_unknown(node) or is_step(node):
        return True
    match node["type"]:
        case "break":
            return False
        case "if" | "switch":
            branches = node["branches"]
            if any(details.of(branch).is_certain for branch in branches):
                return all(_completes(each, details) for each in branches)
            return not is_exhaustive(node, details) or any(_completes(each, details) for each in branches)
        case "try":
            paths = [node.get("try_block", NO_BLOCK), *([node["catch_block"]] if "catch_block" in node else [])]
            is_ended = "finally_block" in node and not _completes(node["finally_block"], details)
            return not is_ended and any(_completes(path, details) for path in paths)
        case "parallel":
            return all(
                may_complete(member, details) or is_unawaited(member) or may_fail_alone(member, node, details)
                for member in node["nodes"]
            )
        case "block":
            return _completes(node, details)
        case "function_def":
            kinds = (exit_kinds(inner, details) for inner in node["nodes"])
            return _completes(node, details) or any(each & _JOINING for each in kinds)
        case "loop" | "function_call" | "start":
            return True
        case _ as never:
            assert_never(never)


def _completes(part: Branch | Block | FunctionDef, details: Details) -> bool:
    detail = details.of(part)
    return not (detail.final_raise or detail.final_jump) and all(may_complete(node, details) for node in part["nodes"])


def _caught_by(node: Node) -> frozenset[LeavingKind]:
    if as_unknown(node):
        return _NONE
    if node["type"] == "loop":
        return frozenset({"break"})
    return _ALL if node["type"] in {"step_do", "function_def", "start"} else _NONE


def _flow_of(node: Node) -> Sequence[Node]:
    """Return the nodes that a run of `node` executes, which excludes the functions of a `start`."""
    return node["nodes"] if node["type"] == "start" else children(node)


def loop_of_passes(node: Node) -> Loop | None:
    """Return the loop that is the only content of a group, or None for other nodes.

    The iterations of the loop run concurrently, and it shares the frame of the group.
    """
    if node["type"] != "parallel" or len(node["nodes"]) != 1:
        return None
    (only,) = node["nodes"]
    return only if only["type"] == "loop" else None


class Folding(Struct, frozen=True):
    """The nodes to fold."""

    depth: int | None = None
    """The number of drawn levels. With 1, every node that contains others is folded. None folds no level."""

    kinds: tuple[FoldedKind, ...] = ()
    """Kinds that are always folded: `function` for bodies at their calls, `step` for steps with nested steps."""

    nodes: frozenset[int] = frozenset()
    """Single nodes to fold, by their identity as objects. A function is folded at its calls."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is folded."""
        return self.depth is None and not self.nodes and not self.kinds

    def folds(self, node: Node, level: int) -> bool:
        """Return whether `node` is folded if it has nodes inside. The nodes of a workflow are at level 1."""
        if (self.depth is not None and level >= self.depth) or id(node) in self.nodes:
            return True
        return _folded_kind(node) in self.kinds


def _folded_kind(node: Node) -> FoldedKind | None:
    if as_unknown(node) or is_leaf_step(node):
        return None
    match node["type"]:
        case "loop" | "parallel" | "try" | "if" | "switch" | "block":
            return node["type"]
        case "function_call" | "function_def":
            return "function"
        case "step_do":
            return "step"
        case "break" | "start":
            return None
        case _ as never:
            assert_never(never)


UNFOLDED: Final = Folding()


def folded_text(nodes: Sequence[Node]) -> str:
    """Return the summary of folded nodes: `5 steps`, `1 step · 2 calls`.

    Calls are counted without the steps of the called functions.
    """
    inner = list(walk(nodes))
    steps = sum(map(is_step, inner))
    calls = sum(node["type"] == "function_call" for node in inner)
    counts = (counted(number, noun) for number, noun in ((steps, "step"), (calls, "call")) if number)
    return " · ".join(counts) or NO_STEPS


class BodyTexts(Struct, frozen=True):
    """Summaries of function bodies, computed once each for any number of calls."""

    functions: Mapping[str, FunctionDef]
    _texts: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """Return the summary of the body of a function: `2 steps · may end early`."""
        if name not in self._texts:
            nodes = self.functions[name]["nodes"]
            ends_early = any("return" in exit_kinds(node) for node in nodes)
            self._texts[name] = folded_text(nodes) + (" · may end early" if ends_early else "")
        return self._texts[name]


def folded_title(node: Node, details: Details) -> str:
    """Return the title of a folded node.

    It is the head of a loop, the first condition of a choice, the first exception handler, the function that makes a
    group, the count of a run, or else the name or type of the node. An ellipsis indicates other parts of the node.
    """
    title = ""
    match node["type"]:
        case "if":
            title = _if_title(node)
        case "switch":
            title = _handlers_title(node, details)
        case "try":
            title = _try_title(node, details)
        case "loop" | "parallel":
            title = details.source(node)
        case _:
            pass
    return details.of(node).run or title or node_words(node).title


def _if_title(node: If) -> str:
    """Return the first condition of an `if`, and whether there are other branches. A long condition is cut."""
    title = node_words(node).title
    if len(node["branches"]) < _BRANCHES_WITH_ELSE:
        return title
    if len(title) > _MAX_TITLE_LENGTH:
        title = f"{title[:_MAX_TITLE_LENGTH].rstrip()} …"
    return f"{title} else" if node["branches"][1]["condition"] is None else f"{title} elif"


def _try_title(node: Try, details: Details) -> str:
    """Return the type of a `try` with its first exception handler, or else its `finally`."""
    if "catch_block" in node:
        catch = node["catch_block"]
        handlers = handlers_in(catch["nodes"])
        clause = details.source(catch) if handlers is None else _handlers_title(handlers, details)
        if handlers is not None and sum(branch["condition"] is not None for branch in handlers["branches"]) == 1:
            clause = clause.removesuffix(" …")  # the only other branch is that of other errors
        return f"try … {clause or 'catch'}"
    return "try … finally" if "finally_block" in node else ""


def _handlers_title(node: Switch, details: Details) -> str:
    """Return the first `except` clause of a choice between exception handlers, or an empty string for another choice.

    If a single clause catches some exceptions only, it is shown around the choice, which has its type as a condition.
    """
    if not node["branches"] or node["discriminant"] != "exception":
        return ""
    first, last = node["branches"][0], node["branches"][-1]
    if branch_text(last, "", details) == ANY_OTHER_ERROR:
        clause = details.source(first) or f"except {first['condition']}"
        return f"{clause} …"
    return f"{source} …" if (source := details.source(first)) else ""


def is_run(node: Node, details: Details) -> bool:
    """Return whether a node stands for a run of nodes, which its title counts: `12 steps unchanged`."""
    return bool(details.of(node).run)


def folded_node_text(node: Node, details: Details = NO_DETAILS) -> str:
    """Return the summary of the nodes inside `node` and of its exits: `1 step · may return`.

    The summary of a run contains only its exits, and may be empty.
    """
    kinds = exit_kinds(node, details)
    exits = [f"may {kind}" for kind in _EXITS if kind in kinds]
    return " · ".join([*([] if is_run(node, details) else [folded_text(children(node))]), *exits])


def names_inside(node: Node) -> list[str]:
    """Return the names of the steps and calls in a node, in order."""
    return [name_text(inner["name"]) for inner in walk(children(node)) if is_clocked(inner)]


def names_text(names: Sequence[str], fits: Callable[[str], bool]) -> str:
    """Return the first of the names that fit, and the number of the others: `reserve, charge, ship +7`.

    A name that occurs several times is shown once. At least one name is shown, even if it does not fit.
    """
    counts = Counter(names)
    text, shown = "", 0
    for name, count in counts.items():
        longer = f"{text}, {name}" if text else name
        hidden_count = len(names) - shown - count
        if text and not fits(f"{longer} +{hidden_count}" if hidden_count else longer):
            break
        text, shown = longer, shown + count
    return f"{text} +{len(names) - shown}" if shown < len(names) else text


def names_within(names: Sequence[str], cells: int) -> str:
    """Return the first of the names that fit into a number of terminal cells, and the number of the others."""
    return names_text(names, lambda text: CELLS.width(text) <= cells)
