"""Attributes that code assigns to functions and steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph import analyze_file
from tests.semantics.notation import FUNCTIONS, graph_of, notation, text, workflow_of, workflow_of_module
from tests.semantics.notation import graph_of_module as graph

RUN = """
class W(WorkflowEntrypoint):
    async def run(self, event, step):
"""
UNDO = text("""
    call b
    def b
      sleep 'b' 1
""")


def module(body: str, run: str) -> str:
    """Return a module with the functions `a` and `b`, a body, and a workflow with this statement in `run`."""
    return f"from workers import WorkflowEntrypoint\n{FUNCTIONS}\n{body}\n{RUN}        {run}\n"


def test_a_step_as_an_attribute_of_a_step() -> None:
    assert graph_of("a.undo = b\nawait a()\nawait a.undo()") == "a\nb"


def test_getattr_returns_the_default_without_an_attribute() -> None:
    body = 'a.undo = b\nfor f in (a, c):\n    if (undo := getattr(f, "undo", None)) is not None:\n        await undo()'
    assert graph_of(body) == text("""
        if (undo := getattr(f, "undo", None)) is not None
          b
    """)


def test_a_later_assignment_on_one_path() -> None:
    assert graph_of("a.undo = b\nalias = a\nif event:\n    alias.undo = c\nawait a.undo()") == text("""
        if event
          c
        else
          b
    """)


def test_a_deleted_attribute_on_one_path() -> None:
    body = 'a.undo = b\nif event:\n    del a.undo\nif hasattr(a, "undo"):\n    await c()\nelse:\n    await d()'
    assert graph_of(body) == text("""
        if hasattr(a, "undo")
          c
        else
          d
    """)


def test_hasattr_of_a_step_without_the_attribute() -> None:
    assert graph_of('a.undo = b\nif hasattr(c, "undo"):\n    await a()\nelse:\n    await d()') == "d"


@pytest.mark.parametrize(
    "change",
    [
        "setattr(f, event, d)",
        "vars(f)[event] = d",
        'f.__dict__["undo"] = d',
        "delattr(f, event)",
        "functools.wraps(d)(f)",
        "async def f(): await c()",
        "for _ in event:\n    async def f(): await c()",
    ],
)
def test_an_attribute_that_may_have_changed(change: str) -> None:
    workflow = workflow_of(f"async def f():\n    await a()\n\nf.undo = b\n{change}\nawait f.undo()")
    assert not workflow.complete


def test_an_attribute_of_a_function_that_each_call_defines_again() -> None:
    body = (
        "def make():\n    async def f(): await a()\n    return f\n\nfirst = make()\nfirst.undo = b\nawait first.undo()"
    )
    assert not workflow_of(body).complete


def test_an_attribute_of_a_function_of_the_module() -> None:
    assert graph(module("a.undo = b", "await a.undo(step)")) == UNDO


def test_an_attribute_of_a_method() -> None:
    assert graph("""
from workers import WorkflowEntrypoint

class W(WorkflowEntrypoint):
    async def go(self, step):
        await step.sleep("go", 1)

    async def back(self, step):
        await step.sleep("back", 1)

    go.undo = back

    async def run(self, event, step):
        await self.go.undo(self, step)
""") == text("""
            call back
            def back
              sleep 'back' 1
        """)


def test_a_function_of_the_module_without_the_attribute() -> None:
    assert graph(module("a.undo = a", 'await getattr(b, "undo", b)(step)')) == UNDO


@pytest.mark.parametrize(
    "change",
    [
        "if a:\n    a.undo = a",
        "for f in (a, b):\n    f.undo = a",
        "del a.undo",
        "def change(f):\n    f.undo = a\n\nchange(a)",
        'name = "undo"\nsetattr(a, name, a)',
        'a.__dict__["undo"] = a',
    ],
)
def test_an_attribute_that_a_module_may_have_changed(change: str) -> None:
    assert not workflow_of_module(module(f"a.undo = b\n{change}", "await a.undo(step)")).complete


DECORATOR = """
def undoes(function):
    def decorate(f):
        f.undo = function
        return f
    return decorate

