"""`asyncio.wait` up to the first failure is drawn as a group of all, which it is as long as nothing fails.

Then it goes on, and the others do, too, whereas `gather` raises. The graph cannot tell the two apart, and only what a
`try` catches is drawn. So where a program waits in this way, one of its groups may be left like a race.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import cast

from stepgraph.model.payload import Graph
from tests.execution.values import PyValue
from tests.proof.subjects import Subject


def graphs_of(subject: Subject) -> Iterator[Graph]:
    """Yield the graph; where the program waits up to a failure, also each that has one group of all as a race."""
    if subject.graph is None:
        return
    yield subject.graph
    if any("FIRST_EXCEPTION" in source for source in subject.modules.values()):
        for number in range(sum(1 for _ in _groups_of_all(subject.graph))):
            graph = deepcopy(subject.graph)
            _make_race(list(_groups_of_all(graph))[number])
            yield graph


def _make_race(group: dict[str, PyValue]) -> None:
    group["kind"] = "race"
    for member in group["nodes"]:
        member.pop("resolves", None)


def _groups_of_all(graph: Graph) -> Iterator[dict[str, PyValue]]:
    left: list[object] = [cast("object", graph)]
    for part in left:
        if isinstance(part, dict):
            left += part.values()
            if part.get("type") == "parallel" and part.get("kind") == "all":
                yield part
        elif isinstance(part, list):
            left += part
