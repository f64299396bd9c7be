"""The pass of a loop that an instance is in, and the steps that new code runs earlier in it."""

from __future__ import annotations

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import LogEntry
from stepgraph.model.payload import Graph, Node
from stepgraph.replay.new_code import NewCode
from tests.instances.replay_pairs import SHIP, counted, sleep
from tests.instances.short_logs import ended, log_of, opened
from tests.instances.timed_logs import timed_log
from tests.render.graphs import block, branch, call, do, either, function, graph, loop, parallel, protected

LEAVES: Node = {"type": "break", "kind": "break"}
WEIGH = loop(do("weigh"))
LABEL = protected(block(do("label")))
SECOND_PASS = [ended("weigh"), ended("label"), opened("weigh")]


def code(*nodes: Node) -> Graph:
    return graph(loop(*nodes), sleep())


def reasons(old: Graph, new: Graph, *entries: LogEntry) -> tuple[str, ...]:
    replay = NewCode.of(new, old).replay(counted(log_of("running", *entries)))
    assert replay.effect == ("out_of_order" if replay.reasons else "resumes")
    return replay.reasons


def overtaken(name: str) -> tuple[str, ...]:
    same = "before steps of the same pass of the loop that have already run."
    return (f"`{name}` may run when the instance resumes, {same}",)


@pytest.mark.parametrize(
    "last",
    [LABEL, either(branch("heavy", do("label")))],
    ids=["try", "branch"],
)
def test_a_part_moved_to_the_start_of_a_pass(last: Node) -> None:
    """The log alone could have both runs of `weigh` in one pass."""
    assert reasons(code(WEIGH, last), code(last, WEIGH), *SECOND_PASS) == overtaken("label")


def test_a_part_that_the_pass_has_reached() -> None:
    assert reasons(code(WEIGH, LABEL), code(LABEL, WEIGH), *SECOND_PASS[:1], opened("label")) == ()


def test_a_branch_that_the_pass_has_not_taken() -> None:
    def choice(*names: str) -> Node:
        return either(*(branch("a" if name == "label" else "b", do(name)) for name in names))

    log = [ended("weigh"), ended("label"), opened("pack")]
    old, new = code(choice("weigh", "label", "pack")), code(choice("weigh", "label", "pack"))
    assert reasons(old, new, *log) == ()


def test_members_of_a_group_are_not_overtaken() -> None:
    first, second = do("weigh", starts=1, resolves=2), do("label", starts=1, resolves=2)
    old, new = (code(parallel("all", *members)) for members in ((first, second), (second, first)))
    assert reasons(old, new, *SECOND_PASS) == ()


def test_an_inner_loop_in_front_of_steps_of_the_pass() -> None:
    old, new = code(do("label"), WEIGH), code(WEIGH, do("label"))
    entries = [ended("label"), ended("weigh"), ended("label"), opened("weigh")]
    assert reasons(old, new, *entries) == (
        "A loop may have further passes, although steps after it have already begun.",
    )


@pytest.mark.parametrize(
    "new",
    [
        either(branch("fragile", do("wrap"))),
        either(branch("fragile", do("wrap"), do("seal"), do("stamp"))),
        loop(do("wrap")),
    ],
    ids=["branch", "branch of several steps", "loop"],
)
@pytest.mark.parametrize(
    ("log", "is_earlier"),
    [
        ([opened("weigh")], False),
        ([ended("weigh"), opened("label")], True),
        ([ended("weigh"), ended("label"), opened("weigh")], True),
    ],
)
def test_a_new_step_that_an_earlier_pass_may_run(new: Node, log: list[LogEntry], *, is_earlier: bool) -> None:
    """It may also run in the next pass."""
    reason = "`wrap` may run when the instance resumes, before steps that have already run."
    expected = (reason,) if is_earlier else ()
    assert reasons(code(do("weigh"), do("label")), code(do("weigh"), new, do("label")), *log) == expected


def test_a_new_step_at_the_end_of_an_earlier_pass() -> None:
    old, new = code(do("weigh"), do("label")), code(do("weigh"), do("label"), either(branch("fragile", do("wrap"))))
    assert reasons(old, new, ended("weigh"), opened("label")) == ()
    assert len(reasons(old, new, *SECOND_PASS)) == 1


