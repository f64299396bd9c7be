"""The decisions of an instance that may differ under new code."""

from __future__ import annotations

from typing import cast

import pytest

from stepgraph.diff.diff import diff_workflows
from stepgraph.execution.engine_rules import Effect, InstanceEffect
from stepgraph.execution.log import LogEntry
from stepgraph.limits import Limit
from stepgraph.model.details import ComparableDetails, ComputedTexts
from stepgraph.model.payload import Graph, If, Node
from stepgraph.replay.new_code import NewCode
from tests.instances.replay_pairs import (
    EXCHANGED,
    LOAD,
    SHIP,
    SLEEPING,
    SLEEPS,
    code_of,
    counted,
    sleep,
    sleep_until,
    wait,
)
from tests.instances.short_logs import ended, failed, log_of, opened
from tests.render.graphs import LEAVE, block, branch, call, do, either, function, graph, loop, parallel, protected

EXPRESS = log_of("paused", ended("load order"), ended("express"), opened("cool down", "sleep"))


def choice(*branches: tuple[str | None, Node]) -> Graph:
    return graph(LOAD, either(*(branch(condition, node) for condition, node in branches)), sleep(), SHIP)


VALUES = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        order = event["payload"]
        items = order["items"]
        total = order["total"]
        for item in items:
            @step.do(f"pack {item}")
            async def pack(): ...
            await pack()
        if total > 500:
            await step.sleep("cool down", 2000)
        await step.sleep("settle", 1000)
"""


ANOTHER_BRANCH = "so the instance may now take another branch."


OTHER_NAME = (
    "The values in the name `pack {item}` may have changed. "
    "If so, `pack {item}` does not find the result of `pack A1-1`, and runs again."
)


@pytest.mark.parametrize(
    ("old", "new", "reasons"),
    [
        ("items = order", "lines = items = order", ()),
        ('order["items"]\n', 'event["payload"]["items"]\n', ()),
        (
            'order["items"]',
            'order["lines"]',
            (
                OTHER_NAME,
                "The values in `for item in items` changed, so its passes may differ from those in the log.",
            ),
        ),
        (
            'order["total"]',
            'order["net"]',
            ("The value 'total' in the condition `total > 500` changed to 'net', " + ANOTHER_BRANCH,),
        ),
    ],
)
def test_other_values_under_the_same_name(old: str, new: str, reasons: tuple[str, ...]) -> None:
    (deployed, old_details), (code, new_details) = code_of(VALUES), code_of(VALUES.replace(old, new))
    log = log_of("paused", ended("pack A1"), opened("cool down", "sleep"))
    replay = NewCode.of(code, deployed, (old_details, new_details)).replay(log)
    assert (replay.effect, replay.reasons) == ("unknown" if reasons else "resumes", reasons)


def test_reasons_about_decisions_have_the_path_of_the_node() -> None:
    (deployed, old_details), (code, new_details) = code_of(VALUES), code_of(VALUES.replace("> 500", "> 900"))
    log = log_of("paused", ended("pack A1"), opened("settle", "sleep"))
    replay = NewCode.of(code, deployed, (old_details, new_details)).replay(log)
    assert (replay.reasons, replay.at) == (
        ("The condition `total > 500` is now `total > 900`, " + ANOTHER_BRANCH,),
        "nodes[1]",
    )


def test_doubts_about_one_step_are_one_reason() -> None:
    (deployed, old_details), (code, new_details) = code_of(VALUES), code_of(VALUES.replace('order["items"]', "event"))
    names = [f"pack {number}" for number in range(5)]
    replay = NewCode.of(code, deployed, (old_details, new_details)).replay(log_of("paused", *map(ended, names)))
    assert replay.reasons[0] == (
        "The values in the name `pack {item}` may have changed. "
        "If so, `pack {item}` does not find the results of `pack 0-1`, `pack 1-1`, `pack 2-1` and 2 more, "
        "and runs again."
    )
    assert not any("pack 3-1" in reason for reason in replay.reasons)


TOLD = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        order = await step.do("load")(load)()
        await step.do("pack")(pack)()
        if event["payload"]["urgent"]:
            await self.tell(step, "urgent")
        await step.sleep("settle", 1000)

    async def tell(self, step, text):
        await step.do(f"tell {text}")(send)()
"""
PACK_OR_TELL = """
        if order:
            await step.do("pack")(pack)()
        else:
            await self.tell(step, "empty")
"""


