"""State at the exits of functions and loops: early returns, exceptions in callees, `continue`, changed collections."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of_module, workflow_of_module

HEAD = """
import contextlib, dataclasses
from workers import WorkflowEntrypoint

async def a(step): await step.do("a")(lambda: 1)()
async def b(step): await step.do("b")(lambda: 1)()
async def c(step): await step.do("c")(lambda: 1)()

class W(WorkflowEntrypoint):
"""


def indented(code: str, by: int) -> str:
    return "".join(" " * by + line + "\n" for line in code.strip("\n").split("\n"))


def calls_in(members: str, run: str) -> set[str]:
    """Return the functions that `run` calls. The graph must be complete."""
    source = HEAD + indented(members, 4) + "    async def run(self, event, step):\n" + indented(run, 8)
    assert workflow_of_module(source).complete
    lines = graph_of_module(source).split("\n\ndef ")[0].split("\n")
    return {line.split()[1] for line in lines if line.strip().startswith("call ")}


@pytest.mark.parametrize(
    "choose",
    [
        "if x:\n    self.act = a\n    return\nself.act = b",
        "if x:\n    self.act = a\n    return True\nelse:\n    self.act = b\n    return False",
        "self.act = b\nfor one in x:\n    if one:\n        self.act = a\n        return one",
        "self.act = b\ntry:\n    if x:\n        self.act = a\n        return\nfinally:\n    print(x)",
        "match x:\n    case 1:\n        self.act = a\n        return\nself.act = b",
        "self.act = b\nwhile x:\n    if x > 1:\n        self.act = a\n        return",
    ],
)
def test_an_early_return_keeps_its_changes(choose: str) -> None:
    members = "def choose(self, x):\n" + indented(choose, 4)
    assert calls_in(members, "self.choose(event['payload'])\nawait self.act(step)") == {"a", "b"}


def test_a_guard_leaves_the_value_before_it() -> None:
    members = "def choose(self, x):\n    if not x:\n        return\n    self.act = b"
    run = "self.act = a\nself.choose(event['payload'])\nawait self.act(step)"
    assert calls_in(members, run) == {"a", "b"}


@pytest.mark.parametrize(
    "failing",
    [
        "if x:\n    self.act = b\n    raise ValueError",
        "try:\n    int(x)\nexcept TypeError:\n    self.act = b\n    raise",
    ],
)
def test_an_exception_in_a_callee_keeps_its_changes(failing: str) -> None:
    members = "def choose(self, x):\n" + indented(failing, 4)
    run = "self.act = a\ntry:\n    self.choose(event)\n    await c(step)\nexcept ValueError:\n    await self.act(step)"
    assert {"a", "b"} <= calls_in(members, run)


@pytest.mark.parametrize(
    ("run", "called"),
    [
        (
            "act = a\nfor fn in (b, c):\n    if fn.__name__ == event:\n        continue\n    act = fn\nawait act(step)",
            "abc",
        ),
        (
            """
fns = []
for fn in (a, b):
    if fn.__name__ == event:
        continue
    fns.append(fn)
for fn in fns:
    await fn(step)
