"""The part of the code that an instance has passed: its conditions, exits, functions, branches and loops."""

from __future__ import annotations

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import InstanceLog, LogEntry
from stepgraph.model.payload import Graph, Node
from stepgraph.replay.new_code import NewCode
from tests.instances.replay_pairs import LOAD, SHIP, SLEEPING, counted, sleep, wait
from tests.instances.short_logs import ended, log_of, opened
from tests.render.graphs import LEAVE, block, branch, call, do, either, function, graph, loop, protected

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


def test_changed_conditions_in_a_branch_that_was_not_taken() -> None:
    def code(condition: str) -> Graph:
        express = branch("vip", do("gift"), either(branch(condition, do("wrap"))))
        return graph(LOAD, either(express, branch(None, do("charge card"))), sleep(), SHIP)

    assert NewCode.of(code("total > 8"), code("total > 3")).replay(SLEEPING).effect == "resumes"


@pytest.mark.parametrize(("taken", "effect"), [("gift", "resumes"), ("charge card", "unknown")])
def test_an_else_gets_a_condition(taken: str, effect: InstanceEffect) -> None:
    def code(condition: str | None) -> Graph:
        return graph(either(branch("vip", do("gift")), branch(condition, do("charge card"))), sleep(), SHIP)

    replay = NewCode.of(code("new"), code(None)).replay(log_of("paused", ended(taken), opened("cool down", "sleep")))
    reason = "The `else` now has the condition `new`, so the instance may now take another branch."
    assert (replay.effect, replay.reasons) == (effect, () if effect == "resumes" else (reason,))


def test_removed_branches_were_taken_instead() -> None:
    old = graph(LOAD, either(branch("new", do("charge card")), branch("vip", do("gift"))), sleep(), SHIP)
    new = graph(LOAD, either(branch("vip", do("gift"), LEAVE)), sleep(), SHIP)
    assert NewCode.of(new, old).replay(SLEEPING).effect == "unknown"


@pytest.mark.parametrize(
    ("passed", "effect"),
    [
        (loop(either(branch("fragile", do("wrap")))), "out_of_order"),
        (either(branch("vip", loop(do("gift")))), "out_of_order"),
        (loop(do("wrap")), "resumes"),
        (loop(call("pack")), "resumes"),
    ],
)
def test_new_steps_in_parts_that_may_have_run_without_a_trace(passed: Node, effect: InstanceEffect) -> None:
    def code(*added: Node) -> Graph:
        return graph(LOAD, with_nodes(passed, added), sleep(), SHIP, functions={"pack": PACK})

    log = log_of("paused", ended("load order"), opened("cool down", "sleep"))
    replay = NewCode.of(code(do("weigh")), code()).replay(log)
    reason = "`weigh` may run when the instance resumes, before steps that have already run."
    assert (replay.effect, replay.reasons) == (effect, () if effect == "resumes" else (reason,))


def with_nodes(node: Node, added: tuple[Node, ...]) -> Node:
    """Return a loop, or an `if` with one branch, with further nodes at its end."""
    if node["type"] == "loop":
        return loop(*node["nodes"], *added)
    assert node["type"] == "if"
    (only,) = node["branches"]
    return either(branch(only["condition"], *only["nodes"], *added))


def test_new_conditions_around_entries_are_noted() -> None:
    old = graph(LOAD, do("charge card"), sleep(), SHIP)
    new = graph(LOAD, either(branch("vip", do("charge card"), sleep())), SHIP)
    replay = NewCode.of(new, old).replay(SLEEPING)
    note = "If `vip` is false, the new code does not call `charge card-1` and `cool down-1`."
    assert (replay.effect, replay.notes) == ("resumes", (note,))


def test_finished_steps_that_move_into_a_handler_do_not_run() -> None:
    old = graph(LOAD, protected(block(do("pack"), sleep()), catch=block(do("refund"))))
    new = graph(protected(block(do("pack"), sleep()), catch=block(do("refund"), LOAD)))
    log = log_of("paused", ended("load order"), ended("pack"), opened("cool down", "sleep"))
    replay = NewCode.of(new, old).replay(log)
    assert (replay.effect, replay.orphans) == ("resumes", ("load order-1",))


def test_steps_before_a_repeated_call_do_not_run_in_a_handler() -> None:
    def code(*added: Node) -> Graph:
        pay = function("pay", do("pay"), sleep(), *added)
        return graph(protected(block(call("pay"), call("pay")), catch=block(loop(call("pay")))), functions={"pay": pay})

    log = counted(log_of("paused", ended("pay"), ended("cool down", kind="sleep"), opened("pay")))
    replay = NewCode.of(code(do("report")), code()).replay(log)
    assert (replay.effect, replay.added) == ("out_of_order", ("report-1",))