def test_new_calls_of_functions_that_have_not_run_may_run_late() -> None:
    pack = '        await step.do("pack")(pack)()\n'
    (deployed, old_details), (code, new_details) = code_of(TOLD), code_of(TOLD.replace(pack, PACK_OR_TELL[1:]))
    log = log_of("paused", ended("load"), ended("pack"), opened("settle", "sleep"))
    replay = NewCode.of(code, deployed, (old_details, new_details)).replay(log)
    reason = '`tell(step, "empty")` may run when the instance resumes, before steps that have already run.'
    assert (replay.effect, replay.reasons) == ("out_of_order", (reason,))


@pytest.mark.parametrize(
    ("added", "effect"), [(do("charge payment"), "unknown"), (wait(), "resumes"), (sleep(), "resumes")]
)
def test_a_removed_step_may_be_a_later_one(added: Node, effect: InstanceEffect) -> None:
    """Saved graphs lack the functions of steps, which would tell."""
    replay = NewCode.of(graph(LOAD, sleep(), SHIP, added), SLEEPS).replay(SLEEPING)
    reason = "`charge card-1` is not in the new code. If `charge payment` is its new name, its work is done again."
    assert (replay.effect, replay.reasons) == (effect, (reason,) if effect == "unknown" else ())


def test_handlers_around_finished_steps_leave_nothing_earlier() -> None:
    """A `try` leaves by the errors that its handlers do not catch, but no step has failed."""
    first = EXCHANGED.replace("$1", "load order").replace("$2", "charge card")
    handled = "        try:\n            await charge()\n        except ValueError:\n            return\n"
    second = first.replace("        await charge()\n", handled)
    (deployed, old_details), (code, new_details) = code_of(first), code_of(second)
    assert NewCode.of(code, deployed, (old_details, new_details)).replay(SLEEPING).effect == "resumes"


def test_a_continue_in_front_of_a_step_is_noted() -> None:
    skipped = VALUES.replace("for item in items:", "for item in items:\n            if not item: continue")
    (deployed, old_details), (code, new_details) = code_of(VALUES), code_of(skipped)
    log = log_of("paused", ended("pack A1"), opened("cool down", "sleep"))
    replay = NewCode.of(code, deployed, (old_details, new_details)).replay(log)
    assert (replay.effect, replay.notes) == (
        "resumes",
        ("If `not item` is true, the new code does not call `pack A1-1`.",),
    )


def test_a_step_moved_before_the_last_entry_may_get_its_result() -> None:
    old, new = graph(LOAD, loop(LOAD), SHIP), graph(loop(do("load order")), LOAD, SHIP)
    replay = NewCode.of(new, old).replay(log_of("running", opened("load order")))
    assert replay.effect == "unknown"


def test_a_new_condition_around_a_call_is_noted() -> None:
    functions = {"express": function("express", do("express"))}
    old = graph(LOAD, call("express"), sleep(), SHIP, functions=functions)
    new = graph(LOAD, either(branch("vip", call("express"))), sleep(), SHIP, functions=functions)
    replay = NewCode.of(new, old).replay(EXPRESS)
    assert (replay.effect, replay.notes) == ("resumes", ("If `vip` is false, the new code does not call `express-1`.",))


