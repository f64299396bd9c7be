"""The effect on instances in flight of loop bodies that move into helpers, groups and other loops."""

from __future__ import annotations

from textwrap import indent

import pytest

from stepgraph import analyze_source
from stepgraph.diff.diff import WorkflowDiff, diff_workflows

HEAD = """import asyncio
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
"""
PACK = '@step.do(f"pack {item}")\nasync def pack(): ...\nawait pack()\n'
WAIT = 'await step.wait_for_event(f"label {item}", "labelled")\n'
NAP = 'await step.sleep("nap", 1000)\n'
ITEMS = 'items = event["payload"]["items"]\n'


def in_loop(body: str) -> str:
    return f"{ITEMS}for item in items:\n{indent(body, '    ')}"


def in_helper(body: str, call: str) -> str:
    return f"{ITEMS}async def one(item):\n{indent(body, '    ')}{call}\n"


CALLS = {
    "loop": "for each in items:\n    await one(each)",
    "gather": "await asyncio.gather(*(one(each) for each in items))",
    "map": "await asyncio.gather(*map(one, items))",
    "task group": "async with asyncio.TaskGroup() as tg:\n    for each in items:\n        tg.create_task(one(each))",
}


def diff_of(old: str, new: str) -> WorkflowDiff:
    versions = []
    for source in (old, new):
        (workflow,) = analyze_source(HEAD + indent(source, " " * 8)).workflows
        assert workflow.graph is not None
        versions.append((workflow.graph["workflow"], workflow.comparable_details))
    (before, old_details), (after, new_details) = versions
    return diff_workflows(before, after, details=lambda: (old_details, new_details))


def effect(old: str, new: str) -> str:
    return diff_of(old, new).effect.label


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_same_passes_are_safe(call: str) -> None:
    helped = in_helper(PACK, call)
    assert effect(in_loop(PACK) + NAP, helped + NAP) == "safe"
    assert effect(helped + NAP, in_loop(PACK) + NAP) == "safe"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_passes_over_other_values_are_breaking(call: str) -> None:
    helped = in_helper(PACK, call).replace('["items"]', '["lines"]')
    assert effect(in_loop(PACK) + NAP, helped + NAP) == "breaking"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_passes_that_now_precede_a_sleep_are_out_of_order(call: str) -> None:
    assert effect(NAP + in_loop(PACK), in_helper(PACK, call) + NAP) == "out of order"


@pytest.mark.parametrize(("call", "expected"), [("loop", "safe"), ("gather", "out of order")])
def test_other_passes_run_during_a_wait(call: str, expected: str) -> None:
    assert effect(in_loop(PACK + WAIT), in_helper(PACK + WAIT, CALLS[call])) == expected


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ("await one(1)", "safe"),
        ("await one(1)\nawait one(1)", "out of order"),
        ("for _ in range(3):\n    await one(1)", "out of order"),
        ("async def both():\n    await one(1)\nawait both()\nawait both()", "out of order"),
    ],
)
def test_further_calls_of_a_new_helper_run(calls: str, expected: str) -> None:
    body = PACK.replace('f"pack {item}"', '"pack"')
    assert effect(body + NAP, in_helper(body, calls) + NAP) == expected


def test_the_values_of_a_loop_without_a_head() -> None:
    mapped = in_helper(PACK, CALLS["map"])
    lines = [change.line for change in diff_of(mapped + NAP, mapped.replace('["items"]', '["lines"]') + NAP).changes]
    assert "~ loop around 'one': its values changed  breaking: instances waiting at 'nap' may run other passes" in (
        line.removesuffix(" when they resume") for line in lines
    )


RETRIES = """
async def retried(call):
    for attempt in range(3):
        try:
            return await call()
        except ValueError:
            if attempt == 2:
                raise
"""
LOAD = '@step.do("load")\nasync def load(): ...\n'


def test_a_retried_step_is_safe() -> None:
    """A failure of the step has ended the instance, so that an instance in a later wait makes one attempt."""
    assert effect(LOAD + "await load()\n" + NAP, RETRIES + LOAD + "await retried(load)\n" + NAP) == "safe"


def test_a_return_in_front_of_a_wait_of_its_function_is_breaking() -> None:
    def code(before: str) -> str:
        return f"async def one():\n{indent(LOAD + 'value = await load()' + before + NAP, '    ')}await one()\n"

    old, new = code("\n"), code("\nif value:\n    return\n")
    assert effect(old, new) == "breaking"


def test_an_exit_moves_with_the_step_before_it() -> None:
    old = LOAD + 'if event["bad"] == 1:\n    await load()\n    return\n' + NAP
    new = LOAD + 'match event["bad"]:\n    case 1:\n        await load()\n        return\n' + NAP
    assert [change.line for change in diff_of(old, new).changes] == [
        "~ step 'load', `return` wrapped in case `1` of switch `event[\"bad\"]`",
        "~ step 'load', `return` moved out of `if event[\"bad\"] == 1`",
    ]
