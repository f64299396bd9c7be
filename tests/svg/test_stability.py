"""A step more, less or of another name changes little of the file: its lines, and the sizes of what is around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from statistics import median

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from stepgraph.model.payload import Graph
from stepgraph.render.svg.document import render_svg
from tests.render.random_graphs import graphs
from tests.svg.changes import changed_lines
from tests.svg.edits import NAME, Place, inserted, places, removed, renamed, steps, steps_with_others
from tests.svg.examples import examples

ORDER = examples()["OrderWorkflow"]
OWN_NAME = re.compile(r'<g class="[^"]*" id="([^"]*)"')


def lines_of(graph: Graph) -> list[str]:
    return render_svg(graph).text.splitlines()


def counts(change: Callable[[Graph, Place], Graph], where: Callable[[Graph], Iterator[Place]]) -> list[int]:
    before = lines_of(ORDER)
    return [changed_lines(before, lines_of(change(ORDER, place))) for place in where(ORDER)]


@pytest.mark.parametrize(
    ("change", "where", "most"),
    [
        pytest.param(inserted, places, 20, id="more"),
        pytest.param(renamed, steps, 20, id="of-another-name"),
        pytest.param(removed, steps_with_others, 30, id="less"),  # the widest of a frame, in most cases
    ],
)
def test_half_of_all_changes_by_a_step_change_few_lines(
    change: Callable[[Graph, Place], Graph], where: Callable[[Graph], Iterator[Place]], most: int
) -> None:
    assert median(counts(change, where)) <= most


def test_a_step_more_in_the_workflow_itself_changes_its_own_lines_and_the_size_of_the_picture() -> None:
    place = Place(("workflow", "nodes"), 3)
    before, after = lines_of(ORDER), lines_of(inserted(ORDER, place))
    own = next(lines for identity, lines in groups(after).items() if identity.endswith("--a-new-step"))
    kept = [line for line in before if not line.startswith("<svg ") and "out filled" not in line]
    rest = [line for line in after if not line.startswith("<svg ") and "out filled" not in line]
    assert changed_lines(kept, rest) == len(own) + 3


def groups(lines: list[str]) -> dict[str, list[str]]:
    """Return the lines of each group of a node, and of all that is in it."""
    found: dict[str, list[str]] = {}
    begun: list[tuple[str, int]] = []
    for number, line in enumerate(lines):
        if line.startswith("<g "):
            match = OWN_NAME.match(line)
            begun.append((match[1] if match else "", number))
        elif line == "</g>":
            identity, first = begun.pop()
            if identity:
                found[identity] = lines[first : number + 1]
    return found


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(graphs(3), st.data())
def test_a_step_more_changes_no_line_of_the_nodes_beside_it(graph: Graph, data: st.DataObject) -> None:
    """But for lines of ways out, which lead past all that is around them."""
    found = list(places(graph))
    assume(found)
    place = data.draw(st.sampled_from(found))
    before, after = groups(lines_of(graph)), groups(lines_of(inserted(graph, place)))
    around = {identity for identity, lines in after.items() if any(NAME in line for line in lines)}
    untouched = [identity for identity, lines in before.items() if not any('"out' in line for line in lines)]
    assert [
        identity
        for identity in untouched
        if identity not in around and identity in after and before[identity] != after[identity]
    ] == []


def test_lines_that_change_are_counted_both_ways() -> None:
    assert changed_lines("abcde", "abXde") == 2
    assert changed_lines("abcde", "abde") == 1
    assert changed_lines("abc", "abc") == 0
    assert changed_lines("abab", "baba") == 2
