"""`__setattr__`, `__set_name__`, and code that changes the parts of functions."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of_module, module_of

FUNCTIONS = """
import dataclasses, functools
from unittest import mock
from workers import WorkflowEntrypoint

async def a(step):
    await step.sleep("a", 1)

async def b(step):
    await step.sleep("b", 1)

async def go(step, act=a, *, other=a):
    await act(step)

@functools.wraps(a)
async def wrapper(step):
    await wrapper.__wrapped__(step)

"""
RUN = """

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        """


def calls_of(classes: str, run: str) -> list[str]:
    """Return the functions that `run` calls. The graph must be complete."""
    source = FUNCTIONS + classes + RUN + run.replace("\n", "\n        ")
    assert module_of(source).workflows[0].complete
    lines = graph_of_module(source).split("\ndef ")[0].split("\n")
    return [line.split()[1] for line in lines if line.strip().startswith("call ")]


def is_complete(source: str) -> bool:
    return module_of(FUNCTIONS + source).workflows[0].complete


STATE = """
class State:
    act = staticmethod(a)
    def __setattr__(self, name, value):
        """


@pytest.mark.parametrize(
    ("hook", "called"),
    [
        ("super().__setattr__(name, value)", "b"),
        ("object.__setattr__(self, name, value)", "b"),
        ("self.__dict__[name] = value", "b"),
        ("vars(self)[name] = value", "b"),
        ("super().__setattr__('_' + name, value)", "a"),
        ("super().__setattr__(name, a)", "a"),
    ],
)
@pytest.mark.parametrize("assign", ["state.act = b", "setattr(state, 'act', b)"])
def test_an_assignment_calls_the_hook_of_the_class(hook: str, called: str, assign: str) -> None:
    assert calls_of(STATE + hook, f"state = State()\n{assign}\nawait state.act(step)") == [called]


def test_a_hook_may_set_another_attribute() -> None:
    hook = "self.__dict__['act'] = b"
    assert calls_of(STATE + hook, "state = State()\nstate.size = 1\nawait state.act(step)") == ["b"]


def test_a_generated_initializer_calls_the_hook() -> None:
    state = "@dataclasses.dataclass" + STATE.replace("act =", "act: object =") + "super().__setattr__(name, b)"
    assert calls_of(state, "await State(a).act(step)") == ["b"]


def test_set_name_changes_the_class() -> None:
    classes = """
class Hook:
    def __set_name__(self, owner, name):
        owner.act = staticmethod(b)

class State:
    hook = Hook()
    act = staticmethod(a)
"""
    assert calls_of(classes, "await State.act(step)") == ["b"]


def test_set_name_of_a_decorator() -> None:
    classes = """
class member:
    def __init__(self, function):
        self.function = function

    def __set_name__(self, owner, name):
        setattr(owner, name, self.function)

class State:
    @member
    async def act(self, step):
        await b(step)
"""
    assert calls_of(classes, "await State().act(step)") == ["act"]


@pytest.mark.parametrize(
    "change",
    [
        "go.__defaults__ = (b,)",
        "setattr(go, '__defaults__', (b,))",
        "go.__kwdefaults__['other'] = b",
        "go.__kwdefaults__.update(other=b)",
        "go.__code__ = b.__code__",
    ],
)
def test_changed_parts_of_functions_are_noted(change: str) -> None:
    assert not is_complete(RUN + f"{change}\n        await go(step)")
    assert not is_complete(change + "\n" + RUN + "await go(step)")


@pytest.mark.parametrize("read", ["names = go.__code__.co_varnames", "defaults = list(go.__defaults__)"])
def test_parts_of_functions_that_are_read(read: str) -> None:
    assert is_complete(f"{read}\n{RUN}await go(step)")


def test_a_changed_wrapped_function_is_noted() -> None:
    assert is_complete(RUN + "await wrapper(step)")
    assert not is_complete("wrapper.__wrapped__ = b\n" + RUN + "await wrapper(step)")


@pytest.mark.parametrize(
    "patch",
    [
        "with mock.patch.object(self, 'act', b): await self.act(step)",
        "mock.patch.object(W, 'act', b).start()\n        await self.act(step)",
        "with mock.patch('entry.a', b): await self.act(step)",
    ],
)
def test_patched_attributes_are_noted(patch: str) -> None:
    assert not is_complete(f"{RUN}{patch}\n\n    async def act(self, step):\n        await a(step)\n")


@pytest.mark.parametrize("patch", ["mock.patch.object(State, 'act', b)", "mock.patch('entry.State.act', b)"])
def test_attributes_patched_at_import_are_noted(patch: str) -> None:
    state = "class State:\n    async def act(self, step): await a(step)\n"
    assert not is_complete(f"{state}\n{patch}.start()\n{RUN}await State().act(step)")


def test_an_assignment_to_a_class_calls_the_metaclass_hook() -> None:
    classes = """
class Meta(type):
    def __setattr__(cls, name, value):
        super().__setattr__(name, staticmethod(b))

class State(metaclass=Meta): pass

State.act = a
"""
    assert calls_of(classes, "await State.act(step)") == ["b"]
