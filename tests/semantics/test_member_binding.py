"""Binding of class members to objects, and private names."""

from __future__ import annotations

import textwrap

from tests.semantics.notation import graph_of_module, module_of, notation, text, workflow_of

HEAD = """\
from functools import partial, partialmethod

from workers import WorkflowEntrypoint


async def a(step):
    await step.sleep("a", 1)


async def b(step):
    await step.sleep("b", 1)


async def with_function(step, then):
    await then(step)


"""
RUN = """

class W(WorkflowEntrypoint):
    async def run(self, event, step):
"""


def sleeps_of(classes: str, body: str) -> list[str]:
    """Return the names of the sleeps of a workflow in the order of its source. The graph must be complete."""
    source = HEAD + textwrap.dedent(classes) + RUN + textwrap.indent(textwrap.dedent(body), " " * 8)
    (workflow,) = (w for w in module_of(source).workflows if w.class_name == "W")
    assert workflow.complete, workflow.notes
    return [line.split("'")[1] for line in graph_of_module(source).splitlines() if "sleep" in line]


def test_a_bound_method_is_not_bound_again() -> None:
    declared = """
        class Service:
            async def send(self, step):
                await self.inner(step)

            async def inner(self, step):
                await step.sleep("service", 1)

        class Job:
            send = Service().send

            async def inner(self, step):
                await step.sleep("job", 1)
    """
    assert sleeps_of(declared, "await Job().send(step)") == ["service"]


def test_a_partial_function_is_not_bound() -> None:
    declared = "class Job:\n    load = partial(with_function, then=b)"
    assert sleeps_of(declared, "await Job().load(step)") == ["b"]


def test_a_partial_method_is_bound() -> None:
    declared = """
        class Job:
            async def go(self, step, then):
                await then(step)

            load = partialmethod(go, then=b)
    """
    assert sleeps_of(declared, "await Job().load(step)") == ["b"]


def test_private_methods_belong_to_their_class() -> None:
    declared = """
        class Base:
            async def __go(self, step):
                await a(step)

            async def start(self, step):
                await self.__go(step)

        class Child(Base):
            async def __go(self, step):
                await b(step)
    """
    assert sleeps_of(declared, "await Child().start(step)") == ["a"]


def test_private_attributes_belong_to_their_class() -> None:
    declared = """
        class Base:
            def __init__(self):
                self.__fn = a

            async def go(self, step):
                await self.__fn(step)

        class Child(Base):
            def __init__(self):
                super().__init__()
                self.__fn = b
    """
    assert sleeps_of(declared, "await Child().go(step)") == ["a"]


def test_a_class_variable_that_objects_replace_may_be_empty() -> None:
    workflow = workflow_of("""
        class Node:
            children = ()
            async def run(self, step):
                await a()
                for child in self.children:
                    await child.run(step)
        class Tree(Node):
            def __init__(self, child):
                self.children = (child,)
        await Tree(Node()).run(step)
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        call Node.run
        def Node.run
          a
          loop
            call Node.run #2
        def Node.run #2
          a
    """)


def test_a_private_class_variable_has_its_value() -> None:
    declared = """
        class Job:
            __table = {"x": b}

            async def go(self, step):
                await self.__table["x"](step)
    """
    assert sleeps_of(declared, "await Job().go(step)") == ["b"]


def test_a_private_attribute_is_narrowed() -> None:
    declared = """
        class Job:
            def __init__(self, event):
                self.__fn = b if event else None

            async def go(self, step):
                if self.__fn is not None:
                    await self.__fn(step)
    """
    assert sleeps_of(declared, "await Job(event).go(step)") == ["b"]


def test_getattr_names_a_private_method_mangled() -> None:
    declared = """
        class _Job:
            async def __go(self, step):
                await b(step)
    """
    assert sleeps_of(declared, 'await getattr(_Job(), "_Job__go")(step)') == ["b"]


def test_a_proxy_delegates_to_a_private_attribute() -> None:
    declared = """
        class Job:
            async def go(self, step):
                await b(step)

        class Proxy:
            def __init__(self):
                self.__job = Job()

            def __getattr__(self, name):
                return getattr(self.__job, name)
    """
    assert sleeps_of(declared, "await Proxy().go(step)") == ["b"]


def test_a_static_method_is_one_of_several_functions() -> None:
    for function in ("a if FLAG else b", '{"a": a, "b": b}[FLAG]', "PICKED"):
        declared = f"""
            import os
            FLAG = os.environ["FLAG"]
            if FLAG:
                PICKED = a
            else:
                PICKED = b
            class Job:
                go = staticmethod({function})
        """
        for job in ("Job", "Job()"):
            assert sleeps_of(declared, f"await {job}.go(step)") == ["a", "b"]


def test_a_partial_method_is_one_of_several_functions() -> None:
    declared = """
        import os
        async def first(self, step, then):
            await then(step)
        async def second(self, step, then):
            await a(step)
        class Job:
            go = partialmethod(first if os.environ["FLAG"] else second, then=b)
    """
    assert sleeps_of(declared, "await Job().go(step)") == ["b", "a"]