def test_a_call_gets_the_result_of_a_call_with_a_new_condition() -> None:
    functions = {"express": function("express", do("express"))}
    old = graph(LOAD, call("express"), sleep(), SHIP, call("express"), functions=functions)
    new = graph(LOAD, either(branch("vip", call("express"))), sleep(), SHIP, call("express"), functions=functions)
    replay = NewCode.of(new, old).replay(EXPRESS)
    assert (replay.effect, replay.notes) == ("unknown", ("If `vip` is false, the new code does not call `express-1`.",))


@pytest.mark.parametrize(("condition", "effect"), [("vip", "resumes"), ("not vip", "unknown")])
def test_a_call_gets_the_result_of_a_skipped_call(condition: str, effect: str) -> None:
    def code(test: str) -> Graph:
        optional = either(branch(test, call("express")))
        functions = {"express": function("express", do("express"))}
        return graph(LOAD, optional, sleep(), SHIP, call("express"), functions=functions)

    assert NewCode.of(code(condition), code("vip")).replay(EXPRESS).effect == effect


def test_added_exits_may_end_the_instance() -> None:
    new = graph(LOAD, either(branch("total > 3", LEAVE)), do("charge card"), sleep(), SHIP)
    replay = NewCode.of(new, SLEEPS).replay(SLEEPING)
    steps = "`charge card` and `cool down`, which have already begun"
    assert replay.reasons == (f"The new code may return earlier if `total > 3`, before {steps}.",)
    later = graph(LOAD, do("charge card"), sleep(), either(branch("total > 3", LEAVE)), SHIP)
    assert NewCode.of(later, SLEEPS).replay(SLEEPING).effect == "resumes"


def test_an_exit_that_moves_in_front_of_the_last_entry_may_end_the_instance() -> None:
    leave = either(branch("total > 3", LEAVE))
    old = graph(LOAD, do("charge card"), sleep(), leave, SHIP)
    replay = NewCode.of(graph(LOAD, leave, do("charge card"), sleep(), SHIP), old).replay(SLEEPING)
    steps = "`charge card` and `cool down`, which have already begun"
    assert replay.reasons == (f"The new code may return earlier if `total > 3`, before {steps}.",)
    passed = graph(LOAD, do("charge card"), leave, sleep(), SHIP)
    replay = NewCode.of(graph(LOAD, leave, do("charge card"), sleep(), SHIP), passed).replay(SLEEPING)
    assert replay.effect == "resumes"


def test_an_exit_that_loses_a_condition_may_end_the_instance() -> None:
    def code(condition: str) -> Graph:
        return graph(either(branch(condition, either(branch("late", LEAVE)))), LOAD, sleep(), SHIP)

    log = log_of("paused", ended("load order"), opened("cool down", "sleep"))
    replay = NewCode.of(code("not vip"), code("vip")).replay(log)
    assert replay.reasons == (
        "The new code may return earlier if `late`, before `load order` and `cool down`, which have already begun.",
    )
    assert NewCode.of(code("vip"), code("vip")).replay(log).effect == "resumes"


def test_ambiguous_entries_do_not_show_the_taken_branch() -> None:
    branches = [("vip", do("pack")), (None, do("pack"))]
    new = choice(branches[0], (None, block(do("check"), do("pack"))))
    log = log_of("paused", ended("load order"), ended("pack"), opened("cool down", "sleep"))
    assert NewCode.of(new, choice(*branches)).replay(log).effect == "unknown"


@pytest.mark.parametrize(
    ("branches", "effect"),
    [
        ([("vip", do("express")), (None, do("coupon"))], "resumes"),
        ([("vip", do("express")), (None, LEAVE)], "resumes"),
        ([("new", do("coupon")), ("vip", do("express"))], "out_of_order"),
    ],
)
def test_branches_after_the_taken_one_are_not_taken(
    branches: list[tuple[str | None, Node]], effect: InstanceEffect
) -> None:
    assert NewCode.of(choice(*branches), choice(("vip", do("express")))).replay(EXPRESS).effect == effect


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ("load {id}", "load {id}", "resumes"),
        ("load {id}", "load {order.id}", "unknown"),
        ("load order", "{name}", "unknown"),
        ("{name}", "load {id}", "unknown"),
    ],
)
def test_computed_names_may_have_changed(old: str, new: str, effect: InstanceEffect) -> None:
    log = log_of("paused", ended("load order"), opened("cool down", "sleep"))
    replay = NewCode.of(graph(do(new), sleep(), SHIP), graph(do(old), sleep(), SHIP)).replay(log)
    assert replay.effect == effect


