"""The numbers of passes of loops, and new and moved loops, in new code."""

from __future__ import annotations

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import InstanceLog
from stepgraph.model.details import ComparableDetails, Detail
from stepgraph.model.payload import Block, Graph, Node
from stepgraph.replay.new_code import NewCode
from tests.instances.replay_pairs import (
    LOAD,
    PACKED,
    SHIP,
    SLEEPING,
    SLEEPS,
    code_of,
    counted,
    sleep,
)
from tests.instances.short_logs import ended, log_of, opened
from tests.render.graphs import block, branch, call, do, either, function, graph, loop, protected

LEAVES: Node = {"type": "break", "kind": "break"}

PACKING = graph(loop(do("pack")), sleep(), SHIP)


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ("for i in range(3)", "for i in range(3)", "resumes"),
        ("for i in range(3)", "for i in range(2)", "resumes"),
        ("for i in range(3)", "for i in range(4)", "out_of_order"),
        ('for i in ["a", "b", "c"]', 'for i in ["a", "b", "c", "d"]', "out_of_order"),
        ('for i in ["a", "b", "c"]', 'for i in ["a"]', "resumes"),
        ('for i in ["a"]', 'for i in ["a", *more]', "unknown"),
        ("for item in items", "for item in items[1:]", "unknown"),
        ("for item in items", "for sku in items", "unknown"),
        ("", "for item in items", "resumes"),
    ],
)
def test_passed_loops_with_other_heads(old: str, new: str, effect: InstanceEffect) -> None:
    code = NewCode.of(PACKING, PACKING, (with_head(PACKING, 0, old), with_head(PACKING, 0, new)))
    assert code.replay(counted(PACKED)).effect == effect


LAST_PASS = log_of("running", *(ended("pack") for _ in range(2)), opened("pack"))


@pytest.mark.parametrize(
    ("new", "log", "effect", "orphans"),
    [
        ("for i in range(2)", PACKED, "resumes", ("pack-3",)),
        ("for i in range(0)", PACKED, "resumes", ("pack-1", "pack-2", "pack-3")),
        ("for i in range(2)", LAST_PASS, "resumes", ("pack-3",)),
        ("for i in range(3)", LAST_PASS, "resumes", ()),
        ("for i in range(5)", LAST_PASS, "resumes", ()),
        ("for i in range(4)", PACKED, "out_of_order", ()),
        ('for i in ["a", "b"]', PACKED, "resumes", ("pack-3",)),
        ('for i in ["a", *more]', PACKED, "unknown", ()),
    ],
)
def test_surplus_passes_are_orphans(
    new: str, log: InstanceLog, effect: InstanceEffect, orphans: tuple[str, ...]
) -> None:
    details = with_head(PACKING, 0, "for item in items"), with_head(PACKING, 0, new)
    replay = NewCode.of(PACKING, PACKING, details).replay(counted(log))
    assert (replay.effect, replay.orphans) == (effect, orphans)


def test_further_passes_get_results_of_later_steps() -> None:
    code = graph(loop(do("pack"), do("label")), do("pack"), sleep(), SHIP)
    heads = with_head(code, 0, "for i in range(2)"), with_head(code, 0, "for i in range(3)")
    begun = [*([ended("pack"), ended("label")] * 2), ended("pack"), opened("cool down", "sleep")]
    replay = NewCode.of(code, code, heads).replay(counted(log_of("running", *begun)))
    assert replay.effect == "unknown"
    assert replay.reasons[0] == "`pack` in further passes of a loop may get stored results of a later `pack`."


LEAVES_FULL = either(branch("full", LEAVES))


PACKED_TWICE = log_of("running", ended("pack"), ended("pack"), opened("cool down", "sleep"))


