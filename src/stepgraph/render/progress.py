"""The progress of an instance at the parts of a drawing, and the states of parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from stepgraph.execution.instance import Instance, NodeProgress, NodeState
from stepgraph.model.details import Part
from stepgraph.model.walk import as_unknown, blocks_in, is_step, paths_of
from stepgraph.render.traversal import Traversals, traversals_of

if TYPE_CHECKING:
    from stepgraph.model.payload import FunctionDef, Node, Workflow

STATES: Final[tuple[NodeState, ...]] = (
    "retrying",
    "waiting",
    "sleeping",
    "running",
    "failed",
    "done",
    "not_reached",
    "unreachable",
    "skipped",
)
"""The states in order of importance: a folded box has the first state of the nodes inside."""

CURRENT: Final[frozenset[NodeState]] = frozenset({"retrying", "waiting", "sleeping", "running"})
"""The states of work that has not ended."""

REACHED: Final[frozenset[NodeState]] = CURRENT | {"failed", "done"}
"""The states of nodes that the instance has reached."""

STATE_WORDS: Final[Mapping[NodeState, str]] = {
    "done": "done",
    "failed": "failed",
    "retrying": "retrying",
    "sleeping": "sleeping",
    "waiting": "waiting",
    "running": "running",
    "skipped": "skipped",
    "not_reached": "not reached",
    "unreachable": "no longer reachable",
}


class PartStates(Struct, frozen=True, eq=False):
    """The states of the parts of a graph in an instance.

    Like `Marks`, it identifies parts as objects, not by equality.
    """

    instance: Instance
    parts: Sequence[tuple[Part, NodeProgress]]
    """The nodes, branches, blocks and functions of the graph."""

    _by_identity: dict[int, NodeProgress] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_identity.update((id(part), progress) for part, progress in self.parts)

    def of(self, part: Mapping[str, object]) -> NodeProgress | None:
        """Return the progress of a node, branch, block or function, or None for a part of another graph."""
        return self._by_identity.get(id(part))

    def state(self, part: Mapping[str, object]) -> NodeState:
        """Return the state of a part."""
        progress = self.of(part)
        return "not_reached" if progress is None else progress.state

    def is_taken(self, part: Mapping[str, object]) -> bool:
        """Return whether the instance has reached a part."""
        return self.state(part) in REACHED


class Progress(PartStates, frozen=True, eq=False, kw_only=True):
    """The progress of an instance at the parts of a graph."""

    next: Sequence[Node]
    """The steps that can begin next or, if an entry does not fit, the steps that could have begun in its place.

    Steps that begin only if the code between steps raises an exception are omitted.
    """

    next_calls: Sequence[Node] = ()
    """The calls of the functions in which the steps of `next` begin."""

    traversals: Traversals
    """The traversals of the parts of the graph, computed from their states."""

    _next: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._next.update(map(id, (*self.next, *self.next_calls)))

    @property
    def failure(self) -> int | None:
        """The index of the log entry whose failure ended the instance.

        None without such an entry, or if it is uncertain.
        """
        return self.instance.failure

    def is_next(self, node: Mapping[str, object]) -> bool:
        """Return whether a step, or a step in the function of a call, can begin next."""
        return id(node) in self._next

    def is_important(self, node: Node) -> bool:
        """Return whether a step must not be hidden: it has not ended, or it has failed."""
        state = self.state(node)
        return is_step(node) and (state in CURRENT or state == "failed")


def progress_of(instance: Instance, workflow: Workflow) -> Progress:
    """Return the progress of an instance at the parts of the workflow that it was matched with."""
    nodes = dict(paths_of(workflow))
    parts: dict[str, Part] = dict(nodes)
    parts.update(_functions("", workflow["functions"]))
    for path, node in nodes.items():
        parts.update((f"{path}.{key}", block) for key, _, block in blocks_in(node))
        if as_unknown(node) is None and node["type"] == "start":
            parts.update(_functions(f"{path}.", node["functions"]))
    progress = [(part, instance.nodes[path]) for path, part in parts.items() if path in instance.nodes]
    next_places = [place for place in instance.next if not instance.begins_after_error(place)]
    places = next_places if instance.misfit is None else instance.misfit.expected
    traversals = traversals_of(PartStates(instance, progress), workflow)
    steps = dict.fromkeys(place.path for place in places)
    calls = dict.fromkeys(call for place in places for call in place.calls[-1:])
    return Progress(
        instance,
        progress,
        next=[nodes[path] for path in steps if path in nodes],
        next_calls=[nodes[path] for path in calls if path in nodes],
        traversals=traversals,
    )


def _functions(path: str, functions: Mapping[str, FunctionDef]) -> Iterator[tuple[str, Part]]:
    """Yield functions with their paths."""
    yield from ((f'{path}functions["{name}"]', function) for name, function in functions.items())
