"""Pauses of a development server, which raise an exception in the pending calls, so that handlers run."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from stepgraph.execution.instance import Instance, instance_of
from stepgraph.execution.log import InstanceLog, LogEntry
from stepgraph.model.payload import Node, StepSleepUntil
from tests.instances.short_logs import ended, log_of, opened
from tests.render.graphs import LEAVE, block, branch, call, do, either, function, graph, parallel, protected

NAP: Node = {"type": "step_sleep", "name": "nap", "duration": "1 hour"}
ORDERS = graph(protected(block(do("a"), NAP, do("b")), catch=block(do("refund"), do("alert"))), do("c"))
SLEPT = ended("nap", kind="sleep")
PAUSED = ended("nap", kind="sleep", end=25)
"""A sleep that ends after the steps of the handlers have begun."""
HANDLED = (ended("refund"), ended("alert"))


def instance(status: str, *entries: LogEntry, is_local: bool = True) -> Instance:
    log: InstanceLog = replace(log_of(status, *entries), is_local=is_local)
    return instance_of(log, ORDERS)


@pytest.mark.parametrize("status", ["paused", "running"])
def test_the_pending_call_continues_after_a_pause(status: str) -> None:
    paused = instance(status, ended("a"), opened("nap", "sleep"), *HANDLED)
    assert "b" in paused.next_names
    assert [paused.nodes[path].state for path in ("nodes[0].try_block.nodes[1]", "nodes[0].try_block.nodes[2]")] == [
        "sleeping",
        "not_reached",
    ]


def test_a_step_that_ends_during_a_pause_is_followed_by_the_next() -> None:
    assert set(instance("paused", ended("a"), *HANDLED).next_names) >= {"nap", "c"}


@pytest.mark.parametrize(
    ("entries", "is_local", "fits"),
    [
        ([ended("a"), PAUSED, *HANDLED, ended("b"), ended("c")], True, True),
        ([ended("a"), PAUSED, *HANDLED, ended("b"), ended("c")], False, False),
        ([ended("a"), *HANDLED, ended("b"), ended("c")], True, False),
        ([*HANDLED, ended("a"), SLEPT, ended("b"), ended("c")], True, False),
    ],
)
def test_the_steps_of_handlers_stay_in_the_log(entries: list[LogEntry], is_local: bool, fits: bool) -> None:  # noqa: FBT001 - expected values
    assert instance("complete", *entries, is_local=is_local).fits is fits


CLEANED = graph(protected(block(do("a"), either(branch("x", LEAVE)), do("b")), final=block(do("clean"))), do("c"))


def cleaned(status: str, *entries: LogEntry) -> Instance:
    return instance_of(replace(log_of(status, *entries), is_local=True), CLEANED)


def test_a_paused_instance_may_be_before_a_finally_that_ran() -> None:
    assert "b" in cleaned("paused", ended("a"), ended("clean")).next_names


def test_a_finally_that_ran_is_not_next() -> None:
    assert cleaned("paused", ended("a"), ended("clean")).next_names == ("b",)


def test_a_resumed_instance_does_not_run_a_finally_again() -> None:
    assert cleaned("complete", ended("a"), ended("b", end=15), ended("clean"), ended("c")).fits
    assert not cleaned("complete", ended("a"), ended("b"), ended("c")).fits


def after_pause(log: InstanceLog, first: int) -> InstanceLog:
    """Return a log in which the entries from a position on begin half a second later, after a resume."""
    later = (
        replace(entry, start=(entry.start or 0) + 500, end=None if entry.end is None else entry.end + 500)
        for entry in log.entries[first:]
    )
    return replace(log, entries=(*log.entries[:first], *later), is_local=True)


@pytest.mark.parametrize(
    ("names", "first", "fits"),
    [
        (["a", "clean", "b", "c"], 2, True),
        (["a", "clean", "b", "c"], 4, False),  # without the time for a pause
        (["a", "b", "clean", "clean", "c"], 3, False),  # the first result answers the second call
    ],
)
def test_a_pause_between_two_steps_runs_a_finally(names: list[str], first: int, fits: bool) -> None:  # noqa: FBT001 - expected values
    log = after_pause(log_of("complete", *map(ended, names)), first)
    assert instance_of(log, CLEANED).fits is fits


def test_a_pause_between_two_steps_runs_a_handler() -> None:
    log = after_pause(log_of("complete", ended("a"), *HANDLED, SLEPT, ended("b"), ended("c")), 3)
    assert instance_of(log, ORDERS).fits


def test_the_steps_after_a_handler_run_before_the_resume() -> None:
    log = after_pause(log_of("complete", ended("a"), *HANDLED, ended("c"), SLEPT, ended("b")), 4)
    assert instance_of(log, ORDERS).fits


def test_a_pause_ends_the_members_of_a_race() -> None:
    chosen = either(branch("is_paid", do("ship")), branch(None, do("refund")))
    race = graph(parallel("race", do("paid", starts=1), do("canceled", starts=1)), chosen)
    open_entries = (ended("paid", end=600), ended("canceled", end=515))
    log = after_pause(log_of("complete", *open_entries, ended("ship"), ended("refund")), 3)
    assert instance_of(log, race).fits


def test_a_pause_between_the_steps_of_a_member_is_a_result() -> None:
    pack = {"pack": function("pack", do("a"), do("b"))}
    settled = graph(parallel("all_settled", call("pack")), do("ship"), functions=pack)
    log = after_pause(log_of("complete", ended("a"), ended("ship"), ended("b")), 2)
    assert instance_of(log, settled).fits


def test_a_sleep_that_begins_again_follows_a_resume() -> None:
    due: Node = {"type": "step_sleep_until", "name": "due", "timestamp": "{event.due}"}
    nodes = graph(protected(block(due), catch=block(do("alert"))), do("b"), do("c"), do("d"))
    entries = (opened("due", "sleep"), ended("alert"), ended("due", kind="sleep"), ended("b"), opened("c"))
    assert instance_of(after_pause(log_of("running", *entries), 2), nodes).next_names == ("d",)


DUE: StepSleepUntil = {"type": "step_sleep_until", "name": "due", "timestamp": "{event.due}"}
REST: Node = {"type": "step_sleep", "name": "due", "duration": "{seconds}"}
FIXED: Node = {"type": "step_sleep", "name": "due", "duration": "1 hour"}
ABANDONED, AGAIN = opened("due", "sleep"), ended("due", kind="sleep")


@pytest.mark.parametrize(("sleep", "fits"), [(DUE, True), (REST, True), (FIXED, False)], ids=["until", "for", "fixed"])
def test_a_sleep_that_begins_again_ends_the_first(sleep: Node, fits: bool) -> None:  # noqa: FBT001 - expected values
    log = log_of("complete", ABANDONED, ABANDONED, AGAIN, ended("a"), ended("b"))
    assert instance_of(log, graph(sleep, do("a"), do("b"))).fits is fits


def test_a_wait_beside_a_sleep_that_begins_again_stays_open() -> None:
    due: StepSleepUntil = {**DUE, "starts": 1, "resolves": 2}
    group = graph(parallel("all", due, do("a", starts=1, resolves=2)), do("b"))
    log = log_of("running", ABANDONED, opened("a"), AGAIN)
    again = instance_of(log, group)
    assert [again.log.entries[number].log_name for number in again.awaited_by("nodes[1]")] == ["a-1"]
    assert not instance_of(log_of("running", ABANDONED, opened("a"), AGAIN, opened("b")), group).fits


def test_a_sleep_until_a_time_begins_again_after_a_pause() -> None:
    nodes = graph(DUE, do("a"))
    assert instance_of(log_of("paused", ABANDONED), nodes).next_names == ("due", "a")
    assert instance_of(log_of("running", ABANDONED), nodes).next_names == ("a",)
