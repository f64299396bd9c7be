"""Values that context managers change around their blocks, including managers that restore them at the exit."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of_module, workflow_of_module

HEAD = """
from contextlib import ExitStack, asynccontextmanager, contextmanager
from workers import WorkflowEntrypoint

async def a(step): await step.do("a")(lambda: 1)()
async def b(step): await step.do("b")(lambda: 1)()
async def c(step): await step.do("c")(lambda: 1)()

class Using:
    def __init__(self, w): self.w = w
    def __enter__(self):
        self.old, self.w.act = self.w.act, b
    def __exit__(self, *error):
        self.w.act = self.old

@contextmanager
def using(w):
    old, w.act = w.act, b
    try:
        yield
    finally:
        w.act = old

@contextmanager
def pushed(w):
    w.stack.append(b)
    yield
    w.stack.pop()

@contextmanager
def plain(w):
    old, w.act = w.act, b
    yield
    w.act = old

@contextmanager
def returning(w):
    old, w.act = w.act, b
    yield
    w.act = old
    return

class W(WorkflowEntrypoint):
"""


def source(run: str, members: str = "pass") -> str:
    body = textwrap.indent(members.strip(), " " * 4) + "\n    async def run(self, event, step):\n"
    state = "self.act = a\nself.stack = [a]\n"
    return HEAD + body + textwrap.indent(state + run.strip(), " " * 8)


def calls_in(code: str) -> list[str]:
    """Return the calls in the graph of `run`, in order. The graph must be complete."""
    assert workflow_of_module(code).complete
    lines = graph_of_module(code).split("\ndef ")[0].split("\n")
    return [line.split()[1] for line in lines if line.strip().startswith("call ")]


def test_a_block_sees_the_list_that_its_generator_restores() -> None:
    run = "with pushed(self):\n    await self.stack[-1](step)\nawait self.stack[-1](step)"
    assert calls_in(source(run)) == ["b", "a"]


def test_a_generator_restores_a_value_before_its_return() -> None:
    run = "with returning(self):\n    await self.act(step)\nawait self.act(step)"
    assert calls_in(source(run)) == ["b", "a"]


def test_a_decorated_function_sees_what_its_manager_changes() -> None:
    run = "@using(self)\ndef chosen(): return self.act\nawait chosen()(step)\nawait self.act(step)"
    assert calls_in(source(run)) == ["b", "a"]


@pytest.mark.parametrize("manager", ["using(self)", "Using(self)"])
@pytest.mark.parametrize(
    "block",
    [
        "return await self.act(step)",
        "if event:\n        return 1\n    else:\n        return 2",
        "for one in event:\n        return one\n    return 0",
    ],
    ids=["return", "branches", "loop"],
)
def test_a_return_in_a_block_passes_the_exit(manager: str, block: str) -> None:
    members = f"async def go(self, event, step):\n  with {manager}:\n    {block}"
    calls = calls_in(source("await self.go(event, step)\nawait self.act(step)", members))
    assert [call for call in calls if call != "go"] == ["a"]


def test_a_return_passes_the_exits_of_two_managers() -> None:
    members = "async def go(self, step):\n    with Using(self), using(self):\n        return await self.act(step)"
    assert calls_in(source("await self.go(step)\nawait self.act(step)", members))[-1] == "a"


@pytest.mark.parametrize("manager", ["using(self)", "Using(self)", "plain(self)"])
def test_a_break_in_a_block_passes_the_exit(manager: str) -> None:
    run = f"""
self.act = c
while True:
    with {manager}:
        await self.act(step)
        break
await self.act(step)
"""
    assert "c" in calls_in(source(run))


@pytest.mark.parametrize(
    "run",
    [
        "manager = using(self)\nmanager.__enter__()\nawait self.act(step)",
        "@Using(self)\ndef chosen(): return self.act",
    ],
    ids=["manual", "object as decorator"],
)
def test_untracked_changes_around_a_block_are_reported(run: str) -> None:
    assert not workflow_of_module(source(run)).complete


def test_labels_around_a_block_need_no_note() -> None:
    members = """
@contextmanager
def labeled(self, text):
    self.label = text
    yield
    self.label = ""
async def go(self, step):
    with self.labeled("x"):
        return await self.act(step)
"""
    assert calls_in(source("await self.go(step)", members)) == ["go"]
