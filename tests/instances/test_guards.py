"""The conditions under which steps run, written as branches and as exits, and removed exits."""

from __future__ import annotations

from itertools import pairwise

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import InstanceLog, LogEntry
from stepgraph.model.details import NO_DETAILS, ComparableDetails, Detail
from stepgraph.model.payload import Block, Graph, Node
from stepgraph.replay.new_code import NewCode
from tests.instances.replay_pairs import counted, sleep
from tests.instances.short_logs import ended, failed, log_of, opened
from tests.render.graphs import LEAVE, block, branch, call, do, either, function, graph, loop, protected

LEAVE_LOOP: Node = {"type": "break", "kind": "break"}
PACK, WRAP = do("pack"), do("wrap")
SKIPPED = log_of("running", opened("cool down", "sleep"))
PACKED = log_of("running", ended("pack"), ended("wrap"), opened("cool down", "sleep"))


def helper(*nodes: Node, **functions: tuple[Node, ...]) -> Graph:
    """Return a graph that calls a function with these nodes before a sleep."""
    others = {name: function(name, *body) for name, body in functions.items()}
    return graph(call("prepare"), sleep(), functions={"prepare": function("prepare", *nodes), **others})


def guard(condition: str) -> Node:
    return either(branch(condition, LEAVE))


FORMS = [
    helper(guard("empty"), PACK, WRAP),
    helper(either(branch("not empty", PACK, WRAP))),
    helper(either(branch("empty", LEAVE), branch(None, PACK, WRAP))),
    helper(guard("empty"), call("fill"), fill=(PACK, WRAP)),
    helper(call("fill"), fill=(guard("empty"), PACK, WRAP)),
]
"""Graphs that skip two steps under the same condition."""


@pytest.mark.parametrize("log", [SKIPPED, PACKED])
def test_exits_and_branches_are_the_same_guard(log: InstanceLog) -> None:
    pairs = [*pairwise((*FORMS, FORMS[0])), *pairwise(FORMS[::-2])]
    effects = {NewCode.of(new, old).replay(log).effect for old, new in pairs}
    assert effects == {"resumes"}


@pytest.mark.parametrize("log", [SKIPPED, PACKED])
@pytest.mark.parametrize("leave", [LEAVE, LEAVE_LOOP])
def test_an_exit_under_two_conditions_has_nested_branches(leave: Node, log: InstanceLog) -> None:
    joined, nested = either(branch("old and empty", leave)), either(branch("old", either(branch("empty", leave))))
    old, new = (graph(loop(each, PACK, WRAP), sleep()) for each in (joined, nested))
    assert NewCode.of(new, old).replay(log).effect == NewCode.of(old, new).replay(log).effect == "resumes"


def test_an_exit_under_two_conditions_that_moves_behind_a_step() -> None:
    old = helper(either(branch("old and empty", LEAVE)), PACK)
    new = helper(PACK, either(branch("old", either(branch("empty", LEAVE)))))
    assert NewCode.of(new, old).replay(SKIPPED).effect == "out_of_order"


@pytest.mark.parametrize(
    ("new", "effect"),
    [
        (helper(PACK, WRAP), "out_of_order"),
        (helper(guard("not empty"), PACK, WRAP), "out_of_order"),
        (helper(guard("empty and late"), PACK, WRAP), "unknown"),
        (helper(either(branch("empty", PACK, WRAP))), "out_of_order"),
    ],
)
def test_other_guards_release_the_steps_of_a_helper(new: Graph, effect: InstanceEffect) -> None:
    assert NewCode.of(new, FORMS[0]).replay(SKIPPED).effect == effect


def test_a_removed_outer_condition_releases_an_inner_branch() -> None:
    inner = either(branch("late", PACK))
    old, new = graph(either(branch("full", inner)), WRAP, sleep()), graph(inner, WRAP, sleep())
    log = log_of("running", ended("wrap"), opened("cool down", "sleep"))
    assert NewCode.of(new, old).replay(log).effect == "out_of_order"
    assert NewCode.of(old, old).replay(log).effect == "resumes"


def test_a_removed_condition_releases_the_calls_in_a_loop() -> None:
    fill = {"fill": function("fill", PACK)}
    passes = loop(call("fill"))
    old = graph(either(branch("full", passes)), WRAP, sleep(), functions=fill)
    new = graph(passes, WRAP, sleep(), functions=fill)
    log = log_of("running", ended("wrap"), opened("cool down", "sleep"))
    assert NewCode.of(new, old).replay(log).effect == "out_of_order"
    assert NewCode.of(old, old).replay(log).effect == "resumes"


