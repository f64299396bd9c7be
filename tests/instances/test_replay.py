"""The effect of new code on an instance, as the engine was observed to have it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from stepgraph.diff.diff import diff_workflows
from stepgraph.execution.engine_rules import Effect, InstanceEffect
from stepgraph.execution.log import LogEntry
from stepgraph.limits import REPLAY_POSITIONS
from stepgraph.model.payload import Node
from stepgraph.replay.new_code import NewCode
from stepgraph.replay.replay import Replay
from tests.instances.replay_pairs import (
    CHARGE,
    LOAD,
    PAIRS,
    SHIP,
    SLEEPING,
    SLEEPS,
    WAITING,
    WAITS,
    Pair,
    counted,
    sleep,
    wait,
)
from tests.instances.short_logs import ended, failed, log_of, opened
from tests.render.graphs import block, branch, call, deep, do, either, function, graph, loop, parallel, protected


def names_in(replay: Replay, pair: Pair) -> dict[str, tuple[str, ...]]:
    return {field: getattr(replay, field) for field in pair.names}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_effects_are_those_observed(pair: Pair) -> None:
    replay = NewCode.of(pair.new, pair.old).replay(pair.log)
    assert (replay.effect, names_in(replay, pair)) == (pair.effect, pair.names)
    assert bool(replay.reasons) is (pair.effect != "resumes")


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_most_effects_need_only_the_new_version(pair: Pair) -> None:
    replay = NewCode.of(pair.new).replay(pair.log)
    assert replay.effect == (pair.alone or pair.effect)
    if pair.alone is None:
        assert names_in(replay, pair) == pair.names


DIFFERENCES = {
    # Only the diff assumes that a changed condition decides otherwise.
    "condition of a branch that was taken": Effect.BREAKING,
    # Unchanged code raises, too.
    "time of a finished sleep has passed": Effect.SAFE,
    # The instance is at a step, where a diff assumes none by default.
    "step renamed in a loop": Effect.SAFE,
    "last finished step renamed": Effect.BREAKING,
}
"""The pairs for which the effect of the diff differs from that on the instance."""


EFFECT_OF_CHANGE: dict[InstanceEffect, Effect] = {
    "resumes": Effect.SAFE,
    "out_of_order": Effect.OUT_OF_ORDER,
    "reruns": Effect.BREAKING,
    "stuck": Effect.BREAKING,
    "fails": Effect.BREAKING,
}
"""The effect on all instances that a change with an effect on one instance has, unless it is in `DIFFERENCES`."""


@pytest.mark.parametrize("name", PAIRS)
def test_diff_and_replay_agree(name: str) -> None:
    pair = PAIRS[name]
    effect = diff_workflows(pair.old["workflow"], pair.new["workflow"]).effect
    assert effect == DIFFERENCES.get(name, EFFECT_OF_CHANGE.get(pair.effect))


NESTED = graph(do("outer", do("inner")), SHIP)
RENAMED = graph(do("outer", do("innermost")), SHIP)


def test_a_renamed_step_in_a_finished_step_does_not_run() -> None:
    log = log_of("running", ended("outer", end=18), ended("inner"), opened("ship"))
    replay = NewCode.of(RENAMED, NESTED).replay(log)
    assert (replay.effect, replay.reruns) == ("resumes", ())


def test_a_step_moved_into_a_finished_step_does_not_run() -> None:
    old, new = graph(do("outer"), do("inner"), SHIP), graph(do("outer", do("inner")), SHIP)
    replay = NewCode.of(new, old).replay(log_of("running", ended("outer"), ended("inner"), opened("ship")))
    assert (replay.effect, replay.orphans) == ("resumes", ("inner-1",))


def test_a_renamed_step_that_runs_begins_again() -> None:
    replay = NewCode.of(RENAMED, NESTED).replay(log_of("running", opened("outer"), opened("inner")))
    assert (replay.effect, replay.reasons) == (
        "reruns",
        ("`innermost-1` runs from its first attempt, because `inner-1` has another name.",),
    )


def test_a_step_in_the_place_of_another_one() -> None:
    """A saved graph has no functions, so only the names show whether the step was renamed or replaced."""
    new = graph(LOAD, do("verify fraud"), sleep(), SHIP)
    assert NewCode.of(new, SLEEPS).replay(SLEEPING).reasons == (
        "`verify fraud-1` runs in place of `charge card-1`: if it does the same work, the work is done again.",
    )


def test_a_renamed_step_in_a_new_helper_runs_again() -> None:
    """Another step has the old name, so that the entry alone does not show the rename."""
    old = graph(call("pay"), SHIP, functions={"pay": function("pay", CHARGE, LOAD, do("charge card"))})
    helpers = {"pay": function("pay", CHARGE, LOAD, call("settle")), "settle": function("settle", do("settle"))}
    log = counted(log_of("running", ended("charge card"), ended("load order"), opened("charge card")))
    replay = NewCode.of(graph(call("pay"), SHIP, functions=helpers), old).replay(log)
    assert (replay.effect, replay.reasons) == (
        "reruns",
        ("`settle-1` runs from its first attempt, because `charge card-2` has another name.",),
    )


@pytest.mark.parametrize("count", [2, 9, 40])
def test_many_steps_before_an_open_sleep_run_out_of_order(count: int) -> None:
    steps = [do(f"step {number}") for number in range(count)]
    log = log_of("running", ended("load order"), opened("cool down", "sleep"))
    added = NewCode.of(graph(LOAD, *steps, sleep()), graph(LOAD, sleep())).replay(log)
    moved = NewCode.of(graph(LOAD, *steps, sleep()), graph(LOAD, sleep(), *steps)).replay(log)
    names = tuple(f"step {number}-1" for number in range(count))
    assert (added.effect, added.added, added.orphans) == ("out_of_order", names, ())
    assert (moved.effect, moved.added, moved.orphans) == ("out_of_order", names, ())


def test_a_wait_moved_behind_a_group_follows_all_its_steps() -> None:
    """Members that have not ended probably succeed, so the helper runs its last step before the wait."""
    group = parallel("all", do("check stock"), call("pay"))
    functions = {"pay": function("pay", CHARGE, do("send receipt"))}
    old, new = graph(wait(), group, functions=functions), graph(group, wait(), functions=functions)
    log = log_of("running", ended("approval", kind="wait"), opened("check stock"), opened("charge card"))
    replay = NewCode.of(new, old).replay(log)
    assert (replay.effect, replay.added) == ("out_of_order", ("send receipt-1",))


def test_ended_instances_are_not_affected() -> None:
    replay = NewCode.of(graph(do("other"))).replay(replace(SLEEPING, status="complete"))
    assert (replay.effect, replay.notes) == (
        "resumes",
        ("The instance has ended (complete), so new code does not affect it.",),
    )


def test_an_instance_without_steps_resumes() -> None:
    assert NewCode.of(SLEEPS).replay(log_of("running")).effect == "resumes"


def test_a_log_of_other_code_is_unknown() -> None:
    replay = NewCode.of(graph(do("a"), do("b"), do("c"))).replay(SLEEPING)
    assert (replay.effect, replay.reasons) == (
        "unknown",
        ("The new code has no step of the log, so the log may be from another workflow.",),
    )


def test_a_log_that_the_deployed_code_cannot_have_is_unknown() -> None:
    replay = NewCode.of(SLEEPS, graph(LOAD, sleep(), SHIP)).replay(SLEEPING)
    assert (replay.effect, replay.reasons) == (
        "unknown",
        ("The log does not fit the deployed code: `charge card-1` comes where the code runs other steps.",),
    )


def test_orphans_of_an_incomplete_graph_are_unknown() -> None:
    replay = NewCode.of(graph(LOAD, sleep(), SHIP), is_complete=False).replay(SLEEPING)
    assert (replay.effect, replay.orphans) == ("unknown", ("charge card-1",))


def test_several_last_entries_without_a_call_are_unknown() -> None:
    log = log_of("running", ended("load order"), ended("nap", kind="sleep"), opened("approval", "wait"))
    (reason,) = NewCode.of(graph(LOAD, SHIP)).replay(log).reasons
    assert reason.startswith("The new code does not call the last 2 entries, `nap-1` to `approval-1`. ")


def test_a_sleep_that_took_much_longer_may_have_changed() -> None:
    log = log_of("paused", ended("nap", kind="sleep", end=200_000), opened("ship"))
    replay = NewCode.of(graph(sleep("nap"), SHIP)).replay(log)
    assert (replay.effect, replay.at) == ("unknown", "nodes[0]")


def test_the_worst_reason_comes_first() -> None:
    code = graph(LOAD, do("check fraud"), do("charge payment"), sleep(), SHIP)
    replay = NewCode.of(code, SLEEPS).replay(SLEEPING)
    assert (replay.effect, replay.at, len(replay.reasons)) == ("reruns", "nodes[2]", 2)
    assert replay.reasons[0].startswith("`charge payment-1` runs, because the result of its work is stored under")


def test_reordered_steps_are_noted() -> None:
    replay = NewCode.of(graph(do("charge card"), LOAD, sleep(), SHIP)).replay(SLEEPING)
    assert replay.notes == ("`load order-1` is called later than before, and gets the result stored under its name.",)


def test_a_later_call_gets_the_result_of_a_removed_one() -> None:
    old, new = graph(do("a"), do("b"), SHIP, do("a")), graph(do("b"), SHIP, do("a"))
    replay = NewCode.of(new, old).replay(log_of("running", ended("a"), ended("b"), opened("ship")))
    assert replay.notes == ("`a-1` is called later than before, and gets the result stored under its name.",)
    alone = NewCode.of(graph(do("b"), SHIP, loop(do("a"), do("c"))))
    log = log_of("running", ended("a"), ended("b"), opened("ship"))
    assert alone.replay(log).reused == ("b-1", "a-1")


@pytest.mark.parametrize(
    ("entries", "verb"),
    [((ended("a"),), "may get"), ((ended("a"), ended("b"), opened("a")), "gets")],
)
def test_a_step_with_the_result_of_a_removed_one(entries: tuple[LogEntry, ...], verb: str) -> None:
    old, new = graph(do("a"), do("b"), do("a")), graph(do("b"), do("a"))
    replay = NewCode.of(new, old).replay(counted(log_of("running", *entries)))
    reason = f"`a` {verb} the stored result of `a-1`, a run of another step, so that it never runs itself."
    assert (replay.effect, replay.reasons, replay.at) == ("unknown", (reason,), "nodes[1]")


@pytest.mark.parametrize("entries", [(ended("a"),), (ended("a"), opened("b")), (ended("a"), ended("b"), ended("a"))])
def test_a_step_of_another_kind_with_a_later_namesake(entries: tuple[LogEntry, ...]) -> None:
    old, new = graph(do("a"), do("b"), do("a"), SHIP), graph(sleep("a"), do("b"), do("a"), SHIP)
    replay = NewCode.of(new, old).replay(counted(log_of("running", *entries)))
    assert (replay.effect, replay.restarted_waits) == ("reruns", ("a-1",))
    assert replay.reasons[0] == "`a-1` begins in place of the step `a-1`."


def test_a_sleep_that_becomes_a_step_runs() -> None:
    replay = NewCode.of(graph(LOAD, CHARGE, do("cool down"), SHIP), SLEEPS).replay(SLEEPING)
    assert (replay.effect, replay.reasons) == ("reruns", ("`cool down-1` runs in place of the sleep `cool down-1`.",))


def test_a_step_renamed_in_a_branch_may_have_been_removed() -> None:
    code = graph(either(branch("a", do("x"))), SHIP)
    replay = NewCode.of(code).replay(log_of("running", ended("z"), opened("ship")))
    assert (replay.effect, replay.taken_up) == ("unknown", ("ship-1",))


@pytest.mark.parametrize(
    ("timestamp", "effect"),
    [("{datetime.datetime(2026, 1, 1)}", "fails"), ("{datetime.datetime.now() + DAY}", "reruns")],
)
def test_a_time_of_the_clock_has_not_passed(timestamp: str, effect: str) -> None:
    opening: Node = {"type": "step_sleep_until", "name": "opening", "timestamp": timestamp}
    log = log_of("running", ended("opening", kind="sleep"), opened("ship"))
    assert NewCode.of(graph(opening, SHIP)).replay(log).effect == effect


@pytest.mark.slow
def test_a_step_of_a_group_is_found_among_many() -> None:
    members = [do(f"send {number}", starts=1, resolves=2) for number in range(40)]
    renamed = [*members[:20], do("mail", starts=1, resolves=2), *members[21:]]
    log = log_of("running", *(ended(f"send {number}", end=500) for number in range(40)), opened("ship"))
    replay = NewCode.of(graph(parallel("all", *renamed), SHIP)).replay(log)
    assert (replay.effect, replay.reruns, replay.orphans) == ("reruns", ("mail-1",), ("send 20-1",))


def test_steps_in_a_finished_step_do_not_run() -> None:
    log = log_of("running", ended("outer", end=30), ended("inner"), opened("ship"))
    replay = NewCode.of(graph(do("outer", do("inner")), SHIP)).replay(log)
    assert (replay.effect, replay.orphans, replay.taken_up) == ("resumes", (), ("ship-1",))


def test_the_branch_that_explains_the_log_is_taken() -> None:
    code = graph(either(branch("a", do("x"), do("y")), branch(None, do("x"), do("z"))), SHIP)
    replay = NewCode.of(code).replay(log_of("running", ended("x"), ended("z"), opened("ship")))
    assert (replay.effect, replay.orphans) == ("resumes", ())


def test_an_added_step_of_a_loop_runs_in_each_pass() -> None:
    passes = [replace(ended("pack"), count=number, log_name=f"pack-{number}") for number in range(1, 101)]
    replay = NewCode.of(graph(loop(do("pack"), do("weigh")), SHIP)).replay(log_of("running", *passes, opened("ship")))
    assert (replay.effect, replay.added[0], len(replay.added)) == ("out_of_order", "weigh-1", 100)


def test_a_stored_error_leads_to_the_handler_of_the_new_code() -> None:
    code = graph(protected(block(do("a"), do("b")), catch=block(do("undo"))), SHIP)
    log = log_of("running", ended("a"), replace(ended("b"), outcome="failed"), ended("undo"), opened("ship"))
    assert NewCode.of(code).replay(log).effect == "resumes"


def test_a_graph_that_is_too_deep_is_refused() -> None:
    log = log_of("running", opened("the innermost step"))
    (new,) = NewCode.of(deep(300)).replay(log).reasons
    (old,) = NewCode.of(graph(SHIP), deep(300)).replay(log).reasons
    assert new.startswith("The new code cannot be replayed: the graph is too large")
    assert old.startswith("The deployed code cannot be compared: the graph is too large")


def test_a_log_that_is_too_long_is_refused() -> None:
    log = log_of("running", *[ended("a")] * (REPLAY_POSITIONS + 1))
    assert NewCode.of(graph(loop(do("a")))).replay(log).reasons == ("The log has more than 6000 entries.",)


def test_local_sleeps_end_only_with_an_event() -> None:
    code, sleeping = NewCode.of(SLEEPS), replace(SLEEPING, is_local=True)
    assert code.replay(replace(sleeping, status="running")).effect == "stuck"
    assert code.replay(sleeping).effect == "resumes"  # it is paused, and somebody resumes it
    assert NewCode.of(WAITS).replay(replace(WAITING, is_local=True)).effect == "resumes"


def test_removed_local_sleeps_end_only_with_an_event() -> None:
    replay = NewCode.of(graph(LOAD, CHARGE, SHIP), SLEEPS).replay(replace(SLEEPING, is_local=True, status="running"))
    assert (replay.effect, replay.reasons, replay.orphans) == (
        "stuck",
        ("`cool down-1` does not end by itself after a restart of `wrangler dev`: any event wakes the instance.",),
        ("cool down-1",),
    )


def test_a_running_member_of_a_group_may_be_renamed() -> None:
    members = do("a", starts=1, resolves=2), do("c", starts=1, resolves=2)
    replay = NewCode.of(graph(parallel("all", *members), SHIP)).replay(log_of("paused", opened("a"), opened("b")))
    assert (replay.effect, replay.orphans) == ("unknown", ("b-1",))


def test_a_step_of_a_handler_is_renamed() -> None:
    code = graph(protected(block(do("a")), catch=block(do("c")), final=block(do("d"))), SHIP)
    replay = NewCode.of(code).replay(log_of("paused", failed("a"), ended("b"), opened("d")))
    assert (replay.effect, replay.reruns) == ("reruns", ("c-1",))


def test_a_removed_step_that_failed_leads_to_no_handler() -> None:
    old, new = (graph(protected(block(*each), catch=block(do("c"))), SHIP) for each in ([do("a"), do("b")], [do("b")]))
    replay = NewCode.of(new, old).replay(log_of("paused", failed("a"), ended("c"), opened("ship")))
    assert (replay.effect, replay.added, replay.orphans) == ("unknown", ("b-1",), ("a-1", "c-1"))


def test_an_ambiguous_last_entry_may_be_after_a_new_step() -> None:
    old, new = (graph(LOAD, either(branch("vip", do("b"))), *each) for each in ([do("b")], [do("c"), do("b")]))
    replay = NewCode.of(new, old).replay(log_of("paused", ended("load order"), opened("b")))
    assert replay.reasons[0].startswith("`c` may run when the instance resumes, ")
