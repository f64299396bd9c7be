"""The conditions and exits in front of the last step, where functions are called and branches are passed."""

from __future__ import annotations

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import InstanceLog, LogEntry
from stepgraph.model.payload import Graph, Node
from stepgraph.replay.new_code import NewCode
from tests.instances.replay_pairs import LOAD, SHIP, SLEEPING, counted, sleep
from tests.instances.short_logs import ended, log_of, opened
from tests.render.graphs import LEAVE, branch, call, do, either, function, graph, loop

PACK = function("pack", do("pack"), sleep())
PAUSED_TWICE = counted(
    log_of("paused", ended("pack"), ended("cool down", kind="sleep"), ended("pack"), opened("cool down", "sleep"))
)
PAUSED_ONCE = log_of("paused", ended("pack"), opened("cool down", "sleep"))


def calling(*nodes: Node) -> Graph:
    return graph(*nodes, functions={"pack": PACK})


def test_conditions_after_the_stop_do_not_matter() -> None:
    def code(condition: str) -> Graph:
        return graph(
            call("pay"),
            sleep(),
            either(branch(condition, SHIP)),
            functions={"pay": function("pay", LOAD, do("charge card"))},
        )

    assert NewCode.of(code("total > 8"), code("total > 3")).replay(SLEEPING).effect == "resumes"


@pytest.mark.parametrize(("log", "effect"), [(PAUSED_ONCE, "resumes"), (PAUSED_TWICE, "unknown")])
def test_exits_between_two_calls(log: InstanceLog, effect: InstanceEffect) -> None:
    new = calling(call("pack"), either(branch("vip", LEAVE)), call("pack"))
    assert NewCode.of(new, calling(call("pack"), call("pack"))).replay(log).effect == effect


def test_exits_before_a_call_in_a_loop() -> None:
    old = calling(loop(call("pack")))
    new = calling(loop(call("pack"), either(branch("vip", LEAVE))))
    replays = [NewCode.of(new, old).replay(log).effect for log in (PAUSED_ONCE, PAUSED_TWICE)]
    assert replays == ["resumes", "unknown"]


@pytest.mark.parametrize(
    ("entries", "effect"),
    [
        ([opened("cool down", "sleep")], "resumes"),
        ([ended("cool down", kind="sleep"), opened("report")], "unknown"),
    ],
)
def test_conditions_at_the_end_of_a_function(entries: list[LogEntry], effect: InstanceEffect) -> None:
    def code(condition: str) -> Graph:
        pack = function("pack", do("pack"), sleep(), either(branch(condition, SHIP)))
        return graph(call("pack"), do("report"), functions={"pack": pack})

    log = log_of("paused", ended("pack"), *entries)
    assert NewCode.of(code("total > 8"), code("total > 3")).replay(log).effect == effect


def test_exits_before_steps_that_move_into_a_function() -> None:
    new = graph(
        LOAD,
        either(branch("vip", LEAVE)),
        call("pay"),
        functions={"pay": function("pay", do("charge card"), sleep(), SHIP)},
    )
    old = graph(LOAD, do("charge card"), sleep(), SHIP)
    assert NewCode.of(new, old).replay(SLEEPING).effect == "unknown"


@pytest.mark.parametrize(
    ("condition", "entries", "effect"),
    [
        ("vip", [], "resumes"),
        ("vip or new", [], "unknown"),
        ("vip", [ended("gift")], "unknown"),
    ],
)
def test_exits_in_a_branch_that_the_instance_has_passed(
    condition: str, entries: list[LogEntry], effect: InstanceEffect
) -> None:
    old = graph(LOAD, either(branch("vip", do("gift"))), sleep(), SHIP)
    new = graph(LOAD, either(branch(condition, do("gift"), either(branch("new", LEAVE)))), sleep(), SHIP)
    log = log_of("paused", ended("load order"), *entries, opened("cool down", "sleep"))
    assert NewCode.of(new, old).replay(log).effect == effect