""",
            "ab",
        ),
    ],
)
def test_a_continue_leaves_the_value_before_it(run: str, called: str) -> None:
    assert calls_in("pass", run) == set(called)


@pytest.mark.parametrize(
    "loop",
    [
        "stack = [a, b]\nwhile stack:\n    await stack[-1](step)\n    stack.pop()",
        "fns = [a, b]\nfor n in range(2):\n    await fns[0](step)\n    fns.reverse()",
        "fns = [a, b]\nfor n in range(2):\n    await fns[0](step)\n    del fns[0]",
        "table = {'x': a}\nfor n in range(2):\n    await table.get('x', b)(step)\n    table.pop('x', None)",
    ],
)
def test_removal_and_reordering_affect_the_next_iteration(loop: str) -> None:
    assert calls_in("pass", loop) == {"a", "b"}


@pytest.mark.parametrize("change", ["fns.append(b)", "fns.insert(0, b)", "fns[0] = b"])
def test_a_loop_over_a_list_that_it_changes(change: str) -> None:
    assert calls_in("pass", f"fns = [a, a]\nfor fn in fns:\n    await fn(step)\n    {change}") == {"a", "b"}


@pytest.mark.parametrize(
    ("tried", "called"),
    [
        ("if event:\n    act = b\n    int('x')\n    act = a", {"a", "b"}),
        ("for one in event:\n    act = b\n    int('x')\n    act = a", {"a", "b"}),
    ],
)
def test_values_overwritten_in_a_branch_reach_a_handler(tried: str, called: set[str]) -> None:
    run = f"act = a\ntry:\n{indented(tried, 4)}except ValueError:\n    await act(step)\nelse:\n    await a(step)"
    assert calls_in("pass", run) == called


def test_handlers_of_exception_groups_run_in_sequence() -> None:
    run = "act = a\ntry:\n    int(event)\nexcept* ValueError:\n    act = b\nexcept* KeyError:\n    await act(step)"
    assert calls_in("pass", run) == {"a", "b"}


@pytest.mark.parametrize(
    "make",
    [
        "def make(self): return {'fn': a}",
        "def make(self): return [a]",
        "def make(self):\n    table = {}\n    table['fn'] = a\n    return table",
    ],
)
def test_each_call_allocates_its_result_again(make: str) -> None:
    key = "0" if "[a]" in make else "'fn'"
    run = f"one, two = self.make(), self.make()\none[{key}] = b\nawait two[{key}](step)"
    assert calls_in(make, run) == {"a"}


def test_each_call_has_its_own_closure_cell() -> None:
    members = """
def make(self):
    act = a
    def set_act(fn):
        nonlocal act
        act = fn
    def get_act():
        return act
    return set_act, get_act
"""
    run = "set_one, get_one = self.make()\nset_two, get_two = self.make()\nset_one(b)\nawait get_two()(step)"
    assert calls_in(members, run) == {"a"}


@pytest.mark.parametrize(
    "loop",
    [
        "for fn in (a, b):\n    for n in range(2):\n        jobs.append(fn)",
        "def add(fn):\n    for n in range(2):\n        jobs.append(fn)\nadd(a)\nadd(b)",
    ],
)
def test_all_elements_added_in_a_loop_are_in_the_list(loop: str) -> None:
    assert calls_in("pass", f"jobs = []\n{loop}\nfor job in jobs:\n    await job(step)") == {"a", "b"}


def test_a_test_of_an_elif_runs_only_if_the_first_fails() -> None:
    members = "def flip(self):\n    self.act = b\n    return False"
    run = "self.act = a\nif event:\n    pass\nelif self.flip():\n    pass\nawait self.act(step)"
    assert calls_in(members, run) == {"a", "b"}


def test_a_guard_runs_only_if_its_pattern_matches() -> None:
    run = (
        "act = a\nmatch event:\n    case 'x' if (act := b) is None:\n        pass\n    case _:\n        await act(step)"
    )
    assert calls_in("pass", run) == {"a", "b"}


def test_a_manager_without_steps_sets_state_around_its_block() -> None:
    members = """
@contextlib.contextmanager
def dry_run(self):
    self.act = b
    try:
        yield
    finally:
        self.act = a
"""
    run = "self.act = a\nwith self.dry_run():\n    await self.act(step)"
    assert calls_in(members, run) == {"b"}


def test_suppress_from_a_helper_swallows() -> None:
    members = "def lenient(self):\n    return contextlib.suppress(ValueError)"
    run = "with self.lenient():\n    await a(step)\n    if event:\n        raise ValueError\nawait b(step)"
    assert calls_in(members, run) == {"a", "b"}


@pytest.mark.parametrize(
    ("members", "run"),
    [
        (
            "async def f(self, step, n):\n    await self.act(step)\n    self.act = b\n    if n: await self.f(step, 1)",
            "self.act = a\nawait self.f(step, 3)",
        ),
        (
            "async def f(self, step):\n    if self.fns:\n        await self.fns.pop()(step)\n        await self.f(step)",  # noqa: E501
            "self.fns = [a, b]\nawait self.f(step)",
        ),
        (
            "def f(self, n):\n    if n:\n        self.g(n - 1)\ndef g(self, n):\n    self.act = b\n    self.f(n)",
            "self.act = a\nself.f(event)\nawait self.act(step)",
        ),
    ],
)
def test_a_recursive_call_starts_in_the_state_of_its_caller(members: str, run: str) -> None:
    source = HEAD + indented(members, 4) + "    async def run(self, event, step):\n" + indented(run, 8)
    assert workflow_of_module(source).complete
    assert {"call a", "call b"} <= {line.strip() for line in graph_of_module(source).split("\n")}


def test_the_last_test_of_a_while_precedes_its_end() -> None:
    members = "def more(self):\n    self.act = b\n    return self.n"
    run = "self.act = a\nwhile self.more():\n    self.act = c\nawait self.act(step)"
    assert "b" in calls_in(members, run)


def test_a_raised_class_is_instantiated() -> None:
    members = """