def test_an_inverted_condition_in_a_helper_releases_its_steps() -> None:
    new = helper(either(branch("empty", PACK, WRAP)))
    assert NewCode.of(new, FORMS[1]).replay(SKIPPED).effect == "out_of_order"


def test_steps_of_a_handler_run_in_a_finally() -> None:
    old = graph(protected(block(PACK), catch=block(WRAP)), sleep())
    new = graph(protected(block(PACK), final=block(WRAP)), sleep())
    log = log_of("running", ended("pack"), opened("cool down", "sleep"))
    assert NewCode.of(new, old).replay(log).effect == "out_of_order"


@pytest.mark.parametrize(
    ("log", "effect"),
    [
        (log_of("running", ended("weigh"), ended("pack"), opened("wrap")), "resumes"),
        (log_of("running", ended("weigh"), opened("cool down", "sleep")), "out_of_order"),
    ],
)
def test_removed_conditions_in_a_loop(log: InstanceLog, effect: InstanceEffect) -> None:
    weigh = do("weigh")
    old = graph(loop(weigh, either(branch("heavy", PACK, WRAP))), sleep())
    assert NewCode.of(graph(loop(weigh, PACK, WRAP), sleep()), old).replay(log).effect == effect


def test_a_pass_that_skipped_a_step_gets_a_later_result() -> None:
    weigh = do("weigh")
    old = graph(loop(weigh, either(branch("heavy", PACK))), sleep())
    passes = log_of("running", ended("weigh"), ended("weigh"), opened("pack"))
    replay = NewCode.of(graph(loop(weigh, PACK), sleep()), old).replay(counted(passes))
    assert (replay.effect, replay.reasons) == ("unknown", ("`pack` continues `pack-1` in a run that had skipped it.",))


@pytest.mark.parametrize(
    ("body", "head", "effect"),
    [
        ((either(branch("heavy", PACK)),), "for item in items", "unknown"),
        ((either(branch("heavy", PACK)),), "for i in range(3)", "unknown"),
        ((either(branch("heavy", PACK)),), "for i in range(2)", "resumes"),
        ((PACK, either(branch("heavy", WRAP))), "for item in items", "resumes"),
    ],
)
def test_passes_without_entries_may_have_skipped_a_step(
    body: tuple[Node, ...], head: str, effect: InstanceEffect
) -> None:
    old, new = graph(loop(*body), sleep()), graph(loop(PACK), sleep())
    details = ComparableDetails([(each["workflow"]["nodes"][0], Detail(head)) for each in (old, new)])
    log = counted(log_of("running", ended("pack"), ended("pack"), opened("cool down", "sleep")))
    assert NewCode.of(new, old, (details, details)).replay(log).effect == effect
    assert NewCode.of(old, old, (details, details)).replay(log).effect == "resumes"


BREAKS = graph(loop(PACK, either(branch("full", LEAVE_LOOP))), sleep())
"""A loop that an exit may leave at the end of each pass."""


@pytest.mark.parametrize(
    ("head", "effect"),
    [("for item in items", "unknown"), ("for i in range(3)", "out_of_order"), ("for i in range(2)", "resumes")],
)
def test_a_loop_without_its_exit_has_further_passes(head: str, effect: InstanceEffect) -> None:
    log = counted(log_of("running", ended("pack"), ended("pack"), opened("cool down", "sleep")))
    new = graph(loop(PACK), sleep())
    details = ComparableDetails([(new["workflow"]["nodes"][0], Detail(head))])
    replay = NewCode.of(new, BREAKS, (NO_DETAILS, details)).replay(log)
    reason = f"The loop `{head}` may have further passes, although steps after it have already begun."
    assert (replay.effect, replay.reasons) == (effect, () if effect == "resumes" else (reason,))


def test_a_pass_left_by_a_removed_exit_runs_later_steps() -> None:
    old = graph(loop(PACK, either(branch("full", LEAVE_LOOP)), WRAP), sleep())
    log = log_of("running", ended("pack"), opened("cool down", "sleep"))
    replay = NewCode.of(graph(loop(PACK, WRAP), sleep()), old).replay(log)
    assert (replay.effect, replay.added) == ("out_of_order", ("wrap-1",))


@pytest.mark.parametrize(
    ("last", "effect"),
    [(ended("pack"), "resumes"), (opened("pack"), "unknown"), (failed("pack"), "unknown")],
)
def test_a_new_exit_skips_finished_passes(last: LogEntry, effect: InstanceEffect) -> None:
    guarded = graph(loop(either(branch("full", LEAVE_LOOP)), protected(block(PACK), catch=block())), sleep())
    old = graph(loop(protected(block(PACK), catch=block())), sleep())
    log = counted(log_of("running", ended("pack"), last))
    assert NewCode.of(guarded, old).replay(log).effect == effect


