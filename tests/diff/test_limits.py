"""Comparisons beyond the limit on visits have a coarser result, with a note."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from stepgraph.diff.diff import WorkflowDiff, diff_graphs, diff_workflows
from stepgraph.diff.in_flight.instances import StepCounts
from stepgraph.diff.match import functions_sharing_steps
from stepgraph.diff.matching import Matching
from stepgraph.diff.merged import merge_versions
from stepgraph.diff.recovery import NameSimilarity
from stepgraph.diff.sequences import common_sequence
from stepgraph.execution.engine_rules import Effect
from stepgraph.limits import MAXIMUM, Budget, Limit
from stepgraph.model.payload import Graph, Node
from stepgraph.report.diff.marks import marked_graph
from stepgraph.report.diff.unchanged import fold_unchanged
from tests.diff.mutations import copied
from tests.instances.test_replay_growth import MAX_RATIO, calls_of
from tests.render.graphs import branch, do, either, graph, loop, parallel

LIMIT = "more than 10 element visits in the two graphs"
NOT_COMPARED = (
    f"changed but is too large to compare in detail: {LIMIT}  breaking: assumed, because the changes are unknown"
)


def naps(*names: str) -> list[Node]:
    return [{"type": "step_sleep", "name": name, "duration": "1 day"} for name in names]


def compared(old: Graph, new: Graph) -> WorkflowDiff:
    return diff_workflows(old["workflow"], new["workflow"])


def lines_of(diff: WorkflowDiff) -> list[str]:
    return [change.line for change in diff.changes]


@pytest.fixture
def ten_visits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAXIMUM, Limit.VISITS, 10)


def around_all(steps: int) -> Graph:
    return graph(loop(*(do(f"s{n}") for n in range(steps))))


@pytest.mark.usefixtures("ten_visits")
def test_too_large_graphs_are_one_change() -> None:
    old, new = around_all(20), graph(*(do(f"s{n}") for n in range(20, 0, -1)), *around_all(20)["workflow"]["nodes"])
    diff = compared(old, new)
    assert lines_of(diff) == [f"~ workflow 'Orders' {NOT_COMPARED}"]
    assert diff.effect is Effect.BREAKING
    assert diff.apply() == new["workflow"]


@pytest.mark.usefixtures("ten_visits")
def test_too_large_graphs_are_drawn_as_new_version() -> None:
    old, new = around_all(20), graph(*(do(f"s{n}") for n in range(20, 0, -1)), *around_all(20)["workflow"]["nodes"])
    diff = compared(old, new)
    union = merge_versions(diff)
    assert (union.workflow, list(union.added), list(union.removed)) == (new["workflow"], [], [])
    marked = marked_graph(diff, "Orders")
    assert marked.graph["workflow"] == new["workflow"]
    assert not marked.marks.marked
    assert fold_unchanged(marked).graph["workflow"] == new["workflow"]


@pytest.mark.usefixtures("ten_visits")
def test_equal_too_large_graphs_are_unchanged() -> None:
    workflow = graph(loop(loop(*(do(f"s{n}") for n in range(20)))))["workflow"]
    assert diff_workflows(workflow, copied(workflow)).changes == ()


def test_effects_beyond_the_limit_are_breaking(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = graph(*naps("a", "b", "c", "d", "e")), graph(*naps("a", "b", "c", "d", "e"), do("f"))
    assert lines_of(compared(old, new)) == ["+ step 'f' added after 'e'"]
    monkeypatch.setitem(MAXIMUM, Limit.VISITS, 45)
    unknown = "breaking: assumed, because computing it takes more than 45 element visits in the two graphs"
    assert lines_of(compared(old, new)) == [f"+ step 'f' added after 'e'  {unknown}"]


@pytest.mark.slow
def test_workflows_share_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAXIMUM, Limit.VISITS, 400)
    large = graph(*(loop(do(f"s{n}")) for n in range(300)))["workflow"], graph(loop(do("s0")))["workflow"]
    small = graph(*naps("a"))["workflow"], graph(*naps("a", "b"))["workflow"]
    names = ["large 1", "large 2", "small", "same"]
    old, new = (dict(zip(names, (large[n], large[n], small[n], large[0]), strict=True)) for n in (0, 1))
    changes = [[change.title for change in diff.changes] for diff in diff_graphs(old, new)]
    limits = [f"more than {limit} element visits in the two graphs" for limit in ("400", "200")]
    assert changes == [
        [f"workflow 'large 1' changed but is too large to compare in detail: {limits[0]}"],
        [f"workflow 'large 2' changed but is too large to compare in detail: {limits[1]}"],
        ["sleep 'b' added after 'a'"],
        [],
    ]


def test_functions_match_by_rare_steps_first() -> None:
    bodies = {f"f{n}": Counter(["common", f"own {n}"]) for n in range(4)}
    others = {f"g{n}": Counter(["common", f"own {n}"]) for n in range(4)}
    # A pair with a common rare step takes four visits, and a pair with the frequent step 64.
    assert len(functions_sharing_steps(bodies, others, budget_of(2 * (4 * 4 + 64)))) == 16
    assert functions_sharing_steps(bodies, others, budget_of(2 * (4 * 4 + 63))) == {
        (f"f{n}", f"g{n}") for n in range(4)
    }
    assert len(functions_sharing_steps(bodies, others, budget_of(2 * 8))) == 2


def test_names_are_compared_within_the_budget() -> None:
    similarity = NameSimilarity(budget_of(120))
    assert similarity.ratio("charge 1", "charge 2") == 0.875
    assert similarity.ratio("charge a long one", "charge a long on") == 0
    assert similarity.ratio("charge 1", "charge 2") == 0.875
    assert similarity.budget.remaining[Limit.VISITS] == 120 - 2 * 21
    assert NameSimilarity(Budget()).ratio("a" * 1000, "a" * 1000) == 0


def budget_of(visits: int) -> Budget:
    budget = Budget()
    budget.remaining[Limit.VISITS] = visits
    return budget


@pytest.mark.slow
def test_sequences_with_nested_anchors() -> None:
    # Each item becomes unique once the items before it are paired.
    size = 3000
    old = [item for n in range(size) for item in (f"old {n}", f"a{n}", f"a{n + 1}")]
    new = [item for n in range(size) for item in (f"new {n}", f"a{n}", f"a{n + 1}")]
    pairs = common_sequence(old, new)
    assert all(old[first] == new[second] for first, second in pairs)
    assert sorted(pairs) == pairs


def test_the_first_of_equal_adjacent_items_are_matched() -> None:
    assert common_sequence("xabb", "yabbb") == [(1, 1), (2, 2), (3, 3)]
    assert common_sequence("xabb", "yab") == [(1, 1), (2, 2)]
    assert common_sequence("bb", "xb") == [(1, 1)]


def test_group_members_with_changed_dependencies() -> None:
    old, new = (
        graph(parallel("all", *(do(f"s{n}", starts=at, resolves=at + 1) for n, at in enumerate(order))))
        for order in (range(20), range(20, 0, -1))
    )
    groups = [change.group for change in compared(old, new).changes]
    assert [(len(group.new), len(group.dependencies)) for group in groups] == [(1, 19), (18, 20), (1, 19)]


def test_waits_of_the_new_version_are_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []
    search = Matching.unmatched_new

    def count(matching: Matching) -> list[int]:
        searched.append(1)
        return search(matching)

    monkeypatch.setattr(Matching, "unmatched_new", count)

    def searches(size: int) -> int:
        searched.clear()
        old, new = (graph(do("pay"), *naps(*(f"{name} {n}" for n in range(size)))) for name in ("old", "new"))
        assert compared(old, new).effect is Effect.BREAKING
        return len(searched)

    assert searches(5) == searches(10)


def test_overtaken_steps_are_not_searched_for_unique_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(StepCounts, "keys")
    names = [f"s{n}" for n in range(6)]
    assert compared(graph(*naps(*names)), graph(*naps(*reversed(names)))).effect is Effect.OUT_OF_ORDER


def nested_choices(levels: int, *, is_negated: bool) -> Graph:
    node: Node = do("store")
    for number in reversed(range(levels)):
        skip = do(f"skip {number}")
        if is_negated:
            node = either(branch(f"not is_valid({number})", skip), branch(None, node))
        else:
            node = either(branch(f"is_valid({number})", node), branch(None, skip))
    return graph(node)


@pytest.mark.slow
def test_nested_conditions_take_linear_work() -> None:
    calls: list[int] = []
    for levels in (25, 50, 100):
        old, new = (nested_choices(levels, is_negated=is_negated) for is_negated in (False, True))
        calls.append(calls_of(partial(compared, old, new)))
    small, medium, large = calls
    assert large - medium <= MAX_RATIO * (medium - small)
