"""The states of nodes, and the entry whose failure ended an instance."""

from __future__ import annotations

import pytest

from stepgraph.execution.instance import NodeState, instance_of
from stepgraph.execution.log import InstanceLog, LogEntry
from stepgraph.execution.matching.match import Match, PassCounter, Place
from stepgraph.execution.matching.placed_entry import PlacedEntry
from stepgraph.execution.progress import progress_of
from stepgraph.execution.regions import regions_of
from stepgraph.execution.visits import InstanceVisits
from stepgraph.model.payload import Graph, Node
from tests.instances.short_logs import ended, failed, fitting, log_of, opened, recorded
from tests.render.graphs import LEAVE, block, branch, call, do, either, function, graph, loop, parallel, protected

NAP: Node = {"type": "step_sleep", "name": "nap", "duration": "1 hour"}
PAID: Node = {"type": "step_wait_for_event", "name": "paid"}


def states(log: InstanceLog, graph: Graph) -> dict[str, NodeState]:
    return {path: progress.state for path, progress in fitting(log, graph).nodes.items()}


def runs(log: InstanceLog, graph: Graph) -> dict[str, int]:
    return {path: progress.runs for path, progress in fitting(log, graph).nodes.items()}


@pytest.mark.parametrize(
    ("node", "entry", "state"),
    [
        (do("a"), ended("a"), "done"),
        (do("a"), opened("a"), "running"),
        (do("a"), opened("a", error="Error: no"), "retrying"),
        (NAP, opened("nap", "sleep"), "sleeping"),
        (PAID, opened("paid", "wait"), "waiting"),
    ],
)
def test_a_step_has_the_state_of_its_run(node: Node, entry: LogEntry, state: NodeState) -> None:
    assert states(log_of("running", entry), graph(node, do("b"))) == {"nodes[0]": state, "nodes[1]": "not_reached"}


def test_the_last_run_counts() -> None:
    twice = log_of("running", failed("a"), opened("a"))
    body = loop(protected(block(do("a"))))
    assert states(twice, graph(body)) == {
        "nodes[0]": "running",
        "nodes[0].nodes[0]": "running",
        "nodes[0].nodes[0].try_block": "running",
        "nodes[0].nodes[0].try_block.nodes[0]": "running",
    }


def test_branches_not_taken_are_skipped() -> None:
    choice = either(branch("x", do("a"), LEAVE), branch(None, do("b")))
    assert states(log_of("running", ended("b")), graph(choice, do("c"))) == {
        "nodes[0]": "done",
        "nodes[0].branches[0]": "skipped",
        "nodes[0].branches[0].nodes[0]": "skipped",
        "nodes[0].branches[0].nodes[1]": "skipped",
        "nodes[0].branches[1]": "done",
        "nodes[0].branches[1].nodes[0]": "done",
        "nodes[1]": "not_reached",
    }


def test_a_branch_in_a_loop_may_still_run() -> None:
    choice = either(branch("x", do("a")), branch(None, do("b")))
    actual = states(log_of("running", ended("b")), graph(loop(choice)))
    assert (actual["nodes[0]"], actual["nodes[0].nodes[0].branches[0]"]) == ("running", "not_reached")


def test_steps_not_run_by_a_complete_instance_are_skipped() -> None:
    actual = states(log_of("complete", ended("b")), graph(loop(do("a")), do("b")))
    assert actual == {"nodes[0]": "skipped", "nodes[0].nodes[0]": "skipped", "nodes[1]": "done"}


def test_steps_after_a_failure_are_unreachable() -> None:
    errored = log_of("errored", failed("a"), error="Error: no")
    assert states(errored, graph(do("a"), either(branch("x", do("b"))))) == {
        "nodes[0]": "failed",
        "nodes[1]": "unreachable",
        "nodes[1].branches[0]": "unreachable",
        "nodes[1].branches[0].nodes[0]": "unreachable",
    }


def test_a_terminated_instance_keeps_its_open_states() -> None:
    assert states(recorded("terminated_while_retrying"), graph(do("flaky"), do("b"))) == {
        "nodes[0]": "retrying",
        "nodes[1]": "unreachable",
    }


def test_a_handled_failure_leaves_the_try_done() -> None:
    caught = log_of("running", failed("a"), ended("b"), opened("c"))
    assert states(caught, graph(protected(block(do("a")), catch=block(do("b"))), do("c"))) == {
        "nodes[0]": "done",
        "nodes[0].try_block": "failed",
        "nodes[0].try_block.nodes[0]": "failed",
        "nodes[0].catch_block": "done",
        "nodes[0].catch_block.nodes[0]": "done",
        "nodes[1]": "running",
    }


def test_a_handler_that_has_begun_proves_that_the_body_failed() -> None:
    inner = protected(block(do("a")), catch=block(do("undo a")))
    drawn = graph(protected(block(inner), catch=block(do("undo all"))))
    log = log_of("complete", failed("a"), ended("undo a"), ended("undo all"))
    shown = states(log, drawn)
    assert [shown[f"nodes[0].{path}"] for path in ("try_block", "try_block.nodes[0]")] == ["failed", "done"]


