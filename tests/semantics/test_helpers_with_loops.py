"""Helpers that store values in a loop and are called several times, as a decorator for several keys is."""

from __future__ import annotations

import pytest

from stepgraph import WorkflowAnalysis
from tests.semantics.notation import graph_of, workflow_of_module

MODULE = """
import functools
from dataclasses import dataclass
from workers import WorkflowEntrypoint

@dataclass
class Entry:
    act: object
    key: str = ""

class Runner:
    def __init__(self, act):
        self.act = act

    async def go(self, step):
        await self.act(step)

async def call(act, step):
    await act(step)

def wrap(act):
    async def wrapper(step):
        await act(step)
    return wrapper

TABLE, JOBS = {{}}, []

def handles(*keys):
    def decorate(act):
        for key in keys:
            {store}
        return act
    return decorate

@handles("a", "b")
async def ship(step):
    await step.sleep("ship", 1)

@handles("c")
async def bill(step):
    await step.sleep("bill", 1)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        kind = event["payload"]["kind"]
        {use}
"""


def sleeps_in(workflow: WorkflowAnalysis) -> set[str]:
    """Return the names of all sleeps in the functions of a workflow."""
    assert workflow.graph is not None
    functions = workflow.graph["workflow"]["functions"].values()
    return {node["name"] for function in functions for node in function["nodes"] if node["type"] == "step_sleep"}


@pytest.mark.parametrize(
    ("store", "use"),
    [
        ("TABLE[key] = wrap(act)", "await TABLE[kind](step)"),
        ("TABLE[key] = lambda step: act(step)", "await TABLE[kind](step)"),
        ("TABLE[key] = functools.partial(call, act)", "await TABLE[kind](step)"),
        ("TABLE[key] = Runner(act).go", "await TABLE[kind](step)"),
        ("TABLE[key] = Entry(act, key)", "await TABLE[kind].act(step)"),
        ("TABLE[key] = (act, 5)", "await TABLE[kind][0](step)"),
        ("TABLE.setdefault(key, []).append(act)", "for act in TABLE[kind]: await act(step)"),
        ('TABLE[key] = {"act": act}', 'await TABLE[kind]["act"](step)'),
        ("JOBS.append((key, act))", "for key, act in JOBS: await act(step)"),
        ("JOBS.append(Entry(act))", "for entry in JOBS: await entry.act(step)"),
    ],
)
def test_each_call_of_a_helper_adds_its_own_value(store: str, use: str) -> None:
    workflow = workflow_of_module(MODULE.format(store=store, use=use))

    assert workflow.complete
    assert sleeps_in(workflow) == {"ship", "bill"}


CLASSES = """
from workers import WorkflowEntrypoint

TABLE = {}

def handles(*keys):
    def decorate(cls):
        for key in keys:
            TABLE[key] = cls
        return cls
    return decorate

@handles("a", "b")
class Ship:
    async def go(self, step):
        await step.sleep("ship", 1)

@handles("c")
class Bill:
    async def go(self, step):
        await step.sleep("bill", 1)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await TABLE[event["payload"]["kind"]]().go(step)
"""


def test_a_helper_that_registers_classes() -> None:
    assert sleeps_in(workflow_of_module(CLASSES)) == {"ship", "bill"}


def test_a_helper_that_collects_coroutines() -> None:
    workflow = workflow_of_module("""
import asyncio
from workers import WorkflowEntrypoint

async def ship(step):
    await step.sleep("ship", 1)

async def bill(step):
    await step.sleep("bill", 1)

async def call(act, step):
    await act(step)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        work = []

        def add(act, times):
            for _ in range(times):
                work.append(call(act, step))

        add(ship, 2)
        add(bill, 3)
        await asyncio.gather(*work)
""")

    assert workflow.complete
    assert sleeps_in(workflow) == {"ship", "bill"}


def test_new_values_in_each_pass_are_one_value() -> None:
    source = MODULE.format(
        store="TABLE[key] = act", use="for item in kind:\n            JOBS.append((item, wrap(ship), [Entry(bill)]))"
    )
    workflow = workflow_of_module(source + "        for _, act, rest in JOBS:\n            await act(step)\n")

    assert workflow.complete
    assert sleeps_in(workflow) == {"ship"}


@pytest.mark.parametrize(
    "entries", ["TABLE.get(kind, [])", "TABLE.get(kind) or ()", "[Entry(ship), Entry(bill)] if kind else []"]
)
def test_a_loop_over_objects_or_nothing(entries: str) -> None:
    source = MODULE.format(store="TABLE.setdefault(key, []).append(Entry(act))", use=f"for entry in {entries}:")
    workflow = workflow_of_module(f"{source}            await entry.act(step)\n")

    assert workflow.complete
    assert sleeps_in(workflow) == {"ship", "bill"}


@pytest.mark.parametrize(
    "body",
    [
        "add(ship)\n            add(bill)",
        "for act in (ship, bill):\n                jobs.append(act)",
        "jobs.insert(0, ship)\n            jobs.insert(0, bill)",
        "for act in (ship, bill):\n                jobs.extend([act])",
    ],
)
def test_a_statement_adds_two_values_in_each_pass(body: str) -> None:
    workflow = workflow_of_module(f"""
from workers import WorkflowEntrypoint

async def ship(step):
    await step.sleep("ship", 1)

async def bill(step):
    await step.sleep("bill", 1)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        jobs = []

        def add(act):
            jobs.append(act)

        for line in event["payload"]["lines"]:
            {body}
        for job in jobs:
            await job(step)
""")

    assert workflow.complete
    assert sleeps_in(workflow) == {"ship", "bill"}


def test_cases_of_data_and_objects_share_a_loop() -> None:
    body = """
        class Send:
            def __init__(self, to):
                self.to = to

        def plan(kind):
            if kind == "send":
                return [Send(a)]
            if kind == "text":
                return kind
            if kind == "other":
                return kind.strip()
            return kind.split()

        async def send(each):
            await (each.to if kind else b)()

        kind = str(event)
        await asyncio.gather(*(send(each) for each in plan(kind)))
    """
    expected = ["parallel all", "  loop", "    call send [1>2]"]
    assert graph_of(body).split("\ndef ")[0].splitlines() == expected
