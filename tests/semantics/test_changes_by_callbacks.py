"""Functions passed to library code that change values of later steps."""

from __future__ import annotations

import pytest

from tests.semantics.notation import workflow_of

START = """\
import library

plan = [a]
act = None
tasks = set()
count = 0

def change(*_):
    nonlocal act
    act = b

def add():
    plan.append(b)

def replace():
    plan[0] = b

async def add_later():
    plan.append(b)

def tick(*_):
    nonlocal count
    count += 1
    plan.append(1)

async def load():
    await a()
    return b

t = asyncio.create_task(load())
tasks.add(t)
"""


@pytest.mark.parametrize(
    "call",
    [
        "t.add_done_callback(change)",
        "t.add_done_callback(lambda t: plan.append(t.result()))",
        "t.add_done_callback(lambda _: late())\ndef late():\n    plan.append(b)",
        "await asyncio.to_thread(add)",
        "asyncio.get_running_loop().call_soon(functools.partial(change, 1))",
        "await library.run(add_later())",
        "library.each([b], plan.append)",
        "library.run(lambda: plan.clear())",
        "library.run(lambda: plan.remove(a))",
        "library.run(replace)",
        "library.run(lambda: plan.append(library.find()))",
        "tasks.add(asyncio.create_task(b()))\nt.add_done_callback(lambda t: tasks.clear())",
        "asyncio.get_running_loop().call_soon(tasks.clear)",
        "asyncio.get_running_loop().call_soon(tasks.pop)",
        "asyncio.get_running_loop().call_soon(tasks.discard, t)",
        "u = asyncio.create_task(b())\nu.add_done_callback(lambda _: tasks.discard(t))",
        "for n in ns:\n    t = asyncio.create_task(b())\n    t.add_done_callback(lambda _: tasks.discard(t))",
        "named = {'t': t}\nlibrary.run(named.clear)",
    ],
)
def test_a_change_that_library_code_may_make_is_reported(call: str) -> None:
    workflow = workflow_of(f"{START}{call}\nawait t\nfor do in plan:\n    await do()")
    assert {note.code for note in workflow.notes if note.incomplete} == {"escapes"}


@pytest.mark.parametrize(
    "call",
    [
        "t.add_done_callback(tasks.discard)",
        "t.add_done_callback(lambda t: tasks.discard(t))",
        "t.add_done_callback(lambda _: tasks.discard(t))",
        "def done(t):\n    tasks.remove(t)\nt.add_done_callback(done)",
        "for n in ns:\n    t = asyncio.create_task(b())\n    t.add_done_callback(tasks.discard)",
        "names = {t: 't'}\nt.add_done_callback(lambda t: names.pop(t))",
        "named = {'t': t}\nt.add_done_callback(lambda _: named.pop('t'))",
        "t.add_done_callback(tick)",
        "library.run(tick)",
        "library.run(print)",
    ],
)
def test_a_change_of_data_is_not_reported(call: str) -> None:
    workflow = workflow_of(f"{START}{call}\nawait t\nawait b()")
    assert workflow.complete


@pytest.mark.parametrize(
    "statement",
    [
        'event["payload"]["lines"].append(1)',
        "library.value.update(x=1)",
        "act = lambda: library.run(act)\nlibrary.run(act)",
    ],
)
def test_a_call_to_see_changes_does_not_recur(statement: str) -> None:
    workflow = workflow_of(f"{START}{statement}\nawait t")
    assert "limit-exceeded" not in {note.code for note in workflow.notes}
