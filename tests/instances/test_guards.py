"""The conditions under which steps run, written as branches and as exits, and removed exits."""

from __future__ import annotations

from itertools import pairwise

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import InstanceLog
from stepgraph.model.payload import Graph, Node
from stepgraph.replay.new_code import NewCode
from tests.instances.replay_pairs import counted, sleep
from tests.instances.short_logs import ended, log_of, opened
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


def test_a_pass_that_skipped_a_step_gets_the_result_of_a_later_one() -> None:
    weigh = do("weigh")
    old = graph(loop(weigh, either(branch("heavy", PACK))), sleep())
    passes = log_of("running", ended("weigh"), ended("weigh"), opened("pack"))
    replay = NewCode.of(graph(loop(weigh, PACK), sleep()), old).replay(counted(passes))
    assert (replay.effect, replay.reasons) == ("unknown", ("`pack` continues `pack-1` in a run that had skipped it.",))


def test_a_loop_without_its_exit_has_further_passes() -> None:
    old = graph(loop(PACK, either(branch("full", LEAVE_LOOP))), sleep())
    log = log_of("running", ended("pack"), opened("cool down", "sleep"))
    replay = NewCode.of(graph(loop(PACK), sleep()), old).replay(log)
    reason = "A loop may have further passes, although steps after it have already begun."
    assert (replay.effect, replay.reasons) == ("out_of_order", (reason,))


def test_a_new_loop_in_an_earlier_pass() -> None:
    old, new = graph(loop(PACK, WRAP)), graph(loop(PACK, loop(WRAP)))
    log = counted(log_of("running", ended("pack"), ended("wrap"), opened("pack")))
    replay = NewCode.of(new, old).replay(log)
    reason = "A new loop may run `wrap` any number of times: the log does not show how many."
    assert (replay.effect, replay.reasons) == ("unknown", (reason,))
