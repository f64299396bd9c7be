"""Values that iterables change between the iterations of a loop, and their values after the loop."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of_module, notation, workflow_of_module

HEAD = """
from workers import WorkflowEntrypoint

async def a(step): await step.do("a")(lambda: 1)()
async def b(step): await step.do("b")(lambda: 1)()
async def c(step): await step.do("c")(lambda: 1)()
async def d(step): await step.do("d")(lambda: 1)()

class Counter:
    def __init__(self, w): self.w, self.n = w, 0
    def __iter__(self): return self
    def __aiter__(self): return self
    def __next__(self):
        if self.n == 2:
            self.w.act = a
            raise StopIteration
        self.n += 1
        return self.n
    async def __anext__(self):
        if self.n == 2:
            self.w.act = a
            raise StopAsyncIteration
        self.n += 1
        return self.n

class Items:
    def __init__(self, w): self.w = w
    def __getitem__(self, index):
        if index == 2:
            self.w.act = a
            raise IndexError
        return index

class W(WorkflowEntrypoint):
    def use(self, act):
        self.act = act
        return True
    def windows(self):
        for n in (1, 2):
            self.act = b
            yield n
            self.act = a
    async def awindows(self):
        for n in (1, 2):
            self.act = b
            yield n
            self.act = a
    async def run(self, event, step):
        self.act = c
"""


def source(run: str) -> str:
    return HEAD + textwrap.indent(textwrap.dedent(run).strip(), " " * 8)


def calls_after(run: str) -> set[str]:
    """Return the functions that a call of `self.act` after some code may run, in a complete graph."""
    code = source(textwrap.dedent(run).strip() + '\nawait step.sleep("end", 1)\nawait self.act(step)')
    assert workflow_of_module(code).complete
    lines = graph_of_module(code).split("\ndef ")[0].split("sleep 'end'")[1].split("\n")
    return {line.split()[1] for line in lines if line.strip().startswith("call ")}


@pytest.mark.parametrize(
    "loop",
    [
        "for n in Counter(self): pass",
        "async for n in Counter(self): pass",
        "for n in Items(self): pass",
        "[n for n in Counter(self)]",
    ],
)
def test_the_exception_that_ends_an_iteration_keeps_its_changes(loop: str) -> None:
    assert "a" in calls_after(loop)


@pytest.mark.parametrize(("prefix", "call"), [("", "windows"), ("async ", "awindows")])
def test_a_loop_body_sees_values_that_its_generator_restores(prefix: str, call: str) -> None:
    code = source(f"{prefix}for n in self.{call}():\n    await self.act(step)")
    assert workflow_of_module(code).complete
    assert "call b" in graph_of_module(code)
    assert calls_after(f"{prefix}for n in self.{call}(): pass") == {"a", "c"}


def test_a_break_leaves_the_values_at_a_yield() -> None:
    assert calls_after("for n in self.windows():\n    if event: break") >= {"a", "b"}


def test_a_break_in_a_try_leaves_the_values_of_its_finally() -> None:
    run = "for n in self.windows():\n    try:\n        if event: break\n    finally:\n        self.act = d"
    assert "d" in calls_after(run)


@pytest.mark.parametrize(
    "loop",
    [
        "for n in map(self.use, (a, b)):\n    await self.act(step)",
        "for n in enumerate(map(self.use, (a, b))):\n    await self.act(step)",
        "[await self.act(step) for n in map(self.use, (a, b))]",
        "for n in (self.use(f) for f in (a, b)):\n    if event: break\nawait self.act(step)",
    ],
)
def test_untracked_changes_between_passes_are_reported(loop: str) -> None:
    assert not workflow_of_module(source(loop)).complete


def test_a_list_of_a_map_makes_all_changes_at_once() -> None:
    assert calls_after("list(map(self.use, (a, b)))") == {"b"}


@pytest.mark.parametrize("iterator", ["enumerate(reversed([a, b]))", "enumerate(zip([a, b], [c, d]))"])
def test_iterators_that_a_loop_alone_can_reach_change_no_values(iterator: str) -> None:
    body = f"for index, entry in {iterator}:\n    await a(step)"
    workflow = workflow_of_module(HEAD + textwrap.indent(body, " " * 8))
    assert workflow.complete
    assert notation(workflow.graph) == "loop\n  call a\ndef a\n  a"
