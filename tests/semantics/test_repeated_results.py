"""Results of calls that are interpreted once: each call creates its own objects."""

from __future__ import annotations

import textwrap
from typing import Final

import pytest

from tests.semantics.notation import graph_of_module

SOURCE = """\
import collections
import functools

from workers import WorkflowEntrypoint


class Box:
    def __init__(self, act):
        self.act = act


async def call_all(acts):
    for act in acts:
        await act()


async def call(box):
    await box.act()


{make}


class W(WorkflowEntrypoint):
    async def run(self, event, step):
        async def a():
            await step.sleep("a", 1)

        async def b():
            await step.sleep("b", 1)

        first, change = make(a)
        second, _ = make(a)
        change(b)
{use}
"""

SET = "lambda act: setattr(box, 'act', act)"


@pytest.mark.parametrize(
    ("make", "use"),
    [
        (f"box = Box(act)\nreturn [box] * 2 + [Box(act) for _ in range(60)], {SET}", "await second[0].act()"),
        (f"box = Box(act)\nreturn {'[' * 30}box{']' * 30}, {SET}", f"await second{'[0]' * 30}.act()"),
        (f"box = Box(act)\nreturn functools.partial(call, box), {SET}", "await second()"),
        (f"box = Box(act)\nreturn call(box), {SET}", "await second\nawait first"),
        (f"box = Box(act)\nreturn (each.act for each in [box]), {SET}", "for act in second:\n    await act()"),
        (f"box = Box(act)\nreturn {{'box': box}}.values(), {SET}", "for each in second:\n    await each.act()"),
        (f"box = Box(act)\nreturn iter([box]), {SET}", "await next(second).act()"),
        (f"box = Box(act)\nreturn (lambda x: lambda: x.act)(box), {SET}", "await second()()"),
        (f"box = Box(act)\nreturn collections.defaultdict(lambda: box), {SET}", "await second['k'].act()"),
    ],
)
def test_each_call_creates_its_own_objects(make: str, use: str) -> None:
    body = textwrap.indent(make, " " * 4)
    source = SOURCE.format(make=f"def make(act):\n{body}", use=textwrap.indent(use, " " * 8))
    graph = graph_of_module(source)
    assert "sleep 'a' 1" in graph


def test_a_large_result_keeps_the_changes_of_each_call() -> None:
    boxes = ", ".join("Box(act)" for _ in range(60))
    make = f"def make(act):\n    boxes = [{boxes}]\n    return boxes, lambda act: setattr(boxes[59], 'act', act)"
    use = "await second[59].act()\nawait first[59].act()"
    source = SOURCE.format(make=make, use=textwrap.indent(use, " " * 8))
    assert [line for line in graph_of_module(source).splitlines() if line.startswith("call")] == ["call a", "call b"]


@pytest.mark.parametrize(
    ("value", "use"),
    [
        ("Box(act)", "next(make(a)).act = b\nawait next(make(a)).act()"),
        ("Box(act)", "for box in make(a):\n    box.act = b\nfor box in make(a):\n    await box.act()"),
        ("[act]", "(first,) = make(a)\n(second,) = make(a)\nfirst[0] = b\nawait second[0]()"),
    ],
)
def test_each_generator_yields_its_own_objects(value: str, use: str) -> None:
    source = SOURCE.replace("first, change = make(a)", "").replace("second, _ = make(a)", "").replace("change(b)", "")
    source = source.format(make=f"def make(act):\n    yield {value}", use=textwrap.indent(use, " " * 8))
    assert "call a" in [line.strip() for line in graph_of_module(source).splitlines()]


YIELD_TWICE: Final = "def make(act):\n    box = Box(act)\n    yield box\n    yield box"
ITERABLE: Final = """\
class Boxes:
    def __iter__(self):
        box = Box(None)
        yield box
        yield box"""


@pytest.mark.parametrize(
    ("make", "use"),
    [
        (YIELD_TWICE, "boxes = make(a)\nnext(boxes).act = b\nfor box in boxes:\n    await box.act()"),
        (YIELD_TWICE, "for box in make(a):\n    await box.act()\n    box.act = b"),
        (YIELD_TWICE, "boxes = make(a)\nwhile True:\n    box = next(boxes)\n    await box.act()\n    box.act = b"),
        (YIELD_TWICE, "boxes = make(a)\nif event:\n    next(boxes).act = b\nawait next(boxes).act()"),
        (ITERABLE, "boxes = iter(Boxes())\nnext(boxes).act = b\nawait next(boxes).act()"),
    ],
)
def test_all_uses_of_a_generator_share_its_objects(make: str, use: str) -> None:
    source = SOURCE.replace("first, change = make(a)", "").replace("second, _ = make(a)", "").replace("change(b)", "")
    source = source.format(make=make, use=textwrap.indent(use, " " * 8))
    assert "call b" in [line.strip() for line in graph_of_module(source).splitlines()]