async def keep(step): ...
"""
DECORATED = f"{DECORATOR}\n@undoes(b)\nasync def go(step): ...\n"


def test_a_decorator_that_assigns_an_attribute() -> None:
    assert graph(module(DECORATED, "await go.undo(step)")) == UNDO


def test_a_decorator_of_another_module(tmp_path: Path) -> None:
    (tmp_path / "marks.py").write_text(DECORATOR)
    source = module("from marks import undoes\n\n@undoes(b)\nasync def go(step): ...", "await go.undo(step)")
    (tmp_path / "app.py").write_text(source)
    (workflow,) = analyze_file(tmp_path / "app.py").workflows
    assert (workflow.complete, notation(workflow.graph)) == (True, UNDO)


def test_a_function_without_the_decorator() -> None:
    assert graph(module(DECORATED, 'await getattr(keep, "undo", b)(step)')) == UNDO


@pytest.mark.parametrize(
    "change",
    [
        "undoes(a)(go)",
        "again = undoes\nagain(a)(go)",
        "import app\napp.undoes(a)(go)",
        'globals()["undoes"](a)(go)',
        "def change(f):\n    f.undo = a\n\nchange(go)",
        "def change(f):\n    return undoes(a)(f)\n\nchange(go)",
    ],
)
def test_a_call_of_the_decorator_for_another_function(change: str) -> None:
    assert not workflow_of_module(module(f"{DECORATED}\n{change}", "await go.undo(step)")).complete


STAGES = """
import inspect

from workers import WorkflowEntrypoint

def stage(number):
    def mark(f):
        f.number = number
        return f
    return mark

class W(WorkflowEntrypoint):
    @stage(2)
    async def b(self, step):
        await step.sleep("b", 1)

    @stage(1)
    async def a(self, step):
        await step.sleep("a", 1)

    async def other(self, step):
        await step.sleep("other", 1)

    async def run(self, event, step):
"""
EACH_STAGE = text("""
    loop
      switch {name}
      | case b
        call b
      | case a
        call a
    def b
      sleep 'b' 1
    def a
      sleep 'a' 1
""")


@pytest.mark.parametrize(
    ("members", "arguments"),
    [
        ("vars(type(self)).values()", "self, step"),
        ("type(self).__dict__.values()", "self, step"),
        ("[m for _, m in inspect.getmembers(self)]", "step"),
    ],
)
def test_members_with_an_attribute(members: str, arguments: str) -> None:
    members = members.removesuffix("]") if members.startswith("[") else f"[m for m in {members}"
    run = f"""
        for call in sorted({members} if hasattr(m, "number")], key=lambda m: m.number):
            await call({arguments})
    """
    assert graph(STAGES + run) == EACH_STAGE.format(name="call")


@pytest.mark.parametrize(
    "change",
    [
        "stage(3)(W.other)",
        "def add(cls, f):\n    cls.more = f\n\nadd(W, W.a)",
        'setattr(W, "more", W.a)',
        "W.other.number = 3",
    ],
)
def test_members_that_other_code_may_add(change: str) -> None:
    run = """
        for _, member in inspect.getmembers(self):
            if hasattr(member, "number"):
                await member(step)
"""
    assert not workflow_of_module(f"{STAGES}{run}\n{change}\n").complete


@pytest.mark.parametrize(
    "test",
    [
        'getattr(m, "number", None)',
        'getattr(m, "number", False)',
        'getattr(m, "number", None) is not None',
        '(number := getattr(m, "number", None)) is not None',
        'number := getattr(m, "number", None)',
    ],
)
def test_members_selected_by_getattr(test: str) -> None:
    run = f"""
        for m in vars(type(self)).values():
            if {test}:
                await m(self, step)
    """
    graph_lines = graph(STAGES + run).splitlines()
    assert [line.strip() for line in graph_lines if "case" in line] == ['| case "b"', '| case "a"']


@pytest.mark.parametrize(
    "test", ['(number := getattr(m, "number", False)) is not None', 'number := getattr(m, "name", "")']
)
def test_members_that_a_default_may_select(test: str) -> None:
    run = f"""
        for m in vars(type(self)).values():
            if {test}:
                await m(self, step)
    """
    assert not workflow_of_module(STAGES + run).complete


def test_the_step_object_lacks_the_attributes_of_functions() -> None:
    run = """
        self.step = step
        for _, m in inspect.getmembers(self):
            if getattr(m, "number", None):
                await m(step)
    """
    workflow = workflow_of_module(STAGES + run)
    assert [note.code for note in workflow.notes] == []


@pytest.mark.parametrize("names", ["dir(self)", "sorted(dir(type(self)))"])
def test_members_that_a_loop_reads_by_name(names: str) -> None:
    run = f"""
        stages = []
        for name in {names}:
            member = getattr(self, name, None)
            if callable(member) and hasattr(member, "number"):
                stages.append(member)
        for member in sorted(stages, key=lambda m: m.number):
            await member(step)
    """
    assert graph(STAGES + run) == EACH_STAGE.format(name="member")


@pytest.mark.parametrize("names", ["dir(other)", "event", "[*dir(self), event]"])
def test_members_that_a_loop_reads_by_other_names(names: str) -> None:
    run = f"""
        other = event
        for name in {names}:
            member = getattr(self, name)
            if hasattr(member, "number"):
                await member(step)
    """
    assert not workflow_of_module(STAGES + run).complete


def test_a_decorated_method_of_a_local_class() -> None:
    run = """
        class Local:
            @stage(3)
            async def go(self):
                await step.sleep("go", 1)

        if hasattr(Local().go, "number"):
            await self.a(step)
    """
    assert "call a" in graph(STAGES + run)


MAKE = """
import functools

