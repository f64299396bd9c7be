"""The work to replay hostile logs on hostile graphs."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from stepgraph.execution.matching.log_matching import match_log
from stepgraph.execution.matching.term_pool import LogBudget
from stepgraph.execution.matching.terms import TooAmbiguousError
from stepgraph.execution.parts import Site
from stepgraph.execution.program import program_of
from stepgraph.model.payload import Graph, Node
from stepgraph.replay.answers import Answers
from stepgraph.replay.nested_entries import NestedEntries
from stepgraph.replay.new_code import NewCode
from stepgraph.replay.replacements import Replacements
from tests.instances.short_logs import ended, log_of, opened
from tests.render.graphs import branch, call, do, either, function, graph, loop, parallel

AMBIGUOUS = ("Too many paths through the new code fit the log.",)


def answers_of(document: Graph, *names: str) -> Answers:
    log = log_of("running", *map(ended, names))
    return Answers.of(program_of(document), log.entries, (None,) * len(names), LogBudget())


def test_literal_and_unknown_names_answer_steps() -> None:
    answers = answers_of(graph(do("a"), do("{x}"), do("a")), "a", "b", "a")
    assert list(answers.by_site) == [0b101, 0b111, 0b101]
    assert list(answers.sites_of) == [0b111, 0b010, 0b111]


@pytest.mark.parametrize("name", ["a", "{x}"])
def test_names_are_compared_up_to_a_limit(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A literal name is looked up, and any other is compared with all names in the log."""
    monkeypatch.setattr("stepgraph.replay.answers.ANSWER_COMPARISONS", 10)
    names = [f"s{number}" for number in range(10)]
    steps = [do(name) for _ in range(10)]
    if name == "a":
        assert list(answers_of(graph(*steps), *names, "a").by_site) == [1 << 10] * 10
    else:
        with pytest.raises(TooAmbiguousError):
            answers_of(graph(*steps), *names)


def test_too_many_comparisons_give_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.replay.answers.ANSWER_COMPARISONS", 1)
    replay = NewCode.of(graph(do("{x}"))).replay(log_of("running", ended("a"), ended("b")))
    assert (replay.effect, replay.reasons) == ("unknown", AMBIGUOUS)


def test_nested_entries_are_those_during_the_outer_step() -> None:
    document = graph(do("a", do("b"), call("f")), do("c"), functions={"f": function("f", do("d"))})
    program = program_of(document)
    log = log_of("running", ended("a", end=25), ended("b"), ended("d"), ended("c"), ended("b"))
    nested = NestedEntries(program, log.entries, Answers.of(program, log.entries, (None,) * 5, LogBudget()))
    outer, entry = program.sites[0], log.entries[0]
    assert outer.node["name"] == "a"
    assert (nested.possible(outer), nested.during(outer, entry)) == (0b10110, 0b00110)
    assert nested.possible(program.sites[1]) == 0
    assert nested.during(outer, opened("a")) == 0


def test_entries_of_nested_steps_count_as_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.replay.alignment._ENTRIES_PER_POSITION", 1e-4)
    log = log_of("running", ended("a", end=15), ended("b"), ended("a", end=15), ended("b"))
    assert NewCode.of(graph(loop(do("a", do("b"))))).replay(log).reasons == AMBIGUOUS


