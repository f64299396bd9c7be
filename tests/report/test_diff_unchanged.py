"""Folding of what two versions have in common."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from stepgraph.diff.diff import WorkflowDiff, diff_workflows
from stepgraph.diff.tree import ROOT
from stepgraph.model.details import Detail, Details
from stepgraph.model.payload import Graph, StepSleep
from stepgraph.render.svg.fonts import NAME
from stepgraph.render.view import View
from stepgraph.report.diff.marks import MarkedGraph, marked_graph
from stepgraph.report.diff.svg import render_svg
from stepgraph.report.diff.unchanged import fold_unchanged
from tests.effort import example_count
from tests.property_settings import WITHOUT_DEADLINE
from tests.render.graphs import LEAVE, block, branch, call, do, either, function, graph, loop, parallel, protected
from tests.render.random_graphs import graphs
from tests.report.comparisons import everything, settlement_report
from tests.svg.laws.all_laws import broken
from tests.svg.picture import Picture, picture_of

A_TO_E = [do(letter) for letter in "abcde"]
SIXTH = do("sixth")


def marked(old: Graph, new: Graph) -> MarkedGraph:
    return marked_graph(diff_workflows(old["workflow"], new["workflow"]), "Orders")


def drawn(versions: MarkedGraph) -> Picture:
    return picture_of(versions.graph, versions.view(View()))


def titles(old: Graph, new: Graph) -> list[str]:
    """Return the titles of the figures in the folded picture."""
    return [figure.title.removesuffix(" · step") for figure in drawn(fold_unchanged(marked(old, new))).figures]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            graph(*A_TO_E, *A_TO_E[:4]),
            graph(*A_TO_E, SIXTH, *A_TO_E[:4]),
            ["4 steps unchanged", "e", "sixth", "a", "3 steps unchanged"],
            id="a long run, except beside a change",
        ),
        pytest.param(
            graph(*A_TO_E[:3]), graph(*A_TO_E[:3], SIXTH), ["a", "b", "c", "sixth"], id="a short run is drawn"
        ),
        pytest.param(
            graph(loop(do("a"), do("b")), do("c")),
            graph(loop(do("a"), do("b")), do("c"), SIXTH),
            ["loop · 2 steps · a, b", "c", "sixth"],
            id="a node with contents",
        ),
        pytest.param(
            graph(either(branch("x", *A_TO_E), branch(None, do("f")))),
            graph(either(branch("x", *A_TO_E), branch(None, do("f"), SIXTH))),
            ["if · x", "x", "5 steps unchanged", "else", "f", "sixth"],
            id="an unchanged branch",
        ),
        pytest.param(
            graph(parallel("all", *(do(name, starts=1, resolves=2) for name in "abcd"))),
            graph(parallel("all", *(do(name, starts=1, resolves=2) for name in "abcde"))),
            ["parallel all · until all are done", "4 steps unchanged", "e · step · clock 1→2"],
            id="members of a group",
        ),
        pytest.param(
            graph(call("f"), functions={"f": function("f", *A_TO_E)}),
            graph(call("f"), SIXTH, functions={"f": function("f", *A_TO_E)}),
            ["f · 5 steps · a, b, c, d, e", "sixth"],
            id="a call of an unchanged function",
        ),
        pytest.param(
            graph(do("a"), loop(*A_TO_E), either(branch("x", do("f"), LEAVE)), do("g"), LEAVE),
            graph(do("a"), loop(*A_TO_E), either(branch("x", do("f"), LEAVE)), do("g"), LEAVE, functions={}),
            ["8 steps unchanged · may return", "return"],
            id="everything but the exit",
        ),
    ],
)
def test_unchanged_parts_are_folded(old: Graph, new: Graph, expected: list[str]) -> None:
    assert titles(old, new) == expected


def test_a_changed_function_is_drawn_at_its_call() -> None:
    old = graph(*A_TO_E, call("f"), functions={"f": function("f", do("x"))})
    new = graph(*A_TO_E, call("f"), functions={"f": function("f", do("x"), SIXTH)})
    assert titles(old, new) == ["4 steps unchanged", "e", "f · function", "x", "sixth"]


@pytest.mark.slow
def test_settlement_is_readable_at_800_pixels() -> None:
    picture = render_svg(settlement_report())
    assert NAME.size * min(1, 800 / picture.width) >= 10
    assert picture.height < 2400


def drawn_marks(versions: MarkedGraph) -> set[int]:
    nodes = {id(node) for node in drawn(versions).nodes.values()}
    return {id(part) for part, _ in versions.marks.marked} & nodes


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, max_examples=example_count(13))
@given(graphs(), graphs())
def test_no_marked_node_is_folded_away(old: Graph, new: Graph) -> None:
    versions = marked(old, new)
    before = drawn_marks(versions)
    assert drawn_marks(fold_unchanged(versions)) == before


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, max_examples=example_count(13))
@given(graphs(), graphs())
def test_a_folded_diff_obeys_all_laws(old: Graph, new: Graph) -> None:
    versions = fold_unchanged(marked(old, new))
    view = versions.view(View())
    assert broken(versions.graph, picture_of(versions.graph, view), view).keys() <= {
        "every node is drawn once for each drawing of its function"
    }


def test_lines_in_an_added_try_body_begin_at_its_top() -> None:
    short: StepSleep = {"type": "step_sleep", "name": "a", "duration": 1}
    long: StepSleep = {"type": "step_sleep", "name": "a", "duration": 300_000, "starts": 5, "resolves": 7}
    old = graph(protected(final=block(long)))
    new = graph(functions={"pay": function("pay", protected(block(short), catch=block(), final=block()))})
    versions = fold_unchanged(marked(old, new))
    view = versions.view(View())
    assert broken(versions.graph, picture_of(versions.graph, view), view) == {}


def without_place(diff: WorkflowDiff) -> list[str]:
    """Return the changes without a mark in the picture, except changes of the whole workflow."""
    places = marked_graph(diff, "Orders").places
    return [
        change.title
        for change, parts in zip(diff.changes, places, strict=True)
        if not parts and ROOT not in change.group.new and diff.matching is not None
    ]


@pytest.mark.slow
def test_each_change_of_the_fixtures_has_a_mark() -> None:
    assert [title for workflow in everything().workflows for title in without_place(workflow.diff)] == []


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, max_examples=example_count(20))
@given(graphs(), graphs())
def test_each_change_has_a_mark(old: Graph, new: Graph) -> None:
    assert without_place(diff_workflows(old["workflow"], new["workflow"])) == []


def test_steps_of_a_branch_that_always_runs_are_folded() -> None:
    certain = branch("no exception", *A_TO_E)
    new = graph(either(certain), SIXTH)
    diff = diff_workflows(graph(either(branch("no exception", *A_TO_E)))["workflow"], new["workflow"])
    versions = marked_graph(diff, "Orders", new_details=Details([(certain, Detail(is_certain=True))]))
    assert [figure.title for figure in drawn(fold_unchanged(versions)).figures] == [
        "5 steps unchanged",
        "sixth · step",
    ]
