"""The step of each log entry, and the first entry that fits none."""

from __future__ import annotations

import pytest

from stepgraph.execution.matching.log_matching import match_log
from stepgraph.execution.matching.match import Misfit, Place
from stepgraph.execution.program import program_of
from stepgraph.model.details import NO_DETAILS, ComparableDetails, Detail
from stepgraph.model.payload import Graph, Node
from tests.instances.timed_logs import matched, misfit, paths, timed_log
from tests.render.graphs import (
    LEAVE,
    LEAVE_LOOP,
    block,
    branch,
    call,
    do,
    either,
    function,
    graph,
    loop,
    parallel,
    protected,
    unknown,
)

SEQUENCE = graph(do("a"), do("b"), do("c"))
CHOICE = graph(either(branch("x", do("a")), branch(None, do("b"))), do("c"))
GROUP = graph(parallel("all", do("a"), do("b")), do("c"))
RACE = graph(parallel("race", do("a"), do("b")), do("c"))
TRIED = graph(protected(block(do("a"), do("b")), catch=block(do("c")), final=block(do("d"))))
CLOCKS = graph(
    parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=3), do("c", starts=2, resolves=3))
)
HELPER = graph(call("pack"), do("b"), call("pack"), functions={"pack": function("pack", do("a"))})
NESTED = graph(do("outer", do("inner")), do("after"))
TASK = parallel("all", do("t", starts=1, resolves=2))


def test_steps_in_sequence() -> None:
    assert paths(matched(SEQUENCE, "a 0-5", "b 7-9", "c 9-12")) == ["nodes[0]", "nodes[1]", "nodes[2]"]


def test_a_step_waits_for_the_one_before() -> None:
    assert misfit(matched(SEQUENCE, "a 0-8", "b 7-9")) == (1, [])


def test_a_dropped_step_is_expected() -> None:
    assert misfit(matched(SEQUENCE, "a 0-5", "c 7-9")) == (1, ["nodes[1]"])


def test_an_instance_that_ended_too_early() -> None:
    assert misfit(matched(SEQUENCE, "a 0-5", "b 7-9")) == (None, ["nodes[2]"])


def test_a_step_ended_before_a_step_in_it() -> None:
    match = matched(NESTED, "outer 0-5", status="running")
    assert match.misfit == Misfit(0, (Place("nodes[0].nodes[0]"),), ended_early=True)
    assert match.next == ()
    assert match.reachable == ("nodes[0].nodes[0]", "nodes[1]")
    assert matched(NESTED, "outer 0-", status="running").misfit is None
    assert matched(NESTED, "outer 0-5!", status="running").misfit is None


def test_an_unfinished_log_fits() -> None:
    assert paths(matched(SEQUENCE, "a 0-5", status="running")) == ["nodes[0]"]
    assert paths(matched(SEQUENCE, "a 0-5!", status="errored")) == ["nodes[0]"]


def test_one_branch_runs() -> None:
    assert paths(matched(CHOICE, "b 0-5", "c 6-8")) == ["nodes[0].branches[1].nodes[0]", "nodes[1]"]
    expected = ["nodes[0].branches[0].nodes[0]", "nodes[0].branches[1].nodes[0]"]
    assert misfit(matched(CHOICE, "c 0-5")) == (0, expected)
    assert misfit(matched(CHOICE, "a 0-5", "b 6-8")) == (1, ["nodes[1]"])


def test_a_return_ends_the_instance() -> None:
    early = graph(do("a"), either(branch("x", LEAVE)), do("b"))
    assert paths(matched(early, "a 0-5")) == ["nodes[0]"]
    assert paths(matched(early, "a 0-5", "b 6-9")) == ["nodes[0]", "nodes[2]"]


def test_members_of_a_group_begin_in_any_order() -> None:
    assert paths(matched(GROUP, "b 0-5", "a 1-6", "c 7-9")) == ["nodes[0].nodes[1]", "nodes[0].nodes[0]", "nodes[1]"]
    assert misfit(matched(GROUP, "b 0-9", "a 1-6", "c 7-9")) == (2, [])


def test_equal_calls_begin_in_their_order() -> None:
    twice = graph(parallel("all", do("a"), do("a")))
    assert paths(matched(twice, "a 0-5", "a 1-6")) == ["nodes[0].nodes[0]", "nodes[0].nodes[1]"]


def test_a_race_leaves_its_losers() -> None:
    assert paths(matched(RACE, "a 0-5", "b 1-", "c 6-9")) == ["nodes[0].nodes[0]", "nodes[0].nodes[1]", "nodes[1]"]


def test_clocks_order_members() -> None:
    assert paths(matched(CLOCKS, "a 0-5", "b 1-9", "c 6-8")) == [f"nodes[0].nodes[{index}]" for index in range(3)]
    assert misfit(matched(CLOCKS, "a 0-7", "b 1-9", "c 6-8")) == (2, [])


