"""Options of a drawing, the marks of a comparison, and the position of nodes in a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.model.details import NO_DETAIL, NO_DETAILS, NOT_CAUGHT, Detail, Details
from stepgraph.phrases import without_backquotes
from stepgraph.render.findings import ShownFinding
from stepgraph.render.folding import UNFOLDED, Folding, LeavingKind
from stepgraph.render.group_order import keeps_failures
from stepgraph.render.node_text import NO_STEPS, always_running_branch, branch_after_jump, is_guard, only_exit

if TYPE_CHECKING:
    from stepgraph.model.payload import Branch, Break, Node, Parallel, Workflow
    from stepgraph.render.progress import Progress

Expansion: TypeAlias = Literal["first", "all", "none"]
Theme: TypeAlias = Literal["auto", "light", "dark"]
THEMES: Final[tuple[Theme, ...]] = get_args(Theme)
STEPS_REMAIN: Final = "its steps remain"
"""The remark on a removed node whose steps remain."""


class View(Struct, frozen=True):
    """Options of a drawing."""

    folding: Folding = UNFOLDED
    expand: Expansion = "first"
    """The calls of a function that show its body: the first, all, or none. With none, functions are drawn separately.
    """

    theme: Theme = "auto"
    """The colors. `auto` follows the reader's system."""

    legend: bool = False
    fit: int | None = None
    """The width in pixels at which the picture is shown, or None if it is unknown.

    If the names of steps would be too small at this width, boxes are narrower where the picture is too wide, and if
    that is not enough, some nodes are folded.
    """

    narrow: bool = False
    """Whether text is wrapped early, so that boxes are narrow."""

    narrow_nodes: frozenset[int] = frozenset()
    """The nodes, by their identity as objects, in which text is wrapped early."""

    compact: bool = False
    """Whether wide choices and groups are in two rows."""

    max_rows_width: int | None = None
    """The maximum width in pixels of choices and groups in two rows. Wider ones are in tiers below each other. None
    allows any width.
    """

    marks: Marks | None = None
    """The marks of a comparison. If present, only marked parts are colored."""

    progress: Progress | None = None
    """The progress of an instance. If present, colors show the states of nodes."""

    details: Details = NO_DETAILS
    title: str = ""
    """The title of the workflow. By default, it is the name of its class."""
    url_of: Callable[[Node], str] | None = None
    """Returns the URL of the source code of a node, or an empty string. None draws no links."""
    state: str = ""
    """A remark below the title: `incomplete: 2 notes`."""

    findings: Sequence[ShownFinding] = ()
    """The findings and notes to show at nodes."""

    def title_of(self, workflow: Workflow) -> str:
        """Return the title of a workflow."""
        return self.title or workflow["class_name"]

    def mark(self, part: Mapping[str, object]) -> Mark | None:
        """Return the mark of a node, branch, block or function, if it has one."""
        return None if self.marks is None else self.marks.of(part)

    def when_empty(self, part: Mapping[str, object]) -> str:
        """Return the text of a part without nodes: the remarks on it, or a default."""
        mark = self.mark(part)
        if mark is not None and mark.unwrapped:
            return STEPS_REMAIN
        return " · ".join(self.details.remarks(part)) or NO_STEPS


DEFAULT_VIEW: Final = View()


class MarkKind(Enum):
    """The kind of a mark: the change that a comparison shows."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"

    @property
    def sign(self) -> str:
        """The character that represents the mark in text without color."""
        return {"added": "+", "removed": "-", "changed": "~"}[self.value]


EffectLabel: TypeAlias = Literal["", "out of order", "breaking"]
"""The effect of a change on running instances, or an empty string for a safe change."""


class Mark(Struct, frozen=True):
    """The mark of a node, branch, block or function."""

    kind: MarkKind
    remark: str = ""
    """Text beside the node."""

    effect: EffectLabel = ""
    reason: str = ""
    """The reason for the effect: `breaking: instances waiting at 'rest' run it again under the new name`."""

    unwrapped: bool = False
    """Whether the node was removed while its contents remain. It is drawn without contents."""

    quiet: bool = False
    """Whether the sign is omitted, because an enclosing figure has it."""

    @property
    def words(self) -> str:
        """The mark in words."""
        words = f"{self.kind.value}: {self.remark}" if self.remark else self.kind.value
        return without_backquotes(f"{words} · {self.reason}" if self.reason else words)


class Marks(Struct, frozen=True, eq=False):
    """The marks of a graph. They apply to objects by identity, not to equal objects."""

    marked: Sequence[tuple[Mapping[str, object], Mark]]
    _by_identity: dict[int, Mark] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_identity.update((id(part), mark) for part, mark in self.marked)

    def of(self, part: Mapping[str, object]) -> Mark | None:
        """Return the mark of a node, branch, block or function, if it has one."""
        return self._by_identity.get(id(part))


Exits: TypeAlias = Literal["end", "join", "finally"]
"""Where exits lead: `return` ends at once, joins the end of a function or group, or leads through a `finally`.

