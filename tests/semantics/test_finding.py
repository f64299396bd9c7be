"""Detection of workflow classes and of the step object."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, graph_of_module, module_of, notation, text, workflow_of


def names(source: str) -> list[str]:
    return [workflow.class_name for workflow in module_of(source).workflows]


def test_a_workflow_derives_from_the_entrypoint_and_has_run() -> None:
    assert names("""
        import workers as w
        from workers import WorkflowEntrypoint as Entry

        class WithoutRun(Entry):
            pass

        class Direct(w.WorkflowEntrypoint):
            async def run(self, event, step):
                pass

        class Inherits(Direct):
            pass

        class Late(WithoutRun):
            async def run(self, event, step):
                pass

        class Other(Unrelated):
            async def run(self, event, step):
                pass
    """) == ["Direct", "Inherits", "Late"]


def test_classes_below_an_if_or_try_of_the_module_are_found() -> None:
    assert names("""
        try:
            from workers import WorkflowEntrypoint
        except ImportError:
            WorkflowEntrypoint = object

        if True:
            class W(WorkflowEntrypoint[int]):
                async def run(self, event, step):
                    pass
    """) == ["W"]


FACTORY = """
    from workers import WorkflowEntrypoint

    def entry(function):
        class Created(WorkflowEntrypoint):
            async def run(self, event, step):
                await function(step)
        return Created
"""


@pytest.mark.parametrize(
    "creation",
    [
        "async def nightly(step): ...\n    Nightly = entry(nightly)",
        "@entry\n    async def Nightly(step): ...",
    ],
)
def test_classes_that_functions_create_follow_class_statements(creation: str) -> None:
    assert names(f"""{FACTORY}
    {creation}
    class Orders(WorkflowEntrypoint):
        async def run(self, event, step): ...
    """) == ["Orders", "Created"]


def test_a_private_class_that_a_function_creates_is_not_exported() -> None:
    assert names(f"""{FACTORY}
    _nightly = entry(print)
    class Orders(WorkflowEntrypoint):
        async def run(self, event, step): ...
    """) == ["Orders"]


def test_a_base_may_be_one_of_several_workflow_classes() -> None:
    assert names("""
        import os
        from workers import WorkflowEntrypoint

        class Plain(WorkflowEntrypoint): ...
        class Traced(WorkflowEntrypoint): ...
        class Other: ...

        Base = Traced if os.environ.get("TRACE") else Plain
        Unrelated = Traced if os.environ.get("TRACE") else Other

        class Orders(Base):
            async def run(self, event, step): ...

        class Uncertain(Unrelated):
            async def run(self, event, step): ...
    """) == ["Orders"]


def test_classes_that_derive_from_each_other_are_not_workflows() -> None:
    assert (
        names("""
        class A(B):
            async def run(self, event, step):
                pass

        class B(A):
            pass
    """)
        == []
    )


def test_a_workflow_without_steps_has_no_graph() -> None:
    workflow = module_of("""
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                return 1
    """).workflows[0]
    assert (workflow.graph, workflow.has_dag, workflow.complete) == (None, False, True)


def test_the_step_object_is_followed_through_bindings() -> None:
    assert graph_of("""
        s = step
        self.s = s
        do = self.s.do

        async def helper(named, given=s):
            await given.sleep("default", 1)
            await named.sleep("keyword", 1)

        @do("aliased")
        async def aliased():
            return 1

        await helper(named=step)
        await aliased()
    """) == text("""
        call helper
        aliased
        def helper
          sleep 'default' 1
          sleep 'keyword' 1
    """)


def test_the_step_object_is_followed_into_objects_of_the_project() -> None:
    assert graph_of_module("""
        from dataclasses import dataclass

        from workers import WorkflowEntrypoint

        class Mailer:
            def __init__(self, step):
                self._step = step

            async def send(self):
                await self._step.sleep("mail", 1)

        @dataclass
        class Context:
            step: object

            async def rest(self):
                await self.step.sleep("rest", 1)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                self.mailer = Mailer(step)
                await self.mailer.send()
                await Context(step).rest()
    """) == text("""
        call send
        call rest
        def send
          sleep 'mail' 1
        def rest
          sleep 'rest' 1
    """)


@pytest.mark.parametrize(
    "run",
    [
        "run = lambda self, event, step: step.sleep('x', 1)",
        "@staticmethod\n    async def run(event, step):\n        await step.sleep('x', 1)",
        "@classmethod\n    async def run(cls, event, step):\n        await step.sleep('x', 1)",
        "@property\n    def run(self):\n        return lambda event, step: step.sleep('x', 1)",
    ],
    ids=["a lambda", "static", "of the class", "a property"],
)
def test_run_may_be_any_kind_of_method(run: str) -> None:
    module = f"from workers import WorkflowEntrypoint\n\nclass W(WorkflowEntrypoint):\n    {run}\n"
    assert graph_of_module(module) == "sleep 'x' 1"


def test_a_run_that_cannot_be_followed_is_reported() -> None:
    workflow = module_of("""
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            @property
            def run(self):
                return elsewhere()
    """).workflows[0]
    assert workflow.graph is None
    assert [note.code for note in workflow.notes] == ["unknown-member"]


def test_a_getattr_method_forwards_the_step_object() -> None:
    workflow = workflow_of("""
        class Logged:
            def __init__(self, inner):
                self.inner = inner

            def __getattr__(self, name):
                return getattr(self.inner, name)

        class Traced(Logged):
            __getattr__ = lambda self, name: getattr(self.inner, name)

        await Logged(step).sleep("followed", 1)
        await Traced(step).sleep("not followed", 1)
    """)
    assert notation(workflow.graph) == "sleep 'followed' 1"
    assert [note.code for note in workflow.notes] == ["unresolved-call"]


def test_a_decorated_function_may_return_the_step_object() -> None:
    workflow = module_of("""
        import elsewhere
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await either(step).sleep("x", 1)
                await table(step)["key"].sleep("y", 1)

        @elsewhere.traced
        def either(step):
            if x:
                return step

        @elsewhere.traced
        def table(step):
            return {"key": step}
    """).workflows[0]
    assert [line.strip() for line in notation(workflow.graph).splitlines() if "sleep" in line] == [
        "sleep 'x' 1",
        "sleep 'y' 1",
    ]
