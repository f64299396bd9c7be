"""The work for hostile graphs and logs, in operations."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from stepgraph.execution.log import Pauses
from stepgraph.execution.matching.beginnings import SAME, Begin, Beginnings, FrameList, PassFrame
from stepgraph.execution.matching.log_matching import match_log
from stepgraph.execution.matching.match import Match, PassCounter
from stepgraph.execution.matching.matcher import Matcher
from stepgraph.execution.matching.term_pool import LogBudget
from stepgraph.execution.matching.terms import NEW, Term
from stepgraph.execution.program import program_of
from stepgraph.model.payload import Graph, Node
from tests.effort import sample
from tests.instances.timed_logs import matched, timed_log
from tests.render.graphs import block, branch, call, deep, do, either, function, graph, loop, parallel, protected


def _nested(levels: int) -> Graph:
    node: Node = do("a")
    for _ in range(levels):
        node = loop(do("a"), node)
    return graph(node)


def _recursive(*names: str) -> Graph:
    functions = {name: function(name, *(either(branch("x", call(each))) for each in names), do("a")) for name in names}
    return graph(call(names[0]), functions=functions)


MANY = [f"s{index}" for index in range(150)]
HOSTILE = {
    "members with one name": graph(parallel("all", *(protected(block(do("a")), catch=block(do("a"))) for _ in MANY))),
    "members of all kinds": graph(parallel("all", *(loop(either(branch("x", do("a")))) for _ in MANY))),
    "nested loops": _nested(60),
    "branches with one name": graph(*(either(branch("x", do("a"))) for _ in MANY)),
    "recursive functions": _recursive(*MANY[:20]),
    "tasks in a loop": graph(loop(parallel("all", *(do("a", starts=1) for _ in MANY)))),
    "races in races": graph(parallel("race", *(parallel("any", do("a"), do("a")) for _ in MANY))),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sample([*HOSTILE], 3))
def test_hostile_graphs_end(name: str) -> None:
    times = [f"a {10 * index}-{10 * index + 25}" for index in range(50)]
    match = matched(HOSTILE[name], *times, status="running")
    assert match.unknown in {"", "too ambiguous: too many paths through the graph fit the log"}


def test_many_paths_are_followed_together() -> None:
    optional = graph(loop(*(either(branch("x", do("a"))) for _ in range(8))))
    match = matched(optional, *(f"a {10 * index}-{10 * index + 5}" for index in range(60)))
    assert {len({place.path for place in places}) for places in match.places} == {8}


def test_equal_members_are_one() -> None:
    both = graph(parallel("all", *(call("f") for _ in range(40))), functions={"f": function("f", do("a"), do("b"))})
    texts = [*(f"a {index}-50" for index in range(40)), *(f"b {60 + index}-200" for index in range(40))]
    assert matched(both, *texts).misfit is None


def test_deep_graphs_are_refused() -> None:
    assert program_of(deep(200)).too_large == ""
    assert program_of(deep(201)).too_large == (
        "the graph is too large: at most 20,000 nodes, and 200 inside each other, are supported"
    )


@pytest.mark.slow
def test_deep_recursion() -> None:
    countdown = function("f", do("a"), either(branch("x", call("f"))))
    match = matched(graph(call("f"), functions={"f": countdown}), *(f"a {index}-{index + 1}" for index in range(300)))
    assert len(match.places[299][0].calls) == 300


@pytest.mark.slow
@pytest.mark.parametrize(("members", "operations"), [(300, 60_000), (2_000, 200_000)])
def test_wide_gathers_take_few_operations(members: int, operations: int) -> None:
    """Beyond some overlapping passes, the match no longer distinguishes when each of them ends."""
    wide = graph(parallel("all", loop(do("a", starts=0, resolves=1))), do("b"))
    texts = [*(f"a {number}-{members + number}" for number in range(members)), f"b {3 * members}-"]
    budget = LogBudget(operations=operations)
    assert match_log(program_of(wide), timed_log(*texts, status="running"), budget).misfit is None
    assert budget.operations > 0


VISITS = graph(
    protected(block(call("visit")), catch=block(do("b"))),
    functions={"visit": function("visit", loop(call("visit")), do("a"))},
)


def _assumed_pauses(monkeypatch: pytest.MonkeyPatch, *texts: str) -> list[Pauses]:
    """Return the pauses that each match of a log with `VISITS` assumes."""
    assumed: list[Pauses] = []
    match = Matcher.match

    def counted(matcher: Matcher) -> Match:
        assumed.append(matcher.pauses.expected)
        return match(matcher)

    monkeypatch.setattr(Matcher, "match", counted)
    match_log(program_of(VISITS), replace(timed_log(*texts, status="running"), is_local=True), with_pauses=True)
    return assumed


@pytest.mark.slow
def test_no_pause_explains_an_entry_of_no_step(monkeypatch: pytest.MonkeyPatch) -> None:
    assumed = _assumed_pauses(monkeypatch, "a 0-1", "a 2-3", "other 4-5")
    assert list(dict.fromkeys(assumed)) == ["in_open_entries"]


def test_pauses_may_explain_an_entry_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    assumed = _assumed_pauses(monkeypatch, "b 0-1", "b 2-3", "a 4-5")
    assert list(dict.fromkeys(assumed)) == ["in_open_entries", "any", "in_handlers", "everywhere"]


def test_places_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counters: list[PassCounter] = []

    def counter() -> PassCounter:
        counters.append(PassCounter())
        return counters[-1]

    monkeypatch.setattr("stepgraph.execution.matching.matcher.PassCounter", counter)
    assert len(_assumed_pauses(monkeypatch, "b 0-1", "b 2-3", "a 4-5")) == 4
    assert len(counters) == 1


def test_new_and_current_passes_differ_in_their_hashes() -> None:
    assert hash(PassFrame("loop", NEW)) != hash(PassFrame("loop", SAME))


@pytest.mark.slow
def test_depths_of_a_recursion_share_the_frames_around_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each depth adds a pass and a call to the frames of the next one."""
    lists: set[int] = set()
    kept: list[FrameList] = []
    of = Beginnings.of

    def recorded(beginnings: Beginnings, term: Term, site: int) -> tuple[Begin, ...]:
        begins = of(beginnings, term, site)
        for begin in begins:
            enclosing = begin.enclosing
            while enclosing is not None and id(enclosing) not in lists:
                lists.add(id(enclosing))
                kept.append(enclosing)
                enclosing = enclosing.inner
        return begins

    monkeypatch.setattr(Beginnings, "of", recorded)
    monkeypatch.setattr("stepgraph.execution.matching.log_matching.RECURSION_LIMITS", (48,))
    assert match_log(program_of(VISITS), timed_log("a 0-1", status="running")).misfit is None
    assert len(kept) < 10 * 48 * 48