class Fixable(Exception):
    async def fix(self, step): await a(step)
class Harder(Fixable):
    async def fix(self, step): await b(step)
"""
    run = """
try:
    if event:
        raise self.Harder()
    raise self.Fixable
except self.Fixable as error:
    await error.fix(step)
"""
    assert {"Fixable.fix", "Harder.fix"} <= calls_in(members, run)


@pytest.mark.parametrize(
    ("pattern", "called"),
    [("[fn, *rest]", {"a"}), ("[*rest, fn]", {"c"}), ("[_, fn, _]", {"b"}), ("[_, *rest, fn]", {"c"})],
)
def test_a_sequence_pattern_captures_elements(pattern: str, called: set[str]) -> None:
    assert calls_in("pass", f"match [a, b, c]:\n    case {pattern}:\n        await fn(step)") == called


def test_a_class_pattern_captures_fields_by_position() -> None:
    members = "@dataclasses.dataclass\nclass Job:\n    name: str\n    act: object"
    run = "match self.Job('x', a):\n    case self.Job(name, act):\n        await act(step)"
    assert calls_in(members, run) == {"a"}


@pytest.mark.parametrize(
    "run",
    [
        "act = a\ntry:\n    await c(step)\n    act = b\nfinally:\n    await act(step)",
        "act = a\ntry:\n    if event:\n        act = b\n    await c(step)\n    act = a\nfinally:\n    await act(step)",
        "act = b\ntry:\n    await c(step)\nexcept KeyError:\n    act = a\n    raise\nfinally:\n    await act(step)",
        "self.act = a\nasync with Guard(self, step):\n    await c(step)\n    self.act = b",
    ],
)
def test_a_finally_block_sees_the_values_at_an_exception(run: str) -> None:
    source = HEAD + indented("async def run(self, event, step):\n" + indented(run, 4), 4) + GUARD
    assert workflow_of_module(source).complete
    graph = graph_of_module(source)
    assert {name for name in "abc" if f"call {name}" in graph} == {"a", "b", "c"}


GUARD = """
class Guard:
    def __init__(self, owner, step): self.owner, self.step = owner, step
    async def __aenter__(self): return self
    async def __aexit__(self, *error): await self.owner.act(self.step)
"""


@pytest.mark.parametrize(
    "run",
    [
        "act = a\ntry:\n    await c(step)\n    act = b\nfinally:\n    await c(step)\nawait act(step)",
        "act = a\ntry:\n    if event:\n        return\n    act = b\nfinally:\n    await c(step)\nawait act(step)",
        "act = a\ntry:\n    await c(step)\nfinally:\n    act = b\nawait act(step)",
        "try:\n    await c(step)\nexcept KeyError:\n    late = a\n    raise\nfinally: await c(step)\nawait b(step)",
    ],
)
def test_code_after_a_finally_block_sees_the_values_at_the_end(run: str) -> None:
    assert calls_in("", run) == {"b", "c"}


def test_a_handler_sees_the_values_in_branches_of_an_inner_block() -> None:
    run = """
    act = b
    try:
        try:
            if event:
                act = a
                await c(step)
                act = b
        finally:
            await c(step)
    except ValueError:
        await act(step)
    """
    assert calls_in("", textwrap.dedent(run)) == {"a", "b", "c"}
