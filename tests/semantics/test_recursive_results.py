"""Results of recursive calls that lead to steps."""

from __future__ import annotations

from tests.semantics.notation import notation, text, workflow_of_module

HEAD = """
from workers import WorkflowEntrypoint


class Repository:
    def __init__(self, step):
        self.step = step

    async def save(self, name):
        await self.step.do(name)(store)()

async def store():
    pass

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("a")
        async def a():
            pass

        @step.do("b")
        async def b():
            pass

"""


def graph_with(body: str) -> str:
    """Return the graph of a workflow. It must be complete."""
    lines = text(body).split("\n")
    workflow = workflow_of_module(HEAD + "".join(f"        {line}\n" for line in lines))
    assert [note.code for note in workflow.notes if note.incomplete] == []
    return notation(workflow.graph)


def test_object_that_holds_the_result() -> None:
    assert graph_with("""
        def get(key):
            if key == "step":
                return step
            return Repository(get("step"))

        await get("repository").save("x")
    """) == text("""
        call save
        def save
          switch result
          | case result 1
            {name}
    """)


def test_attribute_that_holds_the_result() -> None:
    assert graph_with("""
        def chain(n):
            repository = Repository(step)
            if n:
                repository.next = chain(n - 1)
            return repository

        await chain(2).next.save("x")
    """) == text("""
        call save
        def save
          {name}
    """)


def test_list_that_extends_the_result() -> None:
    assert graph_with("""
        def steps(n):
            if n == 0:
                return [a]
            return [*steps(n - 1), b]

        for charge in steps(2):
            await charge()
    """) == text("""
        if n == 0
          a
        else
          loop
            switch charge
            | case a
              a
            | case steps(n - 1)
            | case b
              b
    """)


def test_function_around_the_result() -> None:
    assert graph_with("""
        def chain(n):
            if n == 0:
                return a
            inner = chain(n - 1)

            async def outer():
                await inner()
                await b()

            return outer

        await chain(2)()
    """) == text("""
        if n == 0
          a
        else
          call outer
        def outer
          switch inner
          | case a
            a
          | case outer
            call outer
          | default
          b
    """)


def test_result_that_is_returned() -> None:
    assert graph_with("""
        def choose(n):
            return a if n == 0 else choose(n - 1)

        await choose(2)()
    """) == text("""
        if n == 0
          a
        else
    """)


def test_copy_of_data() -> None:
    assert graph_with("""
        def copy(value):
            if isinstance(value, dict):
                return {key: copy(item) for key, item in value.items()}
            return [copy(item) for item in value]

        rows = copy(event["payload"])
        for row in rows["first"]:
            await a()
    """) == text("""
        loop
          a
    """)
