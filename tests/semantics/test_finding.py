"""Which classes are workflows, and how the step object is followed."""

from __future__ import annotations

from tests.semantics.notation import graph_of, graph_of_module, module_of, text


def names(source: str) -> list[str]:
    return [workflow.class_name for workflow in module_of(source).workflows]


def test_a_workflow_derives_from_the_entrypoint_under_any_name_and_has_run() -> None:
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


def test_classes_that_derive_from_each_other_are_no_workflows() -> None:
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


def test_the_step_object_is_followed_through_names_attributes_arguments_and_defaults() -> None:
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