def test_a_step_and_an_entry_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of loops would otherwise compare their name with all entries of the log each time."""
    pairs: list[tuple[int, int]] = []
    compare = Replacements.can_replace

    def recorded(replacements: Replacements, site: Site, number: int) -> bool:
        pairs.append((site.number, number))
        return compare(replacements, site, number)

    monkeypatch.setattr(Replacements, "can_replace", recorded)
    log = log_of("running", ended("a"), *(ended(f"z{number}") for number in range(50)))
    NewCode.of(graph(loop(do("a")), do("b"))).replay(log)
    assert len(pairs) > 50
    assert max(Counter(pairs).values()) <= 2  # once for each of the two searches, without and with exceptions


@pytest.mark.slow
@pytest.mark.parametrize(("entries", "effect"), [(10, "resumes"), (60, "unknown")])
def test_tried_calls_are_limited(monkeypatch: pytest.MonkeyPatch, entries: int, effect: str) -> None:
    """Any later step of the same name may make the call of each entry."""
    monkeypatch.setattr("stepgraph.replay.alignment.REPLAY_CALLS", 2_000)
    steps = [either(branch("flip()", do("a")), branch(None)) for _ in range(90)]
    log = log_of("running", *(replace(ended("a"), count=number) for number in range(1, entries + 1)))
    assert NewCode.of(graph(*steps)).replay(log).effect == effect


@pytest.mark.slow
def test_new_steps_of_concurrent_calls_take_linear_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of the helper may run the new step before or after those of the other calls."""
    monkeypatch.setattr("stepgraph.replay.alignment.REPLAY_CALLS", 400)
    group = parallel("all", loop({"type": "function_call", "name": "pack", "starts": 1, "resolves": 2}))
    old, new = (
        graph(group, functions={"pack": function("pack", do("load {x}"), *added, do("ship {x}"))})
        for added in ((), (do("weigh {x}"),))
    )
    calls = range(50)
    loaded = (ended(f"load {number}", end=500) for number in calls)
    log = log_of("running", *loaded, *(opened(f"ship {number}") for number in calls))
    assert NewCode.of(new, old).replay(log).effect == "out_of_order"


def test_logs_share_a_budget() -> None:
    code = NewCode.of(graph(do("a"), do("b")))
    log, budget = log_of("running", ended("a")), LogBudget(calls=8)
    assert [code.replay(log, budget).effect for _ in range(2)] == ["resumes", "unknown"]
    assert code.replay(log, budget).reasons == ("The logs of this run need too much work. Replay it in another run.",)
    assert code.replay(log).effect == "resumes"


@pytest.mark.parametrize("budget", [LogBudget(operations=0), LogBudget(comparisons=0), LogBudget(calls=0)])
def test_an_exhausted_budget_gives_no_result(budget: LogBudget) -> None:
    assert NewCode.of(graph(do("a"))).replay(log_of("running", ended("a")), budget).effect == "unknown"


def test_matches_share_a_budget() -> None:
    program = program_of(graph(do("a"), do("b")))
    log, budget = log_of("running", ended("a")), LogBudget(operations=60)
    assert [bool(match_log(program, log, budget).unknown) for _ in range(4)] == [False, False, True, True]


@pytest.mark.slow
@pytest.mark.parametrize("is_deployed", [False, True])
def test_long_sequences_of_steps_are_replayed(is_deployed: bool) -> None:  # noqa: FBT001 - a parameter
    code = graph(*(do(f"s{number}") for number in range(2_500)))
    log = log_of("running", *(ended(f"s{number}") for number in range(2_499)), opened("s2499"))
    assert NewCode.of(code, code if is_deployed else None).replay(log).effect == "resumes"


@pytest.mark.slow
def test_passes_of_a_loop_share_their_results() -> None:
    """The calls of helpers inside each other are followed once for all passes."""
    helpers = {f"h{level}": function(f"h{level}", call(f"h{level + 1}")) for level in range(60)}
    code = graph(loop(call("h0")), functions={**helpers, "h60": function("h60", do("a"))})
    log = log_of("running", *(replace(ended("a"), count=number) for number in range(1, 2_000)))
    assert NewCode.of(code).replay(log, LogBudget(operations=10_000)).effect == "resumes"


@pytest.mark.slow
def test_deep_graphs_are_compared() -> None:
    """The matching of nodes recurses deeper than Python allows without a large stack."""
    nested: list[Node] = [do("a"), do("b")]
    for number in range(195):
        nested = [either(branch(f"c{number}", node)) for node in nested]
    replay = NewCode.of(graph(nested[1]), graph(nested[0])).replay(log_of("running", ended("a")))
    assert replay.effect == "reruns"