def test_names_of_variables_in_names_do_not_matter() -> None:
    old, new = do("load {id}"), do("load {key}")
    details = (
        ComparableDetails(texts=[(old, ComputedTexts("load 1"))]),
        ComparableDetails(texts=[(new, ComputedTexts("load 1"))]),
    )
    log = log_of("paused", ended("load order"), opened("cool down", "sleep"))
    assert NewCode.of(graph(new, sleep()), graph(old, sleep()), details).replay(log).effect == "resumes"


def test_names_of_variables_in_conditions_do_not_matter() -> None:
    old, new = choice(("order.vip", do("express"))), choice(("o.vip", do("express")))
    branches = [cast("If", code["workflow"]["nodes"][1])["branches"][0] for code in (old, new)]
    details = [ComparableDetails(texts=[(each, ComputedTexts("vip"))]) for each in branches]
    assert NewCode.of(new, old, (details[0], details[1])).replay(EXPRESS).effect == "resumes"


@pytest.mark.parametrize(
    ("old", "new"), [(sleep(), sleep_until("cool down")), (sleep_until("cool down"), sleep())], ids=["until", "for"]
)
def test_a_sleep_until_a_time_is_another_sleep(old: Node, new: Node) -> None:
    replay = NewCode.of(graph(LOAD, new, SHIP), graph(LOAD, old, SHIP)).replay(
        log_of("paused", ended("load order"), opened("cool down", "sleep"))
    )
    assert (replay.effect, replay.restarted_waits) == ("reruns", ("cool down-1",))


def test_any_number_of_logs_can_be_replayed() -> None:
    old, new = (graph(LOAD, either(branch("vip", do("pack"))), sleep(), SHIP) for _ in range(2))
    code = NewCode.of(new, old)
    assert code.pair is not None
    code.pair.matching.new.budget.remaining[Limit.VISITS] = 0
    log = log_of("paused", ended("load order"), opened("cool down", "sleep"))
    assert code.replay(log).effect == "resumes"


def test_new_conditions_of_steps_with_equal_names() -> None:
    old = graph(LOAD, do("pack"), sleep(), do("pack"))
    new = graph(LOAD, either(branch("vip", do("pack"))), sleep(), do("pack"))
    replay = NewCode.of(new, old).replay(
        log_of("paused", ended("load order"), ended("pack"), opened("cool down", "sleep"))
    )
    reason = "If `vip` is false, `pack` gets the stored result of `pack-1`, a run of another step"
    assert replay.effect == "unknown"
    assert replay.reasons[0].startswith(reason)


def test_steps_released_from_a_condition_may_run() -> None:
    old = graph(either(branch("big", either(branch("vip", do("check"))))), *SLEEPS["workflow"]["nodes"])
    new = graph(either(branch("big", do("check"))), *SLEEPS["workflow"]["nodes"])
    replay = NewCode.of(new, old).replay(SLEEPING)
    reason = "`check` may run when the instance resumes, before steps that have already run."
    assert (replay.effect, replay.reasons) == ("out_of_order", (reason,))
    assert NewCode.of(old, old).replay(SLEEPING).effect == "resumes"


def test_open_waits_with_computed_names_may_have_changed() -> None:
    old, new = (graph(LOAD, *nodes) for nodes in ([wait("{a}")], [do("check"), wait("{b}")]))
    replay = NewCode.of(new, old).replay(log_of("running", ended("load order"), opened("approval", "wait")))
    assert replay.effect == "unknown"