def test_a_new_step_at_the_end_of_an_earlier_pass_beside_a_task() -> None:
    task, weigh = do("pay", starts=1, resolves=4), do("weigh", starts=1, resolves=2)
    old, new = (
        graph(parallel("all", task, loop(weigh, *after))) for after in ((), (do("wrap", starts=2, resolves=3),))
    )
    reason = "`wrap` may run when the instance resumes, before steps that have already run."
    for entries, expected in (([ended("weigh")], ()), ([ended("weigh"), opened("weigh")], (reason,))):
        replay = NewCode.of(new, old).replay(counted(log_of("running", opened("pay"), *entries)))
        assert replay.reasons == expected


def test_a_new_step_in_front_of_an_exit_of_a_group() -> None:
    task, leaves = do("pay", starts=1, resolves=3), either(branch("paid", LEAVES))
    old, new = (
        graph(loop(parallel("all", task, *added, leaves)), SHIP) for added in ((), (do("wrap", starts=1, resolves=2),))
    )
    reason = "`wrap` may run when the instance resumes, before steps that have already run."
    for entries, expected in (([opened("pay")], ()), ([ended("pay"), opened("ship")], (reason,))):
        assert NewCode.of(new, old).replay(log_of("running", *entries)).reasons == expected


def test_a_new_concurrent_step_is_not_earlier() -> None:
    old = code(parallel("all", do("weigh", starts=1, resolves=2), do("label", starts=1, resolves=2)))
    fragile = either(branch("fragile", do("wrap", starts=1, resolves=2)))
    new = code(parallel("all", do("weigh", starts=1, resolves=2), fragile, do("label", starts=1, resolves=2)))
    assert reasons(old, new, ended("weigh"), opened("label")) == ()


def test_branches_that_change_places_are_not_overtaken() -> None:
    gift, letter = do("gift"), do("letter")
    old = graph(loop(either(branch("vip", gift), branch(None, letter))))
    new = graph(loop(either(branch("not vip", letter), branch(None, gift))))
    assert NewCode.of(new, old).replay(log_of("paused", opened("gift"))).effect == "resumes"


@pytest.mark.parametrize(("condition", "effect"), [("not heavy", "unknown"), ("heavy", "resumes")])
def test_a_negated_condition_in_a_loop(condition: str, effect: InstanceEffect) -> None:
    old, new = (code(do("weigh"), either(branch(each, do("label {item}")))) for each in ("heavy", condition))
    log = counted(log_of("running", ended("weigh"), ended("weigh"), opened("label b")))
    assert NewCode.of(new, old).replay(log).effect == effect


def test_branches_of_a_loop_exchange_their_steps() -> None:
    weigh, label = do("weigh"), do("label")
    old, new = (code(either(branch(each, weigh), branch(None, label))) for each in ("heavy", "not heavy"))
    exchanged = code(either(branch("not heavy", label), branch(None, weigh)))
    log = log_of("running", ended("weigh"), opened("label"))
    assert [NewCode.of(each, old).replay(log).effect for each in (new, exchanged)] == ["unknown", "resumes"]


@pytest.mark.parametrize(
    ("later", "effect"),
    [(("wait a 2-3", "wait b 2-3", "load c 4-5"), "out_of_order"), (("load c 0-1",), "resumes")],
)
def test_a_step_of_equal_passes_precedes_a_later_pass(later: tuple[str, ...], effect: InstanceEffect) -> None:
    """A semaphore may make a pass wait for the end of earlier ones."""

    def renewal(*nodes: Node) -> Graph:
        lease = function("lease", do("load {lease}"), *nodes)
        return graph(parallel("all", loop(call("lease"))), functions={"lease": lease})

    old = renewal(either(branch("active", do("renew {lease}")), branch(None, do("wait {lease}"))))
    log = timed_log("load a 0-1", "load b 0-1", *later, status="running")
    assert NewCode.of(renewal(do("renew {lease}")), old).replay(log).effect == effect


def test_a_new_branch_of_a_loop_beside_a_task() -> None:
    """The log shows that each pass waits for the one before, although the graph lets them overlap."""

    def packing(last: Node) -> Graph:
        report, pack = do("report", starts=1, resolves=4), do("pack", starts=1, resolves=2)
        return graph(parallel("all", report, loop(pack, last)))

    label, weigh = (do(name, starts=2, resolves=3) for name in ("label", "weigh"))
    new = packing(either(branch("heavy", label), branch(None, weigh)))
    log = timed_log("report 0-9", "pack 0-1", "label 2-3", "pack 4-", status="running")
    assert NewCode.of(new, packing(label)).replay(log).effect == "out_of_order"
