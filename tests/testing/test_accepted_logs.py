"""Assertions about the logs of instances: `accepts` and `next_steps`."""

from __future__ import annotations

import pytest

from stepgraph.testing import LogMismatchError, WorkflowGraph
from tests.render.graphs import branch, do, either, graph, parallel

ORDERS = WorkflowGraph.of(graph(do("load"), either(branch("paid", do("ship")), branch(None, do("refund")))))


def log(*names: str, status: str = "running") -> dict[str, object]:
    steps = [{"name": f"{name}-1", "type": "step", "success": True} for name in names]
    return {"status": status, "steps": steps}


def test_a_log_is_accepted() -> None:
    assert ORDERS.accepts(log("load", "refund", status="complete"))
    assert repr(ORDERS.accepts(log("load"))) == "<the log fits the graph>"


def test_the_reason_is_in_the_message_of_a_failed_assertion() -> None:
    acceptance = ORDERS.accepts(log("load", "charge"))
    assert not acceptance
    assert repr(acceptance) == "<entry 2 of 2, `charge-1`, does not fit: expected `ship` or `refund` after `load-1`>"


def test_names_from_logs_cannot_control_a_terminal() -> None:
    assert "\x1b" not in ORDERS.accepts(log("\x1b[2J")).reason


def test_next_steps_are_names() -> None:
    assert ORDERS.next_steps(log()) == ["load"]
    assert ORDERS.next_steps(log("load")) == ["ship", "refund"]
    assert ORDERS.next_steps(log("load", "ship", status="complete")) == []


def test_next_steps_have_no_repetitions() -> None:
    assert WorkflowGraph.of(graph(parallel("all", do("a"), do("a")))).next_steps(log()) == ["a"]


def test_next_steps_of_another_log_are_an_error() -> None:
    with pytest.raises(LogMismatchError) as raised:
        ORDERS.next_steps(log("ship"))
    message = "Orders does not accept the log: entry 1 of 1, `ship-1`, does not fit: expected `load` at the start."
    assert str(raised.value) == message
