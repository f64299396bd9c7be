"""Editing one step changes few lines of the file: its own, and the sizes of enclosing figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from statistics import median

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from stepgraph.model.payload import Graph
from stepgraph.render.svg.drawing import render_svg
from tests.render.random_graphs import graphs
from tests.svg.edits import NAME, Place, inserted, places, removed, renamed, steps, steps_with_others
from tests.svg.examples import examples

ORDER = examples()["OrderWorkflow"]
OWN_NAME = re.compile(r'<g class="[^"]*" id="([^"]*)"')


def changed_lines(old: Sequence[str], new: Sequence[str]) -> int:
    """Return the minimum number of deleted and inserted lines."""
    return len(old) + len(new) - 2 * common_length(old, new)


def common_length(old: Sequence[str], new: Sequence[str]) -> int:
    """Return the length of the longest common subsequence, using the bits of a number as a row of the table.

    After Hyyrö, Bit-parallel LCS-length computation revisited (2004). A bit is 0 where the length grows.
    """
    places: dict[str, int] = {}
    for bit, line in enumerate(old):
        places[line] = places.get(line, 0) | 1 << bit
    full = (1 << len(old)) - 1
    row = full
    for line in new:
        matches = row & places.get(line, 0)
        row = (row + matches | row - matches) & full
    return len(old) - row.bit_count()


def lines_of(graph: Graph) -> list[str]:
    return render_svg(graph).text.splitlines()


def counts(change: Callable[[Graph, Place], Graph], where: Callable[[Graph], Iterator[Place]]) -> list[int]:
    before = lines_of(ORDER)
    return [changed_lines(before, lines_of(change(ORDER, place))) for place in where(ORDER)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "where", "most"),
    [
        pytest.param(inserted, places, 20, id="more"),
        pytest.param(renamed, steps, 20, id="of-another-name"),
        # In most cases, the widest step of a frame, and once the step that makes an `if` more than a guard.
        pytest.param(removed, steps_with_others, 33, id="less"),
    ],
)
def test_half_of_all_edits_change_few_lines(
    change: Callable[[Graph, Place], Graph], where: Callable[[Graph], Iterator[Place]], most: int
) -> None:
    assert median(counts(change, where)) <= most


def test_an_inserted_step_changes_its_lines_and_the_size() -> None:
    place = Place(("workflow", "nodes"), 3)
    before, after = lines_of(ORDER), lines_of(inserted(ORDER, place))
    inserted_lines = next(lines for identity, lines in groups(after).items() if identity.endswith("--a-new-step"))
    old = [line for line in before if not line.startswith("<svg ") and "out filled" not in line]
    new = [line for line in after if not line.startswith("<svg ") and "out filled" not in line]
    assert changed_lines(old, new) == len(inserted_lines) + 3


def groups(lines: list[str]) -> dict[str, list[str]]:
    """Return the lines of the group of each node, with the groups inside it."""
    by_identity: dict[str, list[str]] = {}
    begun: list[tuple[str, int]] = []
    for number, line in enumerate(lines):
        if line.startswith("<g "):
            match = OWN_NAME.match(line)
            begun.append((match[1] if match else "", number))
        elif line == "</g>":
            identity, first = begun.pop()
            if identity:
                by_identity[identity] = lines[first : number + 1]
    return by_identity


@pytest.mark.slow
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(graphs(3), st.data())
def test_an_inserted_step_changes_no_line_of_siblings(graph: Graph, data: st.DataObject) -> None:
    """Lines of exits, which lead past other figures, are exceptions."""
    candidates = list(places(graph))
    assume(candidates)
    place = data.draw(st.sampled_from(candidates))
    before, after = groups(lines_of(graph)), groups(lines_of(inserted(graph, place)))
    outer = {identity for identity, lines in after.items() if any(NAME in line for line in lines)}
    untouched = [identity for identity, lines in before.items() if not any('"out' in line for line in lines)]
    assert [
        identity
        for identity in untouched
        if identity not in outer and identity in after and before[identity] != after[identity]
    ] == []


def test_insertions_and_deletions_are_counted() -> None:
    assert changed_lines("abcde", "abXde") == 2
    assert changed_lines("abcde", "abde") == 1
    assert changed_lines("abc", "abc") == 0
    assert changed_lines("abab", "baba") == 2
