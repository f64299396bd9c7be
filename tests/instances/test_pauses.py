"""Pauses of a development server, which raise an exception in the pending calls, so that handlers run."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from stepgraph.execution.instance import Instance, instance_of
from stepgraph.execution.log import InstanceLog, LogEntry
from stepgraph.model.payload import Node
from tests.instances.short_logs import ended, log_of, opened
from tests.render.graphs import LEAVE, block, branch, do, either, graph, protected

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
        ([ended("a"), *HANDLED, SLEPT, ended("b"), ended("c")], True, True),
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


def test_a_resumed_instance_does_not_run_a_finally_again() -> None:
    assert cleaned("complete", ended("a"), ended("b", end=15), ended("clean"), ended("c")).fits
    assert not cleaned("complete", ended("a"), ended("b"), ended("c")).fits
