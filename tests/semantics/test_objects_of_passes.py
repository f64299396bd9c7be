"""Objects that one pass of a loop creates and later passes use."""

from __future__ import annotations

import pytest

from tests.semantics.notation import notation, text, workflow_of

ROWS = 'event["payload"]["rows"]'
CLASS = """
class Box:
    def __init__(self, action):
        self.action = action
await a()
await b()
await c()
await d()
"""
START = "\n        a\n        b\n        c\n        d"


def test_objects_with_different_contents() -> None:
    workflow = workflow_of(f"""
        {CLASS.replace(chr(10), chr(10) + " " * 8)}
        box = None
        for row in {ROWS}:
            if box is not None:
                await box.action()
            if row == 1:
                box = Box(a)
            elif row == 2:
                box = Box(b)
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text(f"""{START}
        loop
          if box is not None
            switch box
            | case box 1
              a
            | case box 2
              b
    """)


def test_object_whose_attribute_changes_in_each_pass() -> None:
    workflow = workflow_of(f"""
        {CLASS.replace(chr(10), chr(10) + " " * 8)}
        first, second, third = b, c, d
        box = None
        for row in {ROWS}:
            if box is None:
                box = Box(a)
            await box.action()
            box.action = first
            first, second = second, third
    """)
    assert workflow.complete
    graph = notation(workflow.graph)
    assert [name for name in "abcd" if f"case {name}\n" in graph] == ["a", "b", "c", "d"]


def test_list_whose_elements_rotate_in_each_pass() -> None:
    workflow = workflow_of(f"""
        {CLASS.replace(chr(10), chr(10) + " " * 8)}
        queue = None
        for row in {ROWS}:
            if queue is None:
                queue = [a, b, c, d]
            await queue[0]()
            queue.append(queue.pop(0))
    """)
    graph = notation(workflow.graph)
    assert not workflow.complete or [name for name in "abcd" if f"case {name}\n" in graph] == ["a", "b", "c", "d"]


def test_list_of_objects_that_each_hold_the_previous_object() -> None:
    workflow = workflow_of(f"""
        class Entry:
            def __init__(self, previous):
                self.previous = previous
                self.action = a

        last = None
        for row in {ROWS}:
            last = Entry(last)
            await last.action()
            if last.previous is not None:
                await last.previous.action()
    """)
    assert workflow.complete
    assert notation(workflow.graph).splitlines()[:2] == ["loop", "  a"]


@pytest.mark.parametrize(
    "creation",
    [
        "boxes = [Box(a) for row in rows]",
        "boxes = list(map(lambda row: Box(a), rows))",
        "boxes = {row: Box(a) for row in rows}",
        "boxes = []\nfor row in rows:\n    boxes.append(Box(a))",
    ],
)
@pytest.mark.parametrize(
    "change",
    [
        "boxes[0].action = b",
        "box = boxes[row]\nbox.action = b",
        "def change(box):\n    box.action = b\nchange(boxes[0])",
        "setattr(boxes[0], 'action', b)",
    ],
)
def test_change_of_one_of_the_objects(creation: str, change: str) -> None:
    values = "boxes.values()" if "{" in creation else "boxes"
    code = f"""{CLASS}
rows, row = {ROWS}, 0
{creation}
{change}
for box in {values}:
    await box.action()
"""
    workflow = workflow_of(code.replace("\n", "\n" + " " * 8))
    assert workflow.complete
    assert notation(workflow.graph) == text(f"""{START}
        loop
          switch action
          | case a
            a
          | case b
            b
    """)


def test_element_that_is_added_to_one_of_the_lists() -> None:
    workflow = workflow_of("""
        lists = [[] for row in event["payload"]["rows"]]
        lists[0].append(a)
        for each in lists:
            if not each:
                await b()
            for action in each:
                await action()
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        loop
          if not each
            b
          loop
            a
    """)


def test_variable_of_one_of_the_closures() -> None:
    workflow = workflow_of("""
        def make():
            action = a

            async def use():
                await action()

            def change():
                nonlocal action
                action = b

            return use, change

        pairs = [make() for row in event["payload"]["rows"]]
        pairs[0][1]()
        for use, change in pairs:
            await use()
    """)
    assert workflow.complete
    graph = notation(workflow.graph)
    assert [name for name in "ab" if f"case {name}\n" in graph] == ["a", "b"]


def test_change_of_one_of_the_objects_on_some_paths() -> None:
    workflow = workflow_of("""
        class Job:
            def __init__(self):
                self.then = None

        jobs = [Job() for row in event["payload"]["rows"]]
        jobs[0].then = a if event["payload"]["now"] else None
        for job in jobs:
            if job.then:
                await job.then()
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        loop
          if job.then
            a
    """)


def test_chain_of_objects_that_each_call_the_previous_object() -> None:
    workflow = workflow_of(f"""
        class Inner:
            async def execute(self):
                await a()

        class Outer:
            def __init__(self, inner):
                self.inner = inner

            async def execute(self):
                await b()
                await self.inner.execute()

        chain = Inner()
        for row in {ROWS}:
            chain = Outer(chain)
        await chain.execute()
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        switch chain
        | case Inner
          call Inner.execute
        | case Outer
          call Outer.execute
        def Inner.execute
          a
        def Outer.execute
          b
          switch inner
          | case Inner
            call Inner.execute
          | case Outer
            call Outer.execute
    """)


@pytest.mark.slow
def test_chain_of_functions_that_each_call_the_previous_function() -> None:
    workflow = workflow_of(f"""
        def wrap(inner):
            async def call():
                await b()
                await inner()
            return call

        chain = a
        for row in {ROWS}:
            chain = wrap(chain)
        await chain()
    """)
    assert workflow.complete
    assert notation(workflow.graph).endswith(
        text("""
        def call(a)
          b
          switch inner
          | case a
            a
          | case call
            call call(a)
        """)
    )


def test_object_in_a_chain_that_changes_behind_others() -> None:
    """One object represents all objects behind the first two. Only one of them runs `b`."""
    workflow = workflow_of(f"""
        class Entry:
            def __init__(self, previous):
                self.previous = previous
                self.action = a

        last = None
        for row in {ROWS}:
            last = Entry(last)
        last.previous.previous.action = b
        entry = last
        while entry is not None:
            await entry.action()
            entry = entry.previous
    """)
    assert workflow.complete
    assert notation(workflow.graph).splitlines()[6:11] == [
        "  | case entry 3",
        "    switch previous",
        "    | case previous 2",
        "      b",
        "    | default",
    ]