def test_a_failure_in_finally_ends_the_instance() -> None:
    final = graph(protected(block(do("a"), do("c")), catch=block(do("b")), final=block(do("d"))))
    instance = fitting(recorded("failed_in_finally"), final)
    assert instance.failure == 3
    assert {path: progress.state for path, progress in instance.nodes.items()} == {
        "nodes[0]": "failed",
        "nodes[0].try_block": "failed",
        "nodes[0].try_block.nodes[0]": "done",
        "nodes[0].try_block.nodes[1]": "failed",
        "nodes[0].catch_block": "done",
        "nodes[0].catch_block.nodes[0]": "done",
        "nodes[0].finally_block": "failed",
        "nodes[0].finally_block.nodes[0]": "failed",
    }


def test_a_failed_member_of_a_gather_is_not_hidden() -> None:
    parts = graph(parallel("all", loop(do("part {i}", starts=1, resolves=2))), do("b"))
    actual = states(recorded("failed_in_gather"), parts)
    assert actual == dict.fromkeys(["nodes[0]", "nodes[0].nodes[0]", "nodes[0].nodes[0].nodes[0]"], "failed") | {
        "nodes[1]": "unreachable"
    }


def test_calls_have_progress() -> None:
    pack = {"pack": function("pack", do("a"), do("b"))}
    once = log_of("running", ended("a"), opened("b"))
    assert states(once, graph(call("pack"), do("c"), call("pack"), functions=pack)) == {
        "nodes[0]": "running",
        "nodes[1]": "not_reached",
        "nodes[2]": "not_reached",
        'functions["pack"]': "running",
        'functions["pack"].nodes[0]': "done",
        'functions["pack"].nodes[1]': "running",
    }


def test_a_call_that_was_passed_is_skipped() -> None:
    pack = {"pack": function("pack", do("a"))}
    calls = graph(either(branch("x", call("pack"))), do("b"), call("pack"), functions=pack)
    actual = states(log_of("running", ended("b")), calls)
    assert (actual["nodes[0].branches[0].nodes[0]"], actual["nodes[2]"]) == ("skipped", "not_reached")


def test_work_that_nothing_awaits_may_begin_later() -> None:
    pack = {"pack": function("pack", do("a"))}
    unawaited: Node = {"type": "function_call", "name": "pack", "starts": 1}
    actual = states(log_of("running", opened("b")), graph(parallel("all", unawaited), do("b"), functions=pack))
    assert actual == {
        "nodes[0]": "not_reached",
        "nodes[0].nodes[0]": "not_reached",
        "nodes[1]": "running",
        'functions["pack"]': "not_reached",
        'functions["pack"].nodes[0]': "not_reached",
    }


def test_a_try_is_not_done_after_an_ambiguous_entry() -> None:
    twice = graph(protected(block(do("a")), final=block(do("a"))), do("b"))
    actual = states(log_of("running", ended("a")), twice)
    assert (actual["nodes[0]"], actual["nodes[1]"]) == ("running", "not_reached")


def test_a_jump_after_steps_is_done() -> None:
    early = graph(either(branch("x", do("a"), LEAVE)), do("b"))
    assert states(log_of("complete", ended("a")), early) == {
        "nodes[0]": "done",
        "nodes[0].branches[0]": "done",
        "nodes[0].branches[0].nodes[0]": "done",
        "nodes[0].branches[0].nodes[1]": "done",
        "nodes[1]": "skipped",
    }


def test_runs_of_loops_and_functions_are_counted() -> None:
    pack = {"pack": function("pack", do("a"), do("b"))}
    thrice = log_of("complete", *[ended(name) for name in "ababab"])
    assert runs(thrice, graph(loop(call("pack")), functions=pack)) == {
        "nodes[0]": 3,
        "nodes[0].nodes[0]": 3,
        'functions["pack"]': 3,
        'functions["pack"].nodes[0]': 3,
        'functions["pack"].nodes[1]': 3,
    }


def test_concurrent_passes_are_counted() -> None:
    parts = graph(parallel("all", loop(do("part {i}", starts=1, resolves=2))), do("b"))
    assert runs(recorded("failed_in_gather"), parts)["nodes[0].nodes[0]"] == 3


def test_calls_in_numbered_and_other_passes_count_once() -> None:
    body = function("f", do("read {s}"), do("map {s}"))
    members = parallel("all", loop(call("f")))
    names = [f"{verb} {number}" for verb in ("read", "map") for number in range(3)]
    log = log_of("running", *map(ended, names))
    assert runs(log, graph(members, functions={"f": body}))["nodes[0].nodes[0].nodes[0]"] == 3


def test_uncertain_calls_have_at_least_the_passes_of_a_step() -> None:
    load = {"load": function("load", loop(do("part {i}"), do("check {i}")), do("verify"))}
    members = graph(parallel("all", call("load"), call("load")), functions=load)
    log = log_of("running", *map(ended, ["part a", "part b", "check b", "part b", "check b", "part b"]))
    assert runs(log, members)['functions["load"].nodes[0]'] == 4