def test_calls_that_a_new_exit_may_skip_are_noted() -> None:
    old = graph(loop(PACK), sleep())
    log = counted(log_of("running", ended("pack"), ended("pack"), opened("cool down", "sleep")))
    replay = NewCode.of(BREAKS, old).replay(log)
    assert (replay.effect, replay.notes) == (
        "resumes",
        ("The new code may leave a loop earlier if `full`, and then skips calls of `pack`.",),
    )


def test_results_that_a_new_exit_skips_go_to_later_calls() -> None:
    log = counted(log_of("running", ended("pack"), ended("wrap"), ended("pack"), ended("wrap"), opened("pack")))
    bodies = [(PACK,), (guard("full"), PACK)]
    old, new = (
        graph(loop(call("prepare"), WRAP), functions={"prepare": function("prepare", *each)}) for each in bodies
    )
    assert NewCode.of(new, old).replay(log).effect == "unknown"
    twice = graph(call("prepare"), sleep(), PACK, functions={"prepare": function("prepare", PACK)})
    once_more = graph(call("prepare"), sleep(), PACK, functions={"prepare": function("prepare", guard("full"), PACK)})
    started = log_of("running", ended("pack"), opened("cool down", "sleep"))
    assert NewCode.of(once_more, twice).replay(started).effect == "unknown"


CONTRADICTING = [
    graph(either(branch("not vip", PACK)), sleep()),
    graph(either(branch("not vip and late", PACK)), sleep()),
    helper(guard("not not vip"), PACK),
    helper(either(branch("vip", LEAVE), branch(None, PACK))),
]
"""Graphs that skip a step under the condition under which the deployed code runs it."""


@pytest.mark.parametrize("new", CONTRADICTING)
def test_steps_under_the_opposite_condition_are_orphans(new: Graph) -> None:
    is_helper = "prepare" in new["workflow"]["functions"]
    old = helper(either(branch("vip", PACK))) if is_helper else graph(either(branch("vip", PACK)), sleep())
    replay = NewCode.of(new, old).replay(log_of("running", ended("pack"), opened("cool down", "sleep")))
    assert (replay.effect, replay.orphans) == ("resumes", ("pack-1",))


def test_the_opposite_condition_runs_the_other_branch() -> None:
    old, new = (graph(either(branch(each, PACK), branch(None, WRAP)), sleep()) for each in ("vip", "not vip"))
    packed = log_of("running", ended("pack"), opened("cool down", "sleep"))
    swapped = graph(either(branch("vip", WRAP), branch(None, PACK)), sleep())
    assert NewCode.of(new, old).replay(packed).effect == "out_of_order"
    assert NewCode.of(swapped, old).replay(packed).orphans == ("pack-1",)


def test_opposite_conditions_in_a_loop_may_differ_in_each_pass() -> None:
    old, new = (graph(loop(either(branch(each, PACK))), sleep()) for each in ("vip", "not vip"))
    replay = NewCode.of(new, old).replay(log_of("running", ended("pack"), opened("cool down", "sleep")))
    assert replay.orphans == ()


def test_a_call_in_a_moved_condition_may_differ() -> None:
    old = graph(either(branch("more()", PACK)), either(branch("more()", WRAP)), sleep())
    new = graph(either(branch("more()", PACK)), either(branch("not more()", WRAP)), sleep())
    log = log_of("running", ended("pack"), opened("cool down", "sleep"))
    assert NewCode.of(new, old).replay(log).effect == "out_of_order"


@pytest.mark.parametrize(
    ("body", "effect"),
    [
        (block(PACK, WRAP, do("weigh")), "resumes"),
        (block(PACK, either(branch("late", do("weigh")), branch(None, WRAP))), "unknown"),
        (block(PACK, either(branch("late", do("weigh"))), WRAP), "out_of_order"),
        (block(PACK, WRAP, either(branch("late", do("weigh")))), "resumes"),
        (block(PACK, call("finish")), "resumes"),
    ],
)
def test_steps_that_a_failure_has_skipped(body: Block, effect: InstanceEffect) -> None:
    old = graph(protected(block(PACK, WRAP, do("weigh")), catch=block()), sleep())
    functions = {"finish": function("finish", WRAP, do("weigh"))} if call("finish") in body["nodes"] else {}
    new = graph(protected(body, catch=block()), sleep(), functions=functions)
    log = log_of("running", ended("pack"), failed("wrap"), opened("cool down", "sleep"))
    assert NewCode.of(new, old).replay(log).effect == effect