def test_a_failure_runs_the_handler() -> None:
    handled = ["nodes[0].try_block.nodes[0]", "nodes[0].catch_block.nodes[0]", "nodes[0].finally_block.nodes[0]"]
    assert paths(matched(TRIED, "a 0-5!", "c 6-8", "d 9-10")) == handled


def test_an_exception_of_the_code_runs_the_handler() -> None:
    assert len(paths(matched(TRIED, "a 0-5", "c 6-8", "d 9-10"))) == 3


def test_a_finally_block_always_runs() -> None:
    assert misfit(matched(TRIED, "a 0-5", "b 6-8")) == (
        None,
        ["nodes[0].catch_block.nodes[0]", "nodes[0].finally_block.nodes[0]"],
    )


def test_a_failure_leaves_a_try_with_only_a_finally() -> None:
    code = graph(protected(block(do("a")), final=block(do("b"))), do("c"))
    assert misfit(matched(code, "a 0-5!", "b 6-8", "c 9-10")) == (2, [])
    assert matched(code, "a 0-5", "b 6-8", "c 9-10").misfit is None


def test_a_failure_leaves_a_try_without_a_handler() -> None:
    code = graph(protected(block(do("a"))), do("c"))
    details = ComparableDetails([(code["workflow"]["nodes"][0], Detail(is_unhandled=True))])
    log = timed_log("a 0-5!", "c 9-10")
    assert [match_log(program_of(code, each), log).misfit for each in (details, NO_DETAILS)] == [Misfit(1, ()), None]


def test_a_call_goes_on_after_an_exception_of_the_code() -> None:
    tried = protected(block(call("act", starts=1, resolves=3)), catch=block(do("h", starts=1, resolves=2)))
    code = graph(parallel("all", tried), do("c"), functions={"act": function("act", do("a"), do("b"))})
    assert matched(code, "a 0-5", "h 2-9", "b 6-7", "c 10-11").misfit is None
    assert misfit(matched(code, "a 0-5!", "h 6-9", "b 7-8", "c 10-11")) == (2, [])


def test_a_task_of_a_function_begins_after_an_exception() -> None:
    act = function("act", parallel("all", do("a", starts=1, resolves=2)), do("b"))
    code = graph(protected(block(call("act")), catch=block(do("h"))), functions={"act": act})
    assert matched(code, "h 0-5", "a 1-2").misfit is None
    assert misfit(matched(code, "h 0-5", "b 1-2")) == (1, ['functions["act"].nodes[0].nodes[0]'])


def test_a_task_of_a_handler_goes_on_after_an_exception() -> None:
    inner = protected(block(do("a")), catch=block(parallel("all", do("b", starts=1))))
    code = graph(protected(block(inner), catch=block(do("h"))))
    assert matched(code, "a 0-5!", "h 6-9", "b 7-8").misfit is None


@pytest.mark.parametrize(
    ("code", "log"),
    [
        (protected(block(do("a")), final=block(TASK, do("z"))), ["a 0-5!", "h 6-9", "t 7-8"]),
        (protected(block(do("a")), final=block(TASK, do("z"))), ["a 0-5", "h 6-9", "t 7-8"]),
        (protected(block(TASK, do("a")), catch=block(do("g"))), ["h 6-9", "t 7-8"]),
        (either(branch("x", TASK, do("a")), branch(None, do("b"))), ["h 6-9", "t 7-8"]),
        (loop(TASK, do("a")), ["h 6-9", "t 7-8"]),
        (loop(TASK, do("a")), ["t 0-1", "a 2-3", "h 6-9", "t 7-8"]),
    ],
)
def test_a_task_in_a_nested_block_goes_on_after_an_exception(code: Node, log: list[str]) -> None:
    assert matched(graph(protected(block(code), catch=block(do("h")))), *log).misfit is None


def test_a_step_before_a_task_in_a_finally_runs_before_the_handler() -> None:
    inner = protected(block(do("a")), final=block(do("z"), TASK))
    code = graph(protected(block(inner), catch=block(do("h"))))
    assert matched(code, "a 0-5!", "z 6-7", "h 8-9", "t 8-9").misfit is None
    assert misfit(matched(code, "a 0-5!", "h 8-9")) == (1, ["nodes[0].try_block.nodes[0].finally_block.nodes[0]"])


def test_an_exception_leaves_a_finally_by_its_return() -> None:
    act = function("act", protected(block(do("a")), final=block(either(branch("x", LEAVE)), do("z"))))
    code = graph(protected(block(call("act")), catch=block(do("h"))), functions={"act": act})
    assert matched(code, "a 0-5", "h 6-8").misfit is None


def test_only_one_handler_runs() -> None:
    assert misfit(matched(TRIED, "a 0-5!", "c 6-8", "b 9-10")) == (2, ["nodes[0].finally_block.nodes[0]"])


def test_nested_steps_run_while_their_step_runs() -> None:
    assert paths(matched(NESTED, "outer 0-9", "inner 1-5", "after 10-12")) == [
        "nodes[0]",
        "nodes[0].nodes[0]",
        "nodes[1]",
    ]
    assert misfit(matched(NESTED, "outer 0-3", "inner 4-5")) == (1, ["nodes[0].nodes[0]"])