def make(function, undo=None):
    @functools.wraps(function)
    async def wrapper(step):
        await function(step)

    wrapper.undo = undo
    return wrapper
"""


def test_a_decorator_that_assigns_an_attribute_of_its_wrapper() -> None:
    source = module(f"{MAKE}\n@functools.partial(make, undo=b)\nasync def go(step): ...", "await go.undo(step)")
    assert graph(source) == UNDO


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("await make(a, b).undo(step)", ["call b"]),
        ("for f in [make(a, b), make(b, a)]: await f.undo(step)", ["call b", "call a"]),
        ("f = make(a)\n        if f.undo: await f.undo(step)\n        await a(step)", ["call a"]),
    ],
)
def test_an_attribute_of_a_function_of_each_call(run: str, expected: list[str]) -> None:
    lines = graph(module(MAKE, run)).splitlines()
    assert [line for line in lines if line.startswith("call")] == expected


def test_an_attribute_of_a_wrapper_that_starts_a_task() -> None:
    submit = "import asyncio\n\ndef task(function):\n    async def wrapper(step):\n        await function(step)\n\n"
    submit += "    wrapper.submit = lambda step: asyncio.create_task(wrapper(step))\n    return wrapper"
    assert graph(module(submit, "await task(a).submit(step)")) == text("""
        call wrapper(a)
        def wrapper(a)
          call a
        def a
          sleep 'a' 1
    """)


@pytest.mark.parametrize(
    "change",
    [
        "f.undo = a",
        "del f.undo",
        "setattr(f, 'undo', a)",
        "functools.update_wrapper(f, a)",
        "f.__dict__['undo'] = a",
        "def change(g): g.undo = a\n        change(f)",
    ],
)
def test_an_attribute_of_a_wrapper_that_other_code_changes(change: str) -> None:
    run = f"f = make(a, b)\n        {change}\n        await f.undo(step)"
    assert not workflow_of_module(module(MAKE, run)).complete


HOOK = """
from workers import WorkflowEntrypoint

def stage(number):
    def mark(f):
        f.number = number
        return f
    return mark

class Base:
    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        {hook}

class Stages(Base):
    @stage(2)
    async def b(self, step):
        await step.sleep("b", 1)

    @stage(1)
    async def a(self, step):
        await step.sleep("a", 1)

    async def other(self, step):
        await step.sleep("other", 1)

{after}
class W(WorkflowEntrypoint):
    async def run(self, event, step):
        for call in Stages.stages:
            await call(Stages(), step)
"""
COLLECT = 'cls.stages = sorted((m for m in {} if hasattr(m, "number")), key=lambda m: m.number)'


@pytest.mark.parametrize("members", ["vars(cls).values()", "cls.__dict__.values()"])
def test_a_hook_of_classes_collects_members_with_an_attribute(members: str) -> None:
    source = HOOK.format(hook=COLLECT.format(members), after="")
    assert graph(source) == EACH_STAGE.format(name="call")


def test_a_hook_of_classes_fills_a_table_by_an_attribute() -> None:
    hook = """cls.stages = {}
        for m in vars(cls).values():
            if (number := getattr(m, "number", None)) is not None:
                cls.stages[number] = m"""
    source = HOOK.format(hook=hook, after="").replace("Stages.stages", "Stages.stages.values()")
    assert graph(source) == EACH_STAGE.format(name="call")


def test_an_attribute_that_is_assigned_after_a_hook() -> None:
    """The order in which the bodies of classes are evaluated may be another one than at run time."""
    source = HOOK.format(hook=COLLECT.format("vars(cls).values()"), after="Stages.other.number = 3\n\n")
    assert not workflow_of_module(source).complete
