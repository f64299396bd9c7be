"""The steps that can begin next, now and later."""

from __future__ import annotations

from typing import Final, cast

import pytest

from stepgraph import analyze_source, instance
from stepgraph.execution.instance import Instance, instance_of
from stepgraph.execution.log import LogEntry
from stepgraph.model.payload import Node, StepConfig, StepDo
from stepgraph.model.walk import paths_of
from tests.instances.instance_logs import running, sleep, step
from tests.instances.short_logs import ended, failed, fitting, log_of, opened
from tests.instances.timed_logs import matched, next_paths
from tests.render.graphs import block, branch, call, do, either, function, graph, loop, parallel, protected


def test_the_next_step_of_a_sequence() -> None:
    assert next_paths(matched(graph(do("a"), do("b"), do("c")), "a 0-5", status="running")) == ["nodes[1]"]


def test_next_steps_of_a_function_stand_in_place_of_its_call() -> None:
    calls = graph(either(branch("x", call("pack"))), do("ship"), functions={"pack": function("pack", do("box"))})
    assert fitting(log_of("running"), calls).next_names == ("box", "ship")


def test_a_running_step_may_end_before_the_next() -> None:
    assert next_paths(matched(graph(do("a"), do("b")), "a 0-", status="running")) == ["nodes[1]"]


def test_all_branches_are_possible() -> None:
    choice = graph(do("a"), either(branch("x", do("b"))), do("c"))
    assert next_paths(matched(choice, "a 0-5", status="running")) == ["nodes[1].branches[0].nodes[0]", "nodes[2]"]


def test_running_members_hold_back_the_rest() -> None:
    group = graph(parallel("all", do("a"), do("b")), do("c"))
    assert next_paths(matched(group, "a 0-5", status="running")) == ["nodes[0].nodes[1]"]


SIDES: Final = {"left": function("left", do("a"), do("b")), "right": function("right", do("c"), do("d"))}
BOTH: Final = graph(parallel("all", call("left"), call("right")), do("e"), functions=SIDES)
NEXT_OF_SIDES: Final = ['functions["left"].nodes[1]', 'functions["right"].nodes[1]']


@pytest.mark.parametrize("log", ["a 0-, c 1-", "a 0-5, c 1-", "a 0-, c 1-5", "a 0-5, c 1-6"])
def test_steps_after_a_group_begin_after_all_members(log: str) -> None:
    assert next_paths(matched(BOTH, *log.split(", "), status="running")) == NEXT_OF_SIDES


def test_handlers_around_a_group_begin_after_a_failure() -> None:
    caught = graph(protected(block(parallel("all", call("left"), do("c"))), catch=block(do("d"))), functions=SIDES)
    following = next_paths(matched(caught, "a 0-", "c 1-", status="running"))
    assert following == ['functions["left"].nodes[1]', "nodes[0].catch_block.nodes[0]"]


def test_next_steps_wait_for_open_entries() -> None:
    instance = fitting(log_of("running", ended("a"), opened("c"), opened("b")), BOTH)
    assert [(place.path, instance.awaited_by(place.path)) for place in instance.next] == [
        ('functions["right"].nodes[1]', (1,))
    ]


def test_steps_after_a_race_wait_for_no_single_entry() -> None:
    race = graph(parallel("race", do("a"), do("b")), do("c"))
    instance = fitting(log_of("running", opened("a"), opened("b")), race)
    assert [(place.path, instance.awaited_by(place.path)) for place in instance.next] == [("nodes[1]", ())]


def test_steps_after_a_group_wait_for_all_open_members() -> None:
    both = graph(parallel("all", do("a"), do("b"), do("c")), do("d"))
    instance = fitting(log_of("running", ended("a"), opened("b"), opened("c")), both)
    assert [(place.path, instance.awaited_by(place.path)) for place in instance.next] == [("nodes[1]", (1, 2))]


