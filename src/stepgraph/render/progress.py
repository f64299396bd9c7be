"""The progress of an instance at the parts of a drawing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import field

from stepgraph.execution.instance import Instance
from stepgraph.model.details import Part
from stepgraph.model.walk import as_unknown, blocks_in, is_step, paths_of
from stepgraph.render.part_states import CURRENT, PartStates
from stepgraph.render.traversal import Traversals, traversals_of

if TYPE_CHECKING:
    from stepgraph.model.payload import FunctionDef, Node, Workflow


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