@pytest.mark.parametrize(
    ("body", "old", "log", "effect"),
    [
        (block(do("pack"), LEAVES_FULL), "for i in range(3)", PACKED_TWICE, "resumes"),
        (block(do("pack"), LEAVES_FULL), "for i in range(3)", PACKED, "unknown"),
        (block(do("pack"), LEAVES_FULL), "for i in items", PACKED_TWICE, "unknown"),
        (block(do("pack"), LEAVES_FULL), "for i in range(3)", LAST_PASS, "resumes"),
        (block(protected(block(do("pack")), catch=block()), LEAVES_FULL), "for i in range(3)", PACKED_TWICE, "resumes"),
        (block(LEAVES_FULL, do("pack")), "for i in range(3)", PACKED_TWICE, "unknown"),
        (block(do("pack")), "for i in range(3)", PACKED, "out_of_order"),
    ],
)
def test_more_attempts_after_an_exit(body: Block, old: str, log: InstanceLog, effect: InstanceEffect) -> None:
    code = graph(loop(*body["nodes"]), sleep(), SHIP)
    replay = NewCode.of(code, code, (with_head(code, 0, old), with_head(code, 0, "for i in range(5)")))
    assert replay.replay(counted(log)).effect == effect


def test_a_step_moved_out_of_a_loop_runs_once() -> None:
    new = graph(do("pack"), sleep(), SHIP)
    replay = NewCode.of(new, PACKING).replay(counted(PACKED))
    assert (replay.effect, replay.orphans) == ("resumes", ("pack-2", "pack-3"))


STAGES = """
from workers import WorkflowEntrypoint

ROLES = ["the manager of the department", "the finance team of the head office"]

def add_role(role):
    $1.append(role)

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        for role in ROLES:
            await step.do(f"ask {role}")(ask)()
            await step.wait_for_event(f"answer of {role}", "answer")
        await step.do("pay")(pay)()
"""


@pytest.mark.parametrize(
    ("mutated", "answers", "effect"),
    [("OTHERS", 1, "resumes"), ("OTHERS", 2, "out_of_order"), ("ROLES", 1, "unknown")],
)
def test_items_may_be_appended_to_a_constant_list(mutated: str, answers: int, effect: str) -> None:
    stages = STAGES.replace("$1", mutated)
    (deployed, old_details), (code, new_details) = code_of(stages), code_of(stages.replace('e"]', 'e", "a director"]'))
    roles = ("the manager of the department", "the finance team of the head office")
    pairs = [(ended(f"ask {role}"), ended(f"answer of {role}", kind="wait")) for role in roles]
    entries = [entry for pair in pairs[:answers] for entry in pair]
    log = log_of("paused", *entries, *([opened("pay")] if answers == 2 else []))
    assert NewCode.of(code, deployed, (old_details, new_details)).replay(log).effect == effect


PAGES = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        for page in range(3):
            @step.do(f"load {page}")
            async def load(): ...
            await load()
            if page > 1:
                await step.sleep("cool down", 2000)
        await step.sleep("settle", 1000)