def test_steps_after_a_group_wait_for_many_passes_of_a_loop() -> None:
    group = graph(parallel("all", loop(do("part {i}", starts=1, resolves=2))), do("d"))
    instance = fitting(log_of("running", *(opened(f"part {number}") for number in range(12))), group)
    assert [instance.awaited_by(place.path) for place in instance.next] == [(), tuple(range(12))]


def test_another_attempt_of_a_step_waits_for_no_end_of_it() -> None:
    instance = fitting(log_of("running", opened("outer"), ended("x")), graph(do("outer", do("x"), do("y"))))
    assert [(place.path, instance.awaited_by(place.path)) for place in instance.next] == [
        ("nodes[0].nodes[0]", ()),
        ("nodes[0].nodes[1]", ()),
    ]


def test_steps_in_a_running_step_come_first_and_may_run_again() -> None:
    nested = graph(do("outer", do("x"), do("y")), do("after"))
    following = next_paths(matched(nested, "outer 0-", "x 1-2", status="running"))
    assert following == ["nodes[0].nodes[0]", "nodes[0].nodes[1]"]


def test_the_steps_in_a_step_without_retries_run_once() -> None:
    once: StepConfig = {"retries": {"limit": 0, "delay": 1000, "backoff": "constant"}, "timeout": 1000}
    outer = do("outer", do("x"), do("y"), config=once)
    assert next_paths(matched(graph(outer), "outer 0-", "x 1-2", status="running")) == ["nodes[0].nodes[1]"]


def test_an_instance_that_has_ended_has_no_next_step() -> None:
    assert next_paths(matched(graph(loop(do("a"))), "a 0-5")) == []


def test_later_steps_are_reachable() -> None:
    match = matched(graph(do("a"), do("b"), do("c")), "a 0-5", status="running")
    assert match.reachable == ("nodes[1]", "nodes[2]")


@pytest.mark.parametrize(
    ("handler", "entry", "names"),
    [
        ([do("back off")], opened("back off"), ["back off"]),
        ([do("back off"), do("alert")], opened("alert"), ["back off"]),
        ([loop(do("back off"), do("alert"))], opened("alert"), []),
    ],
)
def test_a_handler_begins_again_after_another_error(handler: list[Node], entry: LogEntry, names: list[str]) -> None:
    retried = graph(loop(protected(block(do("charge")), catch=block(*handler))))
    before = [ended("back off")] if entry.name == "alert" else []
    instance = fitting(log_of("running", failed("charge"), *before, entry), retried)
    after_error = [instance.nodes[place.path].name for place in instance.next if instance.begins_after_error(place)]
    assert after_error == names


LEAVES: Final[Node] = {"type": "break", "kind": "break"}
RETRIES: Final = loop(protected(block(do("charge"), LEAVES), catch=block(do("back off"))))
GIVES_UP: Final = either(branch("no break", do("give up")))


@pytest.mark.parametrize(
    ("log", "names"),
    [
        ("charge 0-", ["back off", "ship"]),
        ("charge 0-5!, back off 10-", ["charge", "back off", "give up"]),
        ("charge 0-5!, back off 10-15, give up 20-", ["ship"]),
        ("charge 0-5", ["back off", "ship"]),
    ],
)
def test_a_break_skips_the_else_of_a_loop(log: str, names: list[str]) -> None:
    example = graph(RETRIES, GIVES_UP, do("ship"))
    nodes = dict(paths_of(example["workflow"]))
    following = matched(example, *log.split(", "), status="running").next
    assert [cast("StepDo", nodes[place.path])["name"] for place in following] == names


def test_a_loop_without_end_is_left_by_jumps_only() -> None:
    source = """
async def poll(step):
    while True:
        @step.do("poll")
        async def check(): ...
        if await check():
            return
        await step.sleep("pause", 1000)

class Polling(WorkflowEntrypoint):
    async def run(self, event, step):
        await poll(step)
        @step.do("report")
        async def report(): ...
        await report()
"""
    (workflow,) = analyze_source(f"from workers import WorkflowEntrypoint\n{source}").workflows
    asleep = instance(running(step("poll-1", 0, 5), sleep("pause-1", 10, None)), workflow)
    polled = instance(running(step("poll-1", 0, 5)), workflow)
    assert (asleep.next_names, polled.next_names) == (("poll",), ("pause", "report"))