def test_a_retried_step_runs_nested_steps_again() -> None:
    outer = ("outer 0-9", "inner 1-5", "inner 6-8", "after 10-12")
    assert misfit(matched(NESTED, *outer)) == (2, [])
    assert len(paths(matched(NESTED, *outer, retried={"outer"}))) == 4


def test_a_function_called_twice() -> None:
    match = matched(HELPER, "a 0-5", "b 6-7", "a 8-9")
    assert paths(match) == ['functions["pack"].nodes[0]', "nodes[1]", 'functions["pack"].nodes[0]']
    assert [[place.calls for place in places] for places in match.places] == [[("nodes[0]",)], [()], [("nodes[2]",)]]


def test_running_steps_distinguish_calls_of_equal_functions() -> None:
    body = function("f", do("a"), do("b"))
    both = graph(parallel("all", call("f"), call("f")), functions={"f": body})
    match = matched(both, "a 0-5", "a 1-9", "b 6-8", "b 10-12")
    assert [{place.calls for place in places} for places in match.places] == [
        {("nodes[0].nodes[0]",)},
        {("nodes[0].nodes[1]",)},
        {("nodes[0].nodes[0]",)},
        {("nodes[0].nodes[1]",)},
    ]


def test_templates_match_names() -> None:
    pages = graph(loop(do("page {number}")), do("page last"))
    last = "nodes[0].nodes[0] or nodes[1]"
    assert paths(matched(pages, "page 1 0-5", "page last 6-8", status="running")) == ["nodes[0].nodes[0]", last]
    assert paths(matched(pages, "page 1 0-5", "page last 6-8")) == ["nodes[0].nodes[0]", "nodes[1]"]


def test_the_rest_of_the_log_decides_between_equal_names() -> None:
    either_a = graph(either(branch("x", do("a"), do("b")), branch(None, do("a"), do("c"))))
    assert paths(matched(either_a, "a 0-5", "c 6-8"))[0] == "nodes[0].branches[1].nodes[0]"


def test_ambiguity_is_reported() -> None:
    either_a = graph(either(branch("x", do("a")), branch(None, do("a"))))
    assert paths(matched(either_a, "a 0-5")) == ["nodes[0].branches[0].nodes[0] or nodes[0].branches[1].nodes[0]"]


def test_work_that_nothing_awaits_may_begin_later() -> None:
    background = graph(parallel("all", do("a", starts=1), do("b", starts=1, resolves=2)), do("c"))
    assert len(paths(matched(background, "b 0-5", "c 6-8", "a 7-"))) == 3


def test_a_log_without_times_goes_by_its_order() -> None:
    assert len(paths(matched(GROUP, "b", "a", "c"))) == 3
    assert misfit(matched(GROUP, "a", "c")) == (1, ["nodes[0].nodes[1]"])


def test_a_clock_set_back_leaves_the_order_of_the_log() -> None:
    assert len(paths(matched(SEQUENCE, "a 20-25", "b 7-9", "c 10-12"))) == 3
    assert misfit(matched(SEQUENCE, "a 20-25", "c 7-9")) == (1, ["nodes[1]"])


@pytest.mark.parametrize("names", [("x", "a", "b"), ("a", "x", "x", "b"), ("a", "b", "a"), ("b",)])
def test_nodes_of_unknown_types_allow_everything_in_them(names: tuple[str, ...]) -> None:
    future: Graph = graph(unknown("step_call", do("a"), do("x")), do("b"))
    assert len(paths(matched(future, *names))) == len(names)


def test_a_named_node_of_an_unknown_type_may_be_a_step() -> None:
    assert paths(matched(graph(unknown("step_call", name="charge"), do("b")), "charge 0-5", "b 6-7")) == [
        "nodes[0]",
        "nodes[1]",
    ]


def test_functions_of_a_workflow_as_a_node() -> None:
    inner: Graph = graph(
        {
            "type": "start",
            "class_name": "Orders",
            "functions": {"pack": function("pack", do("a"), LEAVE)},
            "nodes": [call("pack"), do("b"), LEAVE],
        },
        do("c"),
    )
    assert paths(matched(inner, "a 0-5", "b 6-7", "c 8-9")) == [
        'nodes[0].functions["pack"].nodes[0]',
        "nodes[0].nodes[1]",
        "nodes[1]",
    ]


def test_a_break_leaves_its_loop_only() -> None:
    broken = graph(loop(loop(do("a"), either(branch("x", LEAVE_LOOP))), do("b")))
    assert len(paths(matched(broken, "a 0-5", "a 6-7", "b 8-9", "a 10-11", "b 12-13"))) == 5


def test_the_last_attempt_need_not_run_nested_steps() -> None:
    optional = graph(do("outer", either(branch("x", do("inner")))), do("after"))
    outer = ("outer 0-9", "inner 1-5!", "after 10-12")
    assert misfit(matched(optional, *outer)) == (2, [])
    assert len(paths(matched(optional, *outer, retried={"outer"}))) == 3