def test_passes_without_numbers_are_at_least_the_runs_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.execution.matching.matcher.PassCounter", lambda: PassCounter(remaining=3))
    assert runs(log_of("running", *[ended("a")] * 9), graph(loop(do("a"))))["nodes[0]"] == 9


def test_attempts_of_a_step_do_not_multiply_what_is_around_it() -> None:
    outer = graph(loop(do("outer", block(do("inner")))))
    assert runs(recorded("failed_in_nested_step"), outer) == {
        "nodes[0]": 1,
        "nodes[0].nodes[0]": 1,
        "nodes[0].nodes[0].nodes[0]": 2,
        "nodes[0].nodes[0].nodes[0].nodes[0]": 2,
    }


def test_an_ambiguous_entry_makes_no_step_done() -> None:
    same = either(branch("x", do("a")), branch(None, do("a")))
    instance = fitting(log_of("complete", ended("a")), graph(same))
    assert [each.path for each in instance.entries[0].alternatives] == [
        "nodes[0].branches[0].nodes[0]",
        "nodes[0].branches[1].nodes[0]",
    ]
    assert [(each.state, each.runs, each.possible_runs) for each in instance.nodes.values()] == [
        ("done", 1, 0),
        *[("skipped", 0, 1)] * 4,
    ]


def test_a_nested_step_proves_a_run_of_the_step_around_it() -> None:
    log = log_of("running", opened("outer"), opened("inner"))
    places = (Place("nodes[0]"), Place("nodes[1]")), (Place("nodes[0].nodes[0]"),)
    entries = [PlacedEntry.of(*each) for each in zip(log.entries, places, strict=True)]
    regions = regions_of(graph(do("outer", do("inner")), do("outer"))["workflow"])
    nodes = progress_of(log, Match(places, ()), entries, regions, InstanceVisits.of(regions, places), None)
    assert [(each.state, each.runs, each.possible_runs) for each in nodes.values()] == [
        ("running", 1, 1),
        ("running", 1, 0),
        ("skipped", 0, 1),
    ]


def test_times_and_errors_of_a_step() -> None:
    (step,) = fitting(recorded("terminated_while_retrying"), graph(do("flaky"))).nodes.values()
    assert (step.name, step.attempts, step.errors) == ("flaky", 1, ("Error: no",))
    assert (step.start, step.end, step.duration) == (1795775899250, None, None)


def test_duration_of_all_runs() -> None:
    nodes = fitting(log_of("complete", ended("a"), ended("a", end=7)), graph(loop(do("a")))).nodes
    assert (nodes["nodes[0].nodes[0]"].duration, nodes["nodes[0]"].duration) == (12, 17)


@pytest.mark.parametrize(
    ("name", "nodes", "failure"),
    [
        ("failed_in_nested_step", [do("outer", do("inner"))], 0),
        ("failed_by_timeout_of_wait", [{"type": "step_wait_for_event", "name": "reply"}], 0),
        ("failed_in_gather", [parallel("all", loop(do("part {i}", starts=1, resolves=2)))], 1),
        ("race_with_late_loser", [parallel("race", do("quick"), do("slow"))], None),
    ],
)
def test_failure_of_a_recording(name: str, nodes: list[Node], failure: int | None) -> None:
    assert fitting(recorded(name), graph(*nodes)).failure == failure


def test_the_program_can_fail_without_an_entry() -> None:
    caught = log_of("errored", failed("a"), ended("b"), error="Error: no")
    instance = fitting(caught, graph(protected(block(do("a"))), do("b")))
    assert instance.failure is None


def test_current_entries_are_open() -> None:
    both = graph(parallel("all", do("a"), do("b"), do("c")))
    instance = fitting(log_of("running", opened("a"), ended("b"), opened("c")), both)
    assert [entry.log.name for entry in instance.current] == ["a", "c"]


def test_problem_names_the_entry_and_the_expected_steps() -> None:
    instance = instance_of(log_of("running", ended("a"), ended("x")), graph(do("a"), do("b")))
    assert instance.problem == "entry 2 of 2, `x-1`, does not fit: expected `b` after `a-1`"
    assert {path: progress.state for path, progress in instance.nodes.items()} == {
        "nodes[0]": "done",
        "nodes[1]": "not_reached",
    }


def test_problem_of_a_step_that_ended_too_early() -> None:
    instance = instance_of(log_of("running", ended("a"), ended("b")), graph(do("a"), do("b", do("c")), do("d")))
    assert instance.problem == "entry 2 of 2, `b-1`, has ended before `c` has begun"
    assert [instance.nodes[path].state for path in ("nodes[1].nodes[0]", "nodes[2]")] == ["not_reached"] * 2


def test_problem_of_an_instance_that_ended_too_early() -> None:
    instance = instance_of(log_of("complete", ended("a")), graph(do("a"), do("b")))
    assert instance.problem == "the instance is complete, but did not run `b` after `a-1`"
    assert instance.nodes["nodes[1]"].state == "unreachable"