@pytest.mark.parametrize(("entry", "after_error"), [(opened("a", "sleep"), True), (opened("a"), False)])
def test_a_sleep_cannot_fail(entry: LogEntry, after_error: bool) -> None:  # noqa: FBT001 - the expected value
    first: Node = {"type": "step_sleep", "name": "a", "duration": 1} if entry.kind == "sleep" else do("a")
    guarded = fitting(log_of("running", entry), graph(protected(block(first, do("b")), catch=block(do("c")))))
    assert [guarded.begins_after_error(place) for place in guarded.next] == [False, after_error]


@pytest.mark.parametrize(
    ("entries", "after_error"),
    [
        ([failed("a")], {"c": False, "d": True}),
        ([ended("a"), opened("b")], {"c": False, "d": False}),
        ([ended("a"), opened("nap", "sleep")], {"b": False, "c": True, "d": True}),
    ],
)
def test_handlers_of_a_failure_wait_for_no_other_error(entries: list[LogEntry], after_error: dict[str, bool]) -> None:
    nap: Node = {"type": "step_sleep", "name": "nap", "duration": 1}
    body = block(do("a"), either(branch("x", nap)), do("b"))
    instance = fitting(log_of("running", *entries), graph(protected(body, catch=block(do("c")), final=block(do("d")))))
    assert {instance.nodes[each.path].name: instance.begins_after_error(each) for each in instance.next} == after_error


@pytest.mark.slow
def test_an_exception_does_not_return_to_the_caller() -> None:
    source = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        try:
            await self.charge(step)
            await step.sleep("cool down", 1000)
        except ValueError:
            await step.sleep("back off", 1000)

    async def charge(self, step):
        @step.do("load")
        async def load(): ...
        if await load():
            raise ValueError
        await step.sleep("settle", 1000)
"""
    (workflow,) = analyze_source(source).workflows
    loaded = instance(running(step("load-1", 0, 5)), workflow)
    assert loaded.next_names == ("settle", "back off")


def test_a_failure_does_not_pass_a_catch_all_handler() -> None:
    outer = protected(block(protected(block(do("a")), catch=block()), do("b")), catch=block(do("c")))
    assert next_paths(matched(graph(outer), "a 0-5!", status="running")) == [
        "nodes[0].catch_block.nodes[0]",
        "nodes[0].try_block.nodes[1]",
    ]


AFTER_HANDLER: Final = """
from workers import WorkflowEntrypoint
class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        for order in event["payload"]:
            await step.do("check")(self.check)()
            try:
                await step.wait_for_event("pay", "paid")
            except Exception:
                {}
            else:
                await step.do("book")(self.check)()
                return
        await step.do("end")(self.check)()
    async def check(self): ...
"""


def waiting_instance(source: str) -> Instance:
    """Return an instance that waits after its first step."""
    (workflow,) = analyze_source(source).workflows
    assert workflow.graph is not None
    log = log_of("running", ended("check"), opened("pay", kind="wait"))
    return instance_of(log, workflow.graph, details=workflow.comparable_details)


@pytest.mark.parametrize("jump", ["continue", "pass"])
def test_steps_after_a_handler_begin_if_an_open_entry_fails(jump: str) -> None:
    result = waiting_instance(AFTER_HANDLER.format(jump))
    assert {result.nodes[place.path].name: indexes for place, indexes in result.failing.items()} == {
        "check": (1,),
        "end": (1,),
    }
    assert not result.after_own_error


def test_steps_after_a_handler_may_follow_an_error_of_the_code() -> None:
    source = AFTER_HANDLER.format("continue").replace('"paid")', '"paid")\n                self.record(order)')
    result = waiting_instance(source)
    assert {result.nodes[place.path].name for place in result.after_own_error} == {"check", "end"}
