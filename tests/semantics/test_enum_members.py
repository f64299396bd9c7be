"""Members of enumerations that have methods, or values that run steps."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of_module, module_of

HEAD = """\
from enum import Enum, IntEnum, StrEnum, auto, member
from functools import partial

from workers import WorkflowEntrypoint


async def a(step):
    await step.sleep("a", 1)


async def b(step):
    await step.sleep("b", 1)


class Act(Enum):
    X = "x"
    Y = "y"
    Z = "x"

    async def go(self, step):
        await step.sleep("go", 1)


class Pair(Enum):
    ONE = ("one", a)
    TWO = ("two", b)


class Part(Enum):
    ONE = partial(a)
    TWO = partial(b)


class Own(Enum):
    ONE = member(a)
    TWO = member(b)


class Job(Enum):
    ONE = ("one", a)
    TWO = ("two", b)

    def __init__(self, label, fn):
        self.label, self.fn = label, fn


class Mode(Enum):
    FAST = "fast"


class Level(IntEnum):
    LOW = 0
    HIGH = 2

    async def go(self, step):
        await step.sleep("go", 1)


class Size(IntEnum):
    NONE = 0
    FULL = 1


class Kind(Enum):
    FIRST = auto()
    SECOND = auto()


class Color(StrEnum):
    RED = "red"


class W(WorkflowEntrypoint):
    async def run(self, event, step):
"""


def lines_of(body: str) -> list[str]:
    """Return the lines of the graph of `run`. The graph must be complete."""
    source = HEAD + textwrap.indent(textwrap.dedent(body), " " * 8)
    (workflow,) = (w for w in module_of(source).workflows if w.class_name == "W")
    assert workflow.complete, workflow.notes
    return graph_of_module(source).split("\ndef ")[0].splitlines()


EACH = ["loop", "  switch x", "  | case ONE", "    call a", "  | case TWO", "    call b"]


def test_a_loop_over_an_enumeration_visits_its_members() -> None:
    assert lines_of("for x in Act:\n    await x.go(step)") == ["loop", "  call go"]


def test_members_have_the_methods_of_their_class() -> None:
    assert lines_of("await Act.X.go(step)") == ["call go"]


def test_members_have_tuples_as_values() -> None:
    body = "for x in Pair:\n    name, fn = x.value\n    await fn(step)\nawait Pair.TWO.value[1](step)"
    assert lines_of(body) == [*EACH, "call b"]


def test_members_have_partial_functions_as_values() -> None:
    assert lines_of("for x in Part:\n    await x.value(step)") == EACH


def test_members_are_initialized_with_their_tuples() -> None:
    assert lines_of("for x in list(Job):\n    await x.fn(step)\nawait Job.ONE.fn(step)") == [*EACH, "call a"]


def test_a_call_and_a_subscript_select_a_member() -> None:
    assert lines_of('await Act("y").go(step)\nawait Pair["TWO"].value[1](step)') == ["call go", "call b"]


def test_an_unknown_name_selects_any_member() -> None:
    assert lines_of('await Pair[event["name"]].value[1](step)') == [
        'switch Pair[event["name"]]',
        "| case ONE",
        "  call a",
        "| case TWO",
        "  call b",
    ]


@pytest.mark.slow
def test_members_without_methods_keep_constant_values() -> None:
    assert lines_of("await step.sleep(Mode.FAST.value, 1)") == ["sleep 'fast' 1"]


def test_a_function_that_is_declared_a_member_is_its_value() -> None:
    assert lines_of("await Own.ONE.value(step)") == ["call a"]
    assert lines_of("for x in Own: await x.value(step)") == EACH


def test_members_of_number_enumerations_with_methods_are_objects() -> None:
    assert lines_of("await Level.HIGH.go(step)") == ["call go"]
    assert lines_of('await Level["HIGH"].go(step)') == ["call go"]


def test_a_name_selects_a_constant_member() -> None:
    assert lines_of('await {Size.FULL: a, Size.NONE: b}[Size["NONE"]](step)') == ["call b"]
    assert lines_of('await step.sleep(Color["RED"], 1)') == lines_of("await step.sleep(Color.RED, 1)")
    assert lines_of('await {Kind.FIRST: a, Kind.SECOND: b}[Kind["SECOND"]](step)') == ["call b"]


@pytest.mark.parametrize("enumeration", ["Size", "Kind"])
def test_an_unknown_name_selects_any_constant_member(enumeration: str) -> None:
    first, second = {"Size": ("NONE", "FULL"), "Kind": ("FIRST", "SECOND")}[enumeration]
    table = f"{{{enumeration}.{first}: a, {enumeration}.{second}: b}}"
    assert lines_of(f'await {table}[{enumeration}[event["name"]]](step)') == [
        f'switch {enumeration}[event["name"]]',
        f"| case {enumeration}.{first}",
        "  call a",
        f"| case {enumeration}.{second}",
        "  call b",
    ]
