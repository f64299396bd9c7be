"""Graph variants for programs that use `asyncio.wait` with FIRST_EXCEPTION.

The analysis represents such a wait as a group of kind `all`. Without failures, this is exact. After a failure, the
program and the other tasks continue, whereas `gather` raises. A graph cannot express the difference, so a variant turns
one group into a race.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import cast

from stepgraph.model.payload import Graph
from tests.execution.values import PyValue
from tests.proof.subjects import Subject


def graph_variants(subject: Subject) -> Iterator[Graph]:
    """Yield the graph and, if the program uses FIRST_EXCEPTION, variants with one group turned into a race."""
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
    queue: list[object] = [cast("object", graph)]
    for part in queue:
        if isinstance(part, dict):
            queue += part.values()
            if part.get("type") == "parallel" and part.get("kind") == "all":
                yield part
        elif isinstance(part, list):
            queue += part
