"""Calls by objects: `super`, properties, operators and context managers."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, graph_of_module, module_of, notation, text, workflow_of

RETURNING = """
@contextlib.asynccontextmanager
async def manager():
    if x:
        return
    await a()
    yield
"""

WITHOUT_YIELD = """
@contextlib.asynccontextmanager
async def manager():
    await a()
    if False:
        yield
"""

ENTERING_ITSELF = """
@contextlib.asynccontextmanager
async def manager():
    async with manager():
        await a()
        yield
"""


def test_explicit_super_in_a_nested_function() -> None:
    assert graph_of("""
        class Base:
            async def go(self):
                await a()

        class Derived(Base):
            async def go(self):
                async def again():
                    await super(Derived, self).go()

                await again()

        await Derived().go()
        await super(Derived, Derived).go(Derived())
    """) == text("""
        call Derived.go
        call Base.go
        def Derived.go
          call again
        def again
          call Base.go
        def Base.go
          a
    """)


def test_super_in_a_comprehension_is_of_the_object_of_the_method() -> None:
    assert graph_of("""
        class Base:
            async def go(self):
                await a()

        class Derived(Base):
            async def go(self):
                [await super().go() for row in rows]

        await Derived().go()
    """) == text("""
        call Derived.go
        def Derived.go
          loop
            call Base.go
        def Base.go
          a
    """)


def test_static_methods_and_class_methods_are_found_above_too() -> None:
    assert graph_of("""
        class Base:
            step = a

            @staticmethod
            async def plain(fn):
                await fn()

            @classmethod
            async def of_class(cls):
                await cls.step()

        class Derived(Base):
            step = c

            async def go(self):
                await super().plain(b)
                await super().of_class()
                await super().step()

        await Derived().go()
        await Derived.plain(d)
    """) == text("""
        call go
        call plain(d)
        def go
          call plain(b)
          call of_class
          a
        def plain(b)
          b
        def of_class
          c
        def plain(d)
          d
    """)


def test_post_init_runs_after_the_fields_are_set() -> None:
    assert (
        graph_of("""
        import dataclasses

        @dataclasses.dataclass
        class Both:
            first: object

            def __post_init__(self):
                self.second = self.first

        await Both(a).second()
    """)
        == "a"
    )


def test_the_methods_of_a_context_manager_may_be_properties() -> None:
    assert graph_of("""
        class Manager:
            @property
            def __aenter__(self):
                return a

            @property
            def __aexit__(self):
                return lambda *error: b()

        async with Manager():
            await c()
    """) == text("""
        a
        try
          c
        catch
        finally
          b
    """)


@pytest.mark.parametrize("generator", [RETURNING, WITHOUT_YIELD, ENTERING_ITSELF])
def test_steps_of_a_complex_generator_manager_are_reported(generator: str) -> None:
    workflow = workflow_of(f"{generator}\nasync with manager():\n    await b()\n")
    assert "context-manager" in [note.code for note in workflow.notes]
    assert not workflow.complete


def test_an_empty_block_of_a_context_manager_is_omitted() -> None:
    assert graph_of("""
        @contextlib.asynccontextmanager
        async def manager():
            await a()
            yield
            await b()

        async with manager():
            pass
    """).splitlines() == ["a", "b"]


def test_an_operator_of_either_object_is_a_choice() -> None:
    assert graph_of("""
        class Pipe:
            def __init__(self, fn):
                self.fn = fn

            async def __or__(self, other):
                await self.fn()

            def __getitem__(self, key):
                return self.fn

        pipe = Pipe(a) if x else Pipe(b)
        await (pipe | 1)
        await pipe["first"]()
        maybe = Pipe(c) if x else None
        maybe |= 1
        await maybe
    """) == text("""
        if x
          call __or__
        else
          call __or__ #2
        if x
          a
        else
          b
        if x
          call __or__ #3
        else
        def __or__
          a
        def __or__ #2
          b
        def __or__ #3
          c
    """)


def test_an_element_that_is_set_in_an_object_calls_its_method() -> None:
    assert (
        graph_of("""
        class Table:
            def __setitem__(self, key, value):
                self.held = value

        table = Table()
        table["key"] = a
        await table.held()
    """)
        == "a"
    )


def test_an_in_place_operator_is_the_result_of_its_method() -> None:
    assert (
        graph_of("""
        class Pipe:
            def __iadd__(self, fn):
                self.fn = fn
                return self

        pipe = Pipe()
        pipe += a
        await pipe.fn()
    """)
        == "a"
    )


def test_an_unresolved_call_of_an_iteration_is_reported() -> None:
    workflow = workflow_of("""
        class Rows(elsewhere.Rows):
            def __init__(self):
                self.step = step

        for row in Rows():
            await a()
    """)
    assert [note.code for note in workflow.notes] == ["unresolved-call"]
    assert not workflow.complete


@pytest.mark.parametrize("metaclass", ["abc.ABCMeta", "type"])
def test_a_metaclass_of_python_leaves_methods_alone(metaclass: str) -> None:
    workflow = module_of(f"""
        import abc

        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint, metaclass={metaclass}):
            async def run(self, event, step):
                await step.sleep("x", 1)
    """).workflows[0]
    assert workflow.complete


def test_a_member_of_an_external_base_may_use_the_step_object() -> None:
    workflow = module_of("""
        from elsewhere import Base
        from workers import WorkflowEntrypoint

        class W(Base, WorkflowEntrypoint):
            async def run(self, event, step):
                self.step = step
                await self.prepare()
    """).workflows[0]
    assert [note.code for note in workflow.notes] == ["unresolved-call"]


def test_invalid_operations_on_objects_run_nothing() -> None:
    assert (
        graph_of("""
        class Plain:
            pass

        await Plain()()
        await Plain().missing()
        async with Plain():
            await a()
    """)
        == "a"
    )


def test_super_of_an_unknown_object_uses_the_class() -> None:
    assert graph_of("""
        class Base:
            async def go(self):
                await a()

        class Derived(Base):
            pass

        await super(Derived, elsewhere).go()
    """) == text("""
        call go
        def go
          a
    """)


def test_super_outside_of_a_class_is_reported() -> None:
    workflow = module_of("""
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await free(step)

        async def free(step):
            await super().go(step)
    """).workflows[0]
    assert [note.code for note in workflow.notes] == ["escapes"]


def test_an_external_decorator_of_an_object_is_reported() -> None:
    workflow = workflow_of("""
        class Job:
            def __init__(self, fn):
                self.fn = fn

            async def __call__(self):
                await self.fn()

        @elsewhere.traced
        @Job
        async def job():
            await a()

        await job()
    """)
    assert [note.code for note in workflow.notes] == ["unknown-decorator"]


def test_bases_and_arguments_of_a_class_may_be_starred() -> None:
    assert graph_of("""
        class Base:
            async def go(self):
                await a()

        bases = (Base,)

        class Derived(*bases, **settings):
            pass

        await Derived().go()
    """) == text("""
        call go
        def go
          a
    """)


def test_a_suppressing_block_without_steps_runs_nothing() -> None:
    assert graph_of("with contextlib.suppress(ValueError):\n    check()\nawait a()") == "a"


def test_a_task_group_that_returns_waits_for_its_tasks() -> None:
    assert graph_of("""
        async with asyncio.TaskGroup() as group:
            group.create_task(a())
            group.create_task(b())
            return
    """) == text("""
        parallel all
          a [1>2]
          b [1>2]
    """)


def test_an_external_decorator_without_steps_changes_nothing() -> None:
    workflow = workflow_of("""
        def counted(fn):
            return 1

        @elsewhere.traced
        @counted
        def job(): ...

        await a()
    """)
    assert workflow.notes == ()


def test_super_in_a_comprehension_uses_the_object() -> None:
    assert graph_of_module("""
        from workers import WorkflowEntrypoint

        class Base:
            async def go(self, step):
                await step.sleep("x", 1)

        class Derived(Base):
            async def go(self, step):
                [await super().go(step) for row in rows]

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await Derived().go(step)
    """) == text("""
        call Derived.go
        def Derived.go
          loop
            call Base.go
        def Base.go
          sleep 'x' 1
    """)


def test_a_metaclass_that_reads_methods_does_not_change_them() -> None:
    workflow = module_of("""
        from workers import WorkflowEntrypoint

        class Meta(type):
            def __new__(mcs, name, bases, namespace):
                namespace.get("run")
                return super().__new__(mcs, name, bases, namespace)

        class W(WorkflowEntrypoint, metaclass=Meta):
            async def run(self, event, step):
                await step.sleep("x", 1)
    """).workflows[0]
    assert workflow.complete


def test_a_loop_over_objects_of_a_class_calls_one_method() -> None:
    workflow = module_of("""
        from workers import WorkflowEntrypoint

        class Source:
            def __init__(self, name):
                self.name = name

            async def sync(self, step):
                await step.do(f"fetch {self.name}")(lambda: 1)()

        SOURCES = [Source("crm"), Source("erp")]

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                for source in SOURCES:
                    await source.sync(step)
    """).workflows[0]
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        loop
          call sync
        def sync
          fetch {self.name}
    """)
