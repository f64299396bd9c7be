"""The work to replay a log grows in proportion to the number of edited steps, and that of a match to its entries.

Time is too noisy to be asserted, so these tests count function calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from cProfile import Profile
from functools import partial
from typing import Final

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.instance import instance_of
from stepgraph.execution.log import InstanceLog
from stepgraph.large_stack import run_with_large_stack
from stepgraph.model.payload import Node
from stepgraph.replay.new_code import NewCode
from tests.instances.short_logs import ended, log_of, opened
from tests.render.graphs import block, branch, call, do, either, function, graph, parallel

MAX_RATIO: Final = 2.3
"""The largest ratio of the work for the additional steps. It is 2 for linear growth, and 4 for quadratic growth."""


def renamed(number: int) -> list[Node]:
    return [do(f"charge payment {number}")]


def inserted(number: int) -> list[Node]:
    return [do(f"charge card {number}"), do(f"send receipt {number}")]


def optional(number: int) -> list[Node]:
    return [either(branch(f"is_new[{number}]", do(f"check stock {number}"))), do(f"charge card {number}")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "effect"), [(renamed, "reruns"), (inserted, "out_of_order"), (optional, "out_of_order")]
)
def test_work_is_proportional_to_the_edits(edit: Callable[[int], list[Node]], effect: InstanceEffect) -> None:
    calls: list[int] = []
    for size in (20, 40, 80):
        steps = [do(f"charge card {number}") for number in range(size)]
        code = NewCode.of(graph(*(node for number in range(size) for node in edit(number))), graph(*steps))
        log = log_of("running", *(ended(f"charge card {number}") for number in range(size)))
        assert code.replay(log).effect == effect
        calls.append(calls_of_replay(code, log))
    small, medium, large = calls
    assert large - medium <= MAX_RATIO * (medium - small)


def calls_of_replay(code: NewCode, log: InstanceLog) -> int:
    return calls_of(lambda: code.replay(log))


def calls_of(action: Callable[[], object]) -> int:
    profile = Profile()
    run_with_large_stack(lambda: profile.runcall(action))
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.slow
@pytest.mark.parametrize("resolves", [None, 1])
def test_many_members_of_a_group_take_linear_calls(resolves: int | None) -> None:
    calls: list[int] = []
    for size in (25, 50, 100):
        members = (block(do(f"load {each}", resolves=resolves), do(f"save {each}")) for each in range(size))
        group = graph(parallel("all", *members))
        log = log_of("running", *(ended(f"load {each}", end=10 * size) for each in range(size)))
        calls.append(calls_of(partial(instance_of, log, group)))
    small, medium, large = calls
    assert large - medium <= MAX_RATIO * (medium - small)


@pytest.mark.slow
def test_equal_calls_with_computed_names() -> None:
    """The calls that may have ended do not multiply the states."""
    calls: list[int] = []
    for size in (10, 20, 40):
        body = function("load", do("{table}"), do("{report}"))
        group = graph(parallel("all", *(call("load") for _ in range(size))), functions={"load": body})
        log = log_of("running", *(ended("orders") for _ in range(2 * size)))
        calls.append(calls_of(partial(instance_of, log, group)))
    small, medium, large = calls
    assert medium <= 6 * small
    assert large <= 6 * medium


@pytest.mark.parametrize("names", ["send mails {}", "notify{}"])
def test_renamed_members_of_a_group_take_linear_work(monkeypatch: pytest.MonkeyPatch, names: str) -> None:
    """The members may begin in any order."""
    monkeypatch.setattr("stepgraph.replay.alignment.REPLAY_POSITIONS", 100)
    members = range(20)
    old, new = (
        graph(parallel("all", *(do(name.format(number)) for number in members))) for name in ("send mail {}", names)
    )
    log = log_of("running", *(ended(f"send mail {number}", end=500) for number in members))
    assert NewCode.of(new, old).replay(log).effect == "reruns"


@pytest.mark.parametrize(
    ("names", "effect"),
    [
        (("load {}", "check {}", "store {}"), "reruns"),
        (("load {}", "check {}", "save {}", "report {}"), "out_of_order"),
    ],
)
def test_two_edits_of_each_member_take_linear_work(
    monkeypatch: pytest.MonkeyPatch, names: Sequence[str], effect: InstanceEffect
) -> None:
    """The search does not try every set of edited members."""
    monkeypatch.setattr("stepgraph.replay.alignment.REPLAY_POSITIONS", 800)
    old, new = (
        graph(
            parallel("all", *(block(*(do(name.format(number)) for name in member)) for number in range(12))),
            do("close orders"),
        )
        for member in (("load {}", "save {}"), names)
    )
    starts = (*(f"load {number}" for number in range(12)), *(f"save {number}" for number in range(12)))
    log = log_of("running", *map(ended, starts), opened("close orders"))
    assert NewCode.of(new, old).replay(log).effect == effect
