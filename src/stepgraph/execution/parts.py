"""The parts of a graph that an instance executes, with the steps as numbered sites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Final, Literal, TypeAlias, cast

from msgspec import Struct

from stepgraph.execution.log import EntryKind
from stepgraph.execution.names import NO_NAMES, NamePattern, RunNames
from stepgraph.model.details import Details
from stepgraph.model.payload import Branch, Node, Step, StepDo, UnknownNode
from stepgraph.model.vocabulary import NO_BREAK
from stepgraph.model.walk import as_unknown

GroupKind: TypeAlias = Literal["all", "any", "all_settled", "race", "list"]
"""The kind of a group. A `list` is a list of nodes with clocks inside a group."""

ExitKind: TypeAlias = Literal["next", "break", "finished", "continue", "return", "fail"]
"""How control leaves a part: to the next part, out of the loop, to the `else` of the loop, to the end of the pass, out
of the function, or by an exception.
"""

Path: TypeAlias = str
"""The path of a node from the workflow of its graph: `nodes[0].branches[1].nodes[0]`."""


class Site(Struct, frozen=True, eq=False):
    """A step of a graph."""

    number: int
    path: Path
    node: Step | UnknownNode
    """The step, or a named node of an unknown type, which may be a step."""
    kind: EntryKind | None
    """The kind of its log entries, or None for a node of an unknown type."""
    pattern: NamePattern

    def matches(self, kind: EntryKind, name: str) -> bool:
        """Return whether an entry of a log may be a run of the step."""
        return self.kind in {kind, None} and self.pattern.matches(name)

    @property
    def has_retries(self) -> bool:
        """Whether the step runs again after a failure."""
        return self.kind == "step" and cast("StepDo", self.node)["config"]["retries"]["limit"] != 0


class Traits(Struct, frozen=True):
    """The contents of a part or term on which its possible next events depend."""

    sites: int = 0
    """The steps that may begin, as a bit set."""
    starts: float = -inf
    """The lowest clock at which work begins, or minus infinity if work can begin at any clock."""
    resolves: float = inf
    """The lowest clock at which work must be over."""
    clocked: bool = False
    """Whether work has a clock of the enclosing group."""
    jumps: frozenset[ExitKind] = frozenset()
    """The jumps that may leave it."""


def combined(traits: Iterable[Traits]) -> Traits:
    """Return the traits of several parts in the same body."""
    sites, starts, resolves, clocked = 0, inf, inf, False
    jumps: frozenset[ExitKind] = frozenset()
    for each in traits:
        sites |= each.sites
        if each.starts < starts:  # noqa: PLR1730 # `min` takes most of the time in large groups
            starts = each.starts
        if each.resolves < resolves:  # noqa: PLR1730
            resolves = each.resolves
        if each.clocked:
            clocked = True
        if each.jumps:
            jumps |= each.jumps
    return Traits(sites, starts, resolves, clocked, jumps)


class Clock(Struct, frozen=True):
    """The clocks of its group at which work begins and is over, and the effect of its failure."""

    starts: float | None
    resolves: float | None
    may_be_caught: bool
    """Whether code that awaits the work may catch its failure."""
    settled: bool
    """Whether a failure is a result, as in `Promise.allSettled`."""

    @property
    def outlasts(self) -> bool:
        """Whether work begins in a group that does not await it."""
        return self.starts is not None and self.resolves is None

    def traits(self, sites: int) -> Traits:
        """Return the traits of work with this clock."""
        starts = -inf if self.starts is None else self.starts
        resolves = inf if self.resolves is None else self.resolves
        return Traits(sites, starts, resolves, clocked=self.starts is not None or self.resolves is not None)


class StepPart(Struct, frozen=True, eq=False):
    """A step. Its nested steps run while it runs."""

    site: Site
    nested: Part
    clock: Clock
    traits: Traits

    @property
    def signature(self) -> object:
        """The properties that log entries and clocks distinguish. Members with equal properties begin in order."""
        return self.site.kind, self.site.pattern, self.clock, self.nested if self.nested is not EMPTY else None


class CallPart(Struct, frozen=True, eq=False):
    """A call of a function of the graph, or a workflow as a node."""

    path: Path
    body: str
    """The key of the function in `GraphParts.bodies`."""
    is_call: bool
    clock: Clock
    traits: Traits
    values: tuple[tuple[str, str], ...] = ()
    """The values that the call passes and that decide names of steps, as in `RunNames.values_of`."""

    @property
    def signature(self) -> object:
        """The properties that log entries and clocks distinguish. Members of a group with equal ones begin in order."""
        return self.body, self.clock, self.values


class SequencePart(Struct, frozen=True, eq=False):
    """Parts one after another."""

    items: tuple[Part, ...]
    suffixes: tuple[Traits, ...]
    """The traits of the items from each index on, and those of nothing."""

    @property
    def traits(self) -> Traits:
        """The traits of all items."""
        return self.suffixes[0]


EMPTY: Final = SequencePart((), (Traits(starts=inf),))
"""A part in which nothing happens."""


class GroupPart(Struct, frozen=True, eq=False):
    """Concurrent parts, in the order of their clocks."""

    kind: GroupKind
    items: tuple[Part, ...]
    traits: Traits
    twins: Mapping[int, int]
    """For each member that equals an earlier member, the position of the first equal member."""
    call_paths: tuple[Path, ...]
    """The paths of the members that are calls, by position. Equal calls are one part."""
    raises_errors: bool = False
    """Whether the code after the group does not run if a member has failed."""


class ChoicePart(Struct, frozen=True, eq=False):
    """Alternative branches; exactly one runs."""

    branches: tuple[Part, ...]
    traits: Traits


class LoopPart(Struct, frozen=True, eq=False):
    """A part that runs any number of times."""

    path: Path
    body: Part
    overlapping: bool
    """Whether passes may overlap, as in a group."""
    is_unknown: bool
    """Whether it is a node of an unknown type, which control may leave by any exit at any time."""
    traits: Traits
    is_infinite: bool = False
    """Whether only a jump or an exception ends it."""
    is_nonempty: bool = False
    """Whether the first pass always runs."""
    passes: int = 0
    """The constant number of passes that run unless a jump or an exception ends the loop, or 0."""
    orelse: Part = EMPTY
    """The `else` of the loop, which runs unless a jump or an exception ends the loop."""

    def has_pass_after(self, count: int) -> bool:
        """Return whether another pass may run after a number of passes."""
        return not self.passes or count < self.passes


class TryPart(Struct, frozen=True, eq=False):
    """A `try` statement. A failure may leave the body at any point."""

    body: Part
    handler: Part | None
    final: Part
    in_group: bool
    """Whether it is in a group, where work that is still running at its end continues."""
    traits: Traits
    catches_all: bool = False
    """Whether the handler catches every failure."""
    is_unhandled: bool = False
    """Whether every failure leaves the statement."""
    catches_only_steps: bool = False
    """Whether the handler catches only errors of the steps in the body, as its other code raises none."""
    catches_cancellation: bool = False
    """Whether the handler may catch a `CancelledError`, which a timeout raises while a step runs."""
    orelse: Part = EMPTY
    """The `else`, whose failures the handler does not catch. In a group, the body contains it."""

    @property
    def awaits_group(self) -> bool:
        """Whether its body runs no step, but awaits work of the group, whose failures the handler catches."""
        return self.in_group and self.body is EMPTY


class ExitPart(Struct, frozen=True, eq=False):
    """A jump out of a loop or function."""

    kind: ExitKind
    traits: Traits
    is_conditional: bool = False
    """Whether it is a `raise` without a node that only runs under a condition."""


Part: TypeAlias = StepPart | CallPart | SequencePart | GroupPart | ChoicePart | LoopPart | TryPart | ExitPart


class GraphParts(Struct, frozen=True, eq=False):
    """The parts of a graph."""

    body: Part
    bodies: Mapping[str, Part]
    """The bodies of functions, by key."""
    recursive: frozenset[str]
    """The keys of the functions that may call themselves."""
    sites: Sequence[Site]
    """All steps, by number."""
    has_passes: bool = False
    """Whether passes of a loop may overlap."""
    has_try: bool = False
    """Whether the graph has a `try`, so that code may continue after an exception."""
    nested_sites: int = 0
    """The steps that the bodies of other steps run, as a bit set."""
    own_errors: frozenset[Path] = frozenset()
    """The paths of the `try` statements whose handlers may catch errors of the code between steps."""
    awaited_groups: Mapping[Path, Path] = {}
    """The path of the group for each `try` whose body runs no step, but awaits work of the group."""
    has_raising_groups: bool = False
    """Whether the code after a group does not run if a member has failed."""
    has_quiet_code: bool = False
    """Whether the handlers of a `try` catch only errors of steps."""
    has_conditional_raises: bool = False
    """Whether the parts have conditional `raise` statements without nodes."""
    names: RunNames = NO_NAMES
    """The names of steps that the arguments of calls decide."""
    too_large: str = ""
    """The reason if the graph exceeds a limit, and has no parts."""

    def may_have_name(self, site: int, name: str) -> bool:
        """Return whether calls may give a name to a run of a step, by its number."""
        return self.names.may_be_any_run(self.sites[site].path, name)


def sequence(items: Iterable[Part]) -> Part:
    """Return parts one after another, without empty ones."""
    nonempty = tuple(item for item in items if item is not EMPTY)
    if not nonempty:
        return EMPTY
    if len(nonempty) == 1:
        return nonempty[0]
    suffixes = [EMPTY.suffixes[0]]
    for item in reversed(nonempty):
        suffixes.append(combined((item.traits, suffixes[-1])))
    return SequencePart(nonempty, tuple(reversed(suffixes)))


def group(kind: GroupKind, items: Iterable[Part], *, raises_errors: bool = False) -> Part:
    """Return concurrent parts, without empty ones."""
    nonempty = tuple(item for item in items if item is not EMPTY)
    if not nonempty:
        return EMPTY
    first: dict[object, int] = {}
    twins: dict[int, int] = {}
    for at, item in enumerate(nonempty):
        if isinstance(item, StepPart | CallPart):
            earlier = first.setdefault(item.signature, at)
            if earlier != at:
                twins[at] = earlier
    paths = tuple(item.path if isinstance(item, CallPart) else "" for item in nonempty)
    items = tuple(
        nonempty[twins[at]] if isinstance(item, CallPart) and at in twins else item for at, item in enumerate(nonempty)
    )
    return GroupPart(kind, items, combined(item.traits for item in items), twins, paths, raises_errors)


def ends_of_test(node: Node, details: Details, *, in_group: bool) -> tuple[ExitKind, ...]:
    """Return how control may leave a loop at its test, or nothing for a node that is not a test.

    Saved graphs do not distinguish the test of a `while` from an `if not` with a `break`. In a group, a loop may lack
    its `else`.
    """
    if node["type"] != "if" or len(node["branches"]) != 1:
        return ()
    (branch,) = node["branches"]
    jump = branch["nodes"][0] if len(branch["nodes"]) == 1 else node
    if jump["type"] != "break" or jump["kind"] != "break":
        return ()
    if not details.items:
        return ("break", "finished") if (branch["condition"] or "").startswith("not ") else ()
    if not details.of(jump).runs_else:
        return ()
    return ("break", "finished") if in_group else ("finished",)


def else_of_loop(node: Node) -> Branch | None:
    """Return the branch of a node that is the `else` of the loop before it, or None."""
    if node["type"] != "if" or len(node["branches"]) != 1:
        return None
    (branch,) = node["branches"]
    return branch if branch["condition"] == NO_BREAK else None


def awaited_groups(nodes: Mapping[Path, Node]) -> dict[Path, Path]:
    """Return the innermost group around each `try` with handlers whose body runs no step."""
    groups: dict[Path, Path] = {}
    for path, node in nodes.items():
        if as_unknown(node) is not None or node["type"] != "try" or "try_block" in node:
            continue
        outer = path
        while outer and (outer == path or outer not in nodes or nodes[outer]["type"] != "parallel"):
            outer = outer.rpartition(".")[0]
        if outer:
            groups[path] = outer
    return groups


def handlers_of_own_errors(nodes: Mapping[Path, Node], details: Details) -> frozenset[Path]:
    """Return the paths of the `try` statements whose handlers may catch errors of the code between steps."""
    return frozenset(path for path, node in nodes.items() if _catches_own_errors(node, details))


def _catches_own_errors(node: Node, details: Details) -> bool:
    if as_unknown(node) is not None or node["type"] != "try":
        return False
    handlers = node.get("catch_block")
    return handlers is not None and details.of(handlers).catches_own_errors