def test_a_new_handler_catches_the_error_first() -> None:
    inner = protected(block(do("a")), catch=block(do("undo")))
    old, new = (graph(protected(block(each), catch=block(do("b"))), SHIP) for each in (do("a"), inner))
    replay = NewCode.of(new, old).replay(log_of("paused", failed("a"), ended("b"), opened("ship")))
    assert (replay.effect, replay.added, replay.orphans) == ("unknown", ("undo-1",), ("b-1",))


def test_steps_moved_into_a_function_are_not_released() -> None:
    old = graph(either(branch("big", do("check"))), *SLEEPS["workflow"]["nodes"])
    choice_of_call = either(branch("big", call("verify")))
    verify = {"verify": function("verify", do("check"))}
    new = graph(choice_of_call, *SLEEPS["workflow"]["nodes"], functions=verify)
    assert NewCode.of(new, old).replay(SLEEPING).effect == "resumes"


def test_an_entry_of_a_step_that_may_have_been_removed() -> None:
    old, new = (graph(loop(*inner, do("a")), SHIP) for inner in ((loop(do("a")),), ()))
    replay = NewCode.of(new, old).replay(counted(log_of("paused", ended("a"), ended("a"), opened("ship"))))
    assert (replay.effect, replay.reasons) == (
        "unknown",
        ("The log does not show which of several deployed steps `a-1` is.",),
    )


def test_a_step_behind_a_choice_is_moved_after_its_namesake() -> None:
    choice = either(branch("vip", do("x"), do("b")), branch(None, do("y")))
    old, new = graph(do("b"), do("z"), choice, SHIP), graph(do("z"), choice, do("b"), SHIP)
    replay = NewCode.of(new, old).replay(log_of("paused", ended("b"), opened("z")))
    assert (replay.effect, replay.reasons[0]) == (
        "unknown",
        "`b` may get the stored result of `b-1`, a run of another step, so that it never runs itself.",
    )


def test_a_removed_branch_leads_to_the_next_one() -> None:
    choices = (("a", do("mail")), ("b", do("call")), (None, do("visit")))
    old, new = choice(*choices), choice(choices[0], choices[2])
    log = log_of("paused", ended("load order"), ended("call"), opened("cool down", "sleep"))
    replay = NewCode.of(new, old).replay(log)
    assert (replay.effect, replay.added) == ("out_of_order", ("visit-1",))


def test_a_removed_handler_before_a_finally() -> None:
    final = block(do("audit"))
    old = graph(protected(block(do("check")), catch=block(do("refund")), final=final), SHIP)
    new = graph(protected(block(do("check")), final=final), SHIP)
    replay = NewCode.of(new, old).replay(
        log_of("paused", failed("check"), ended("refund"), ended("audit"), opened("ship"))
    )
    assert (replay.effect, replay.reasons) == (
        "fails",
        ("The stored error of `check-1` is raised again, and nothing catches it; new code of the step does not run.",),
    )


def test_a_removed_handler_of_a_group() -> None:
    """The graph of a group does not show whether it raises the errors of its members."""
    group = parallel("all", do("check stock"), do("charge card"))
    old = graph(protected(block(group), catch=block(do("refund"), sleep())))
    entries = [ended("check stock"), failed("charge card"), ended("refund"), opened("cool down", "sleep")]
    replay = NewCode.of(graph(group), old).replay(log_of("paused", *entries))
    reason = "The stored error of `charge card-1` may end the instance, as its `except` block does not catch it now."
    assert (replay.effect, replay.reasons) == ("unknown", (reason,))


def test_a_removed_handler_in_a_saved_graph() -> None:
    """Saved graphs can omit a handler without steps, so the new code may still have one."""
    old = graph(protected(block(do("check")), catch=block(do("refund"))), SHIP)
    new = graph(protected(block(do("check"))), SHIP)
    replay = NewCode.of(new, old).replay(log_of("paused", failed("check"), ended("refund"), opened("ship")))
    assert (replay.effect, replay.reasons) == (
        "unknown",
        ("The stored error of `check-1` may end the instance, as its `except` block does not catch it now.",),
    )