"""


@pytest.mark.parametrize(
    ("head", "effect", "orphans"),
    [
        ("range(2)", "resumes", ("load 2-1",)),
        ("range(4)", "out_of_order", ()),
        ("range(1, 3)", "unknown", ()),
    ],
)
def test_values_in_the_first_passes_of_a_loop_are_equal(
    head: str, effect: InstanceEffect, orphans: tuple[str, ...]
) -> None:
    (deployed, old_details), (code, new_details) = code_of(PAGES), code_of(PAGES.replace("range(3)", head))
    passes = [ended(f"load {number}") for number in range(3)]
    log = log_of("paused", *passes, ended("cool down", kind="sleep"), opened("settle", "sleep"))
    replay = NewCode.of(code, deployed, (old_details, new_details)).replay(log)
    assert (replay.effect, replay.orphans) == (effect, orphans)


def test_a_loop_moved_before_the_last_entry_may_run() -> None:
    old, new = graph(LOAD, loop(do("pack")), sleep(), SHIP), graph(loop(do("pack")), LOAD, sleep(), SHIP)
    replay = NewCode.of(new, old).replay(log_of("running", opened("load order")))
    assert (replay.effect, replay.reasons) == (
        "out_of_order",
        ("`pack` may run when the instance resumes, before steps that have already run.",),
    )
    in_loop = NewCode.of(new, old).replay(log_of("running", ended("load order"), opened("pack")))
    assert (in_loop.effect, in_loop.reasons) == (
        "out_of_order",
        ("A loop may have further passes, although steps after it have already begun.",),
    )


def test_later_loops_do_not_matter() -> None:
    code = graph(LOAD, do("charge card"), sleep(), loop(SHIP))
    details = with_head(code, 3, "for item in items"), with_head(code, 3, "for item in items[1:]")
    assert NewCode.of(code, code, details).replay(SLEEPING).effect == "resumes"


def passes(count: int) -> InstanceLog:
    entries = [ended("pack"), ended("nap", kind="sleep")] * count
    return counted(log_of("paused", *entries, opened("pack")))


@pytest.mark.parametrize(("count", "effect"), [(0, "resumes"), (1, "unknown")])
def test_conditions_at_the_end_of_earlier_passes(count: int, effect: InstanceEffect) -> None:
    old = graph(loop(do("pack"), sleep("nap"), either(branch("total > 3", do("weigh")))))
    new = graph(loop(do("pack"), sleep("nap"), either(branch("total > 8", do("weigh")))))
    assert NewCode.of(new, old).replay(passes(count)).effect == effect


def test_other_passes_may_take_other_branches() -> None:
    old = graph(loop(do("pack"), either(branch("vip", do("express")))), sleep(), SHIP)
    new = graph(loop(do("pack"), either(branch("vip", do("express")), branch(None, do("coupon")))), sleep(), SHIP)
    log = log_of("paused", ended("pack"), ended("express"), opened("cool down", "sleep"))
    assert NewCode.of(new, old).replay(log).effect == "out_of_order"


def test_the_results_of_unrolled_loops_are_found_by_name() -> None:
    new = graph(do("pack"), do("pack"), do("pack"), sleep(), SHIP)
    assert NewCode.of(new, PACKING).replay(counted(PACKED)).effect == "resumes"


@pytest.mark.parametrize(
    ("head", "inside", "log", "effect"),
    [
        ("for n in range(2)", [], SLEEPING, "out_of_order"),
        ("for n in range(1)", [], SLEEPING, "resumes"),
        ("for n in items", [], SLEEPING, "unknown"),
        ("", [], SLEEPING, "unknown"),
        ("for n in range(3)", [LEAVES_FULL], SLEEPING, "unknown"),
        ("for n in range(3)", [LEAVES], SLEEPING, "resumes"),
        ("for n in range(3)", [], log_of("running", ended("load order"), opened("charge card")), "resumes"),
        ("for n in items", [], log_of("running", ended("load order"), opened("charge card")), "unknown"),
        ("for n in items", [], log_of("running", opened("load order")), "resumes"),
    ],
)
def test_new_loops_may_run_finished_steps_again(
    head: str, inside: list[Node], log: InstanceLog, effect: InstanceEffect
) -> None:
    new = graph(LOAD, loop(do("charge card"), *inside), sleep(), SHIP)
    assert NewCode.of(new, SLEEPS, (ComparableDetails(), with_head(new, 1, head))).replay(log).effect == effect


def test_a_new_loop_in_a_new_helper_runs_again() -> None:
    """The loop around the call was there before."""
    packing = loop(do("weigh"), do("pack"))
    helped = graph(loop(do("weigh"), call("f")), SHIP, functions={"f": function("f", loop(do("pack")))})
    log = log_of("running", ended("weigh"), ended("pack"), opened("ship"))
    assert NewCode.of(helped, graph(packing, SHIP)).replay(log).reasons == (
        "A new loop may run `pack` any number of times: the log does not show how many.",
    )


def test_a_step_of_another_kind_runs_in_each_pass() -> None:
    """The inner loop alone could also explain the other entries."""
    old, new = (graph(loop(loop(do("weigh"), do("pack")), last)) for last in (do("label"), sleep("label")))
    entries = [*[ended("weigh"), ended("pack"), ended("label")] * 2, ended("weigh"), ended("pack"), opened("weigh")]
    replay = NewCode.of(new, old).replay(counted(log_of("running", *entries)))
    assert replay.reasons == ("`label-1` begins in place of the step `label-1`.",)


def with_head(code: Graph, index: int, head: str) -> ComparableDetails:
    """Return details of a graph, with the head of the loop at an index of its nodes."""
    return ComparableDetails([(code["workflow"]["nodes"][index], Detail(head))])