`raise` ends at once, unless it leads through a `finally`.
"""


class NodeContext(Struct, frozen=True):
    """The position of a node, or of a list of nodes, in a graph."""

    identity: str
    """The identity in the drawing."""

    level: int = 1
    """The number of levels of nodes from the workflow down. The nodes of the workflow itself are at level 1."""

    in_group: bool = False
    """Whether the clocks of an enclosing `parallel` order the nodes."""

    exits: Exits = "end"
    handled_here: bool = False
    """Whether a handler of the same function may catch exceptions."""

    handled_outside: bool = False
    """Whether code around the function or around a group may handle exceptions.

    It is a handler or `finally` of a calling function, or a group that returns the exceptions of its members.
    """

    handler: str = ""
    """The source of the handlers that may catch exceptions, or an empty string if it is unknown."""

    def at(self, identity: str) -> NodeContext:
        """Return the context of a sibling with this identity."""
        return replace(self, identity=identity)

    def child(self, name: str | int) -> NodeContext:
        """Return the context of a part. Its identity is this identity with the name appended."""
        return replace(self, identity=f"{self.identity}_{name}")

    def inside(self, identity: str) -> NodeContext:
        """Return the context of the nodes inside the node with this identity."""
        return replace(self, identity=identity, level=self.level + 1)

    def deeper(self) -> NodeContext:
        """Return the context of the nodes inside this node."""
        return replace(self, level=self.level + 1)

    def grouped(self, group: Parallel, details: Details) -> NodeContext:
        """Return this context inside a group."""
        inside = replace(self, in_group=True, exits="join" if self.exits == "end" else self.exits)
        if not keeps_failures(group, details):
            return inside
        return replace(inside, handled_here=False, handled_outside=True, handler=details.source(group))

    def in_body(self) -> NodeContext:
        """Return this context in the body of a workflow, outside any group."""
        return replace(self, in_group=False, exits="join", handled_here=False, handled_outside=False, handler="")

    def in_function(self) -> NodeContext:
        """Return this context in the body of a function or a step, outside any group."""
        is_handled = self.handled_here or self.handled_outside or self.exits == "finally"
        return replace(self.in_body(), handled_outside=is_handled, handler=self.handler)

    def before_handlers(self, source: str = "") -> NodeContext:
        """Return this context in a block whose exceptions handlers with this source may catch."""
        return replace(self, handled_here=True, handler=source)

    def before_finally(self) -> NodeContext:
        """Return this context in a block whose exits lead through a `finally`, before any handler around it."""
        return replace(self, exits="finally", handled_here=False, handled_outside=False, handler="")

    def may_be_caught(self, kind: LeavingKind, detail: Detail = NO_DETAIL) -> bool:
        """Return whether a handler or a group around an exit may catch its exception, in the function or a caller."""
        is_handled = self.handled_outside or (self.handled_here and NOT_CAUGHT not in detail.remarks)
        return kind == "raise" and is_handled

    def ends_at_once(self, kind: LeavingKind) -> bool:
        """Return whether an uncaught exit is drawn without a line to another node."""
        return (self.exits == "end" and kind != "break") or (self.exits == "join" and kind == "raise")


def guard_exit(node: Node, view: View) -> Break | None:
    """Return the exit of a guard: an `if` whose only branch is an exit. None for others.

    The mark of the branch must be a part of the mark on the `if`, and the mark of the exit must fit on its corner.
    """
    if not is_guard(node) or not is_covered(view.mark(node["branches"][0]), view.mark(node)):
        return None
    only = only_exit(node["branches"][0]["nodes"])
    mark = None if only is None else view.mark(only)
    return only if mark is None or not mark.effect else None


def is_covered(mark: Mark | None, outer: Mark | None) -> bool:
    """Return whether a mark, if any, says no more than the mark of the figure around it."""
    if mark is None:
        return True
    return outer is not None and mark.kind is outer.kind and not mark.effect and not mark.remark


def is_always_run(node: Node, view: View) -> bool:
    """Return whether a node is an `if` whose branch always runs, because all paths that skip it end earlier.

    It has no frame, unless the `if` or its branch is marked.
    """
    branch = always_running_branch(node, view.details)
    return branch is not None and view.mark(node) is None and view.mark(branch) is None


def rest_of_guard(node: Node, view: View) -> Branch | None:
    """Return the `else` of an `if` whose other branch ends in a jump, unless the `if` or one of its branches is marked.

    The nodes of the `else` are drawn below the `if`, not in its frame. An `if` that only jumps is drawn as a guard.
    """
    continuation = branch_after_jump(node, view.details)
    if continuation is None or node["type"] != "if" or view.mark(node) is not None:
        return None
    return continuation if all(view.mark(branch) is None for branch in node["branches"]) else None