def test_a_function_with_one_call_takes_one_branch() -> None:
    """A step of the other branch does not run, although it is now in front of steps that have run."""
    taken = either(branch("vip", do("express")), branch(None, do("normal")))
    old = graph(call("pack"), SHIP, functions={"pack": function("pack", LOAD, taken)})
    new = graph(call("pack"), SHIP, functions={"pack": function("pack", taken, LOAD)})
    log = log_of("running", ended("load order"), ended("express"), opened("ship"))
    assert NewCode.of(new, old).replay(log).effect == "resumes"
    twice = [graph(call("pack"), call("pack"), SHIP, functions=each["workflow"]["functions"]) for each in (old, new)]
    entries = ended("load order"), ended("express"), opened("load order")
    replay = NewCode.of(twice[1], twice[0]).replay(counted(log_of("running", *entries)))
    assert (replay.effect, replay.added) == ("out_of_order", ("normal-1",))


@pytest.mark.parametrize(("last", "effect"), [(ended("b", kind="sleep"), "resumes"), (opened("b", "sleep"), "unknown")])
def test_sleeps_that_changed_places_are_equal(last: LogEntry, effect: InstanceEffect) -> None:
    """Sleeps have no results. One that is not over continues in place of the other one."""
    first, second = function("f", sleep("b"), LOAD), function("g", sleep("b"))
    functions = {"f": first, "g": second}
    old, new = (graph(*calls, functions=functions) for calls in ((call("f"), call("g")), (call("g"), call("f"))))
    log = counted(log_of("running", ended("b", kind="sleep"), ended("load order"), last))
    replay = NewCode.of(new, old).replay(log)
    assert replay.effect == effect


def test_a_step_moved_out_of_a_branch_gets_no_other_result() -> None:
    """The log has results under its name, which are those of the step that was in its place."""
    first, second = do("pack"), do("pack")
    details = ComparableDetails(texts=[(first, ComputedTexts(function="f 1")), (second, ComputedTexts(function="f 2"))])
    old, new = (
        graph(either(branch("vip", do("express")), branch(None, inner)), outer, SHIP)
        for inner, outer in ((first, second), (second, first))
    )
    log = log_of("running", ended("express"), ended("pack"), opened("ship"))
    assert NewCode.of(new, old, (details, details)).replay(log).reasons == (
        "`pack` gets the stored result of `pack-1`, a run of another step, so that it never runs itself.",
    )


def test_a_run_in_either_branch_hides_no_effect() -> None:
    """The second step runs in front of the sleep only if the condition is true."""
    both = either(branch("vip", do("pack"), do("wrap")), branch(None, do("pack")))
    old, new = graph(sleep(), both), graph(both, sleep())
    replay = NewCode.of(new, old).replay(log_of("running", ended("cool down", kind="sleep"), opened("pack")))
    assert (replay.effect, replay.reasons[0]) == (
        "unknown",
        "The log does not show which of several deployed steps `pack-1` is.",
    )


def test_one_of_adjacent_namesakes_was_removed() -> None:
    """Saved graphs lack the functions of steps, which would tell which one remains."""
    pack = do("pack")
    old, new = graph(LOAD, pack, do("pack"), sleep(), SHIP), graph(LOAD, pack, sleep(), SHIP)
    log = counted(log_of("running", ended("load order"), ended("pack"), ended("pack"), opened("cool down", "sleep")))
    assert NewCode.of(new, old).replay(log).reasons == (
        "One of several adjacent steps named `pack` was removed, so `pack-1` may be a run of it.",
    )
    assert diff_workflows(old["workflow"], new["workflow"]).effect is Effect.BREAKING
    functions = ComparableDetails(
        texts=[(node, ComputedTexts(function=f"f {node is pack}")) for node in (pack, old["workflow"]["nodes"][2])]
    )
    assert NewCode.of(new, old, (functions, functions)).replay(log).effect == "resumes"