def test_a_handler_has_a_step_of_the_same_name() -> None:
    def code(*added: Node) -> Graph:
        return graph(protected(block(*added, LOAD, sleep()), catch=block(LOAD)))

    replay = NewCode.of(code(do("check")), code()).replay(log_of("running", opened("load order")))
    assert (replay.effect, replay.added) == ("out_of_order", ("check-1",))


def test_computed_names_that_have_not_changed_have_equal_values() -> None:
    handler = block(call("send"), call("send"))
    send = {"send": function("send", do("send {item}"))}
    body = block(call("send"), do("pack"), wait())
    old = graph(loop(do("mail {item}"), protected(body, catch=handler)), functions=send)
    new = graph(loop(protected(body, catch=handler), do("mail {item}")), functions=send)
    replay = NewCode.of(new, old).replay(log_of("paused", ended("mail a"), ended("send a"), opened("pack")))
    assert (replay.effect, replay.reused) == ("out_of_order", ("send a-1", "mail a-1"))


def test_steps_added_to_a_try_that_suppresses_errors() -> None:
    def code(*added: Node) -> Graph:
        return graph(LOAD, protected(block(do("charge card"), *added), catch=block()), sleep(), SHIP)

    for deployed in (None, code()):
        replay = NewCode.of(code(do("audit")), deployed).replay(SLEEPING)
        assert (replay.effect, replay.added) == ("out_of_order", ("audit-1",))


def test_an_exception_of_the_deployed_code_may_be_raised_again() -> None:
    def code(*added: Node) -> Graph:
        return graph(LOAD, protected(block(do("charge card"), *added), catch=block(do("refund"))), sleep())

    log = log_of("paused", ended("load order"), ended("charge card"), ended("refund"), opened("cool down", "sleep"))
    replay = NewCode.of(code(do("audit")), code()).replay(log)
    assert (replay.effect, replay.reused) == ("resumes", ("load order-1", "charge card-1", "refund-1"))


def test_an_open_sleep_may_be_the_one_with_another_duration() -> None:
    def code(duration: int) -> Graph:
        return graph(LOAD, do("charge card"), loop(sleep(duration=duration)), sleep(), SHIP)

    assert NewCode.of(code(3000), code(2000)).replay(SLEEPING).effect == "unknown"


def test_a_finished_step_moved_behind_a_loop_of_a_function() -> None:
    """Its run does not show that the function has returned, as no call of the function led to it."""
    old = graph(LOAD, call("pack"), functions={"pack": function("pack", loop(sleep()), SHIP)})
    new = graph(call("pack"), functions={"pack": function("pack", loop(sleep()), LOAD, SHIP)})
    naps = ended("cool down", kind="sleep"), opened("cool down", "sleep")
    replay = NewCode.of(new, old).replay(counted(log_of("running", ended("load order"), *naps)))
    assert (replay.effect, replay.reasons) == (
        "out_of_order",
        ("A loop may have further passes, although steps after it have already begun.",),
    )


def test_a_step_added_in_front_of_an_exit_of_a_helper() -> None:
    """A helper that returned before its first step has no entries."""

    def code(*first: Node) -> Graph:
        pack = function("pack", *first, either(branch("empty", LEAVE)), do("wrap"))
        return graph(LOAD, either(branch("vip", call("pack"))), sleep(), functions={"pack": pack})

    log = log_of("paused", ended("load order"), opened("cool down", "sleep"))
    replay = NewCode.of(code(do("weigh")), code()).replay(log)
    reason = "`weigh` may run when the instance resumes, before steps that have already run."
    assert (replay.effect, replay.reasons) == ("out_of_order", (reason,))


def test_a_branch_without_a_trace_was_not_taken() -> None:
    """A loop without passes is possible, but the log would have the step after it."""
    old = graph(LOAD, either(branch("vip", loop(do("gift")), do("wrap"))), sleep())
    new = graph(LOAD, either(branch("vip", do("gift"), do("wrap"))), sleep())
    log = log_of("paused", ended("load order"), opened("cool down", "sleep"))
    assert NewCode.of(new, old).replay(log).effect == "resumes"


@pytest.mark.parametrize("node", [loop(call("pack")), either(branch("vip", call("pack")))])
def test_a_new_function_in_a_new_branch_or_loop_may_run(node: Node) -> None:
    """The instance has passed the call, without a trace in the log."""
    log = log_of("running", opened("ship"))
    assert NewCode.of(calling(node, SHIP), graph(SHIP)).replay(log).effect == "out_of_order"