def test_a_new_condition_may_skip_a_stored_error() -> None:
    guarded = protected(block(PACK, either(branch("late", WRAP)), do("weigh")), catch=block())
    old = graph(protected(block(PACK, WRAP, do("weigh")), catch=block()), sleep())
    log = log_of("running", ended("pack"), failed("wrap"), opened("cool down", "sleep"))
    replay = NewCode.of(graph(guarded, sleep()), old).replay(log)
    reason = "If `late` is false, the new code does not call `wrap-1`, and continues where its error was raised."
    assert (replay.effect, replay.reasons) == ("unknown", (reason,))


def test_open_steps_without_a_call_are_noted() -> None:
    old, new = graph(PACK, WRAP), graph(PACK)
    replay = NewCode.of(new, old).replay(log_of("running", ended("pack"), opened("wrap")))
    assert replay.notes == ("`wrap-1` has not ended, and the new code does not call it.",)


@pytest.mark.parametrize(("last", "effect"), [(opened("wrap"), "out_of_order"), (opened("pack"), "resumes")])
def test_a_new_loop_in_a_new_helper(last: LogEntry, effect: InstanceEffect) -> None:
    old = graph(loop(PACK, WRAP))
    new = graph(loop(call("prepare"), WRAP), functions={"prepare": function("prepare", loop(PACK))})
    before = () if last.name == "pack" else (ended("pack"), ended("wrap"), ended("pack"))
    details = ComparableDetails([(new["workflow"]["functions"]["prepare"]["nodes"][0], Detail("for i in range(2)"))])
    replay = NewCode.of(new, old, (NO_DETAILS, details)).replay(counted(log_of("running", *before, last)))
    assert replay.effect == effect


def test_a_new_loop_around_a_new_helper() -> None:
    new = graph(loop(call("prepare")), WRAP, functions={"prepare": function("prepare", PACK)})
    details = ComparableDetails([(new["workflow"]["nodes"][0], Detail("for i in range(2)"))])
    log = log_of("running", ended("pack"), opened("wrap"))
    assert NewCode.of(new, graph(PACK, WRAP), (NO_DETAILS, details)).replay(log).effect == "out_of_order"


@pytest.mark.parametrize(
    ("log", "effect"),
    [
        (log_of("running", opened("pack")), "resumes"),
        (log_of("running", ended("pack"), ended("wrap"), opened("cool down", "sleep")), "out_of_order"),
    ],
)
def test_steps_after_a_loop_do_not_precede_its_open_pass(log: InstanceLog, effect: InstanceEffect) -> None:
    new = graph(loop(PACK, WRAP), loop(do("weigh")), sleep())
    assert NewCode.of(new, graph(loop(PACK, WRAP), sleep())).replay(log).effect == effect


def test_a_new_loop_in_an_earlier_pass() -> None:
    old, new = graph(loop(PACK, WRAP)), graph(loop(PACK, loop(WRAP)))
    log = counted(log_of("running", ended("pack"), ended("wrap"), opened("pack")))
    replay = NewCode.of(new, old).replay(log)
    reason = "A new loop may run `wrap` any number of times: the log does not show how many."
    assert (replay.effect, replay.reasons) == ("unknown", (reason,))


def test_a_new_step_in_an_else_that_follows_a_new_condition() -> None:
    express, normal = branch("vip", do("express")), do("normal")
    old = graph(either(express, branch(None, normal)), PACK)
    new = graph(either(express, branch("cheap", normal), branch(None, do("weigh"))), PACK)
    replay = NewCode.of(new, old).replay(log_of("running", ended("normal"), opened("pack")))
    reason = "`weigh` may run when the instance resumes, before steps that have already run."
    assert (replay.effect, replay.reasons) == ("out_of_order", (reason,))


PREPARE = call("prepare")


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        (WRAP, block(either(branch("vip", PREPARE)), WRAP), "out_of_order"),
        (WRAP, block(loop(PREPARE), WRAP), "out_of_order"),
        (block(either(branch("vip", PREPARE)), WRAP), block(either(branch("not vip", PREPARE)), WRAP), "out_of_order"),
        (block(either(branch("vip", PREPARE)), WRAP), block(either(branch("vip", PREPARE)), WRAP), "resumes"),
        (WRAP, protected(block(WRAP), catch=block(PREPARE)), "resumes"),
    ],
)
def test_another_call_of_a_function_that_has_run(before: Node, after: Node, effect: InstanceEffect) -> None:
    functions = {"prepare": function("prepare", PACK)}
    old, new = (graph(PREPARE, node, sleep(), functions=functions) for node in (before, after))
    assert NewCode.of(new, old).replay(PACKED).effect == effect
