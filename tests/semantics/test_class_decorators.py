"""Decorators of classes."""

from __future__ import annotations

import pytest

from tests.semantics.classes import graph_of, notes_of
from tests.semantics.notation import text


def test_a_class_decorator_sets_a_method() -> None:
    assert graph_of("""
        def traced(cls):
            inner = cls.run

            @functools.wraps(inner)
            async def run(self, event, step):
                await step.sleep("before", 1)
                await inner(self, event, step)

            cls.run = run
            return cls

        @traced
        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await step.sleep("own", 1)
    """) == text("""
        sleep 'before' 1
        call W.run
        def W.run
          sleep 'own' 1
    """)


@pytest.mark.slow
def test_a_class_decorator_returns_another_class() -> None:
    assert graph_of("""
        def traced(name):
            def decorate(cls):
                class W(cls):
                    async def run(self, event, step):
                        await step.sleep("before", 1)
                        await super().run(event, step)
                return W
            return decorate

        @traced("w")
        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await step.sleep("own", 1)
    """) == text("""
        sleep 'before' 1
        call W.run
        def W.run
          sleep 'own' 1
    """)


def test_changes_by_a_class_decorator_persist_after_a_branch() -> None:
    assert graph_of("""
        def traced(cls):
            inner = cls.go

            async def go(self, step):
                await step.sleep("before", 1)
                await inner(self, step)

            setattr(cls, "go", go)
            return cls

        @traced
        class Job:
            async def go(self, step):
                await step.sleep("go", 1)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                if event:
                    await Job().go(step)
                await Job().go(step)
    """) == text("""
        if event
          call traced.go
        call traced.go
        def traced.go
          sleep 'before' 1
          call Job.go
        def Job.go
          sleep 'go' 1
    """)


def test_a_constant_set_by_a_class_decorator_is_unknown() -> None:
    assert (
        graph_of("""
        def slow(cls):
            cls.DELAY = 5
            return cls

        @slow
        class W(WorkflowEntrypoint):
            DELAY = 1

            async def run(self, event, step):
                await step.sleep("s", self.DELAY)
    """)
        == "sleep 's' '{self.DELAY}'"
    )


@pytest.mark.parametrize(
    "decorator",
    [
        "dataclasses.dataclass",
        "dataclasses.dataclass(frozen=True)",
        "attr.s(auto_attribs=True)",
        "typing.final",
        "total_ordering",
        "register('w')",
    ],
)
def test_a_class_decorator_that_leaves_the_methods_alone(decorator: str) -> None:
    source = """
        KNOWN = {}

        def register(name):
            def decorate(cls):
                KNOWN[name] = cls
                return dataclasses.dataclass(cls)
            return decorate

        @DECORATOR
        class W(WorkflowEntrypoint):
            DELAY = 1

            async def run(self, event, step):
                await step.sleep("own", self.DELAY)
    """
    assert graph_of(source.replace("DECORATOR", decorator)) == "sleep 'own' 1"


def test_an_external_class_decorator_is_reported() -> None:
    source = """
        @traced
        class Job:
            async def go(self, step):
                await step.sleep("go", 1)

            async def look(self):
                return 1

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await step.sleep("own", 1)
                await Job().{method}
    """
    assert notes_of(source.format(method="go(step)")) == ["unknown-decorator"]
    assert notes_of(source.format(method="look()")) == []


def test_an_external_decorator_of_a_workflow_is_reported() -> None:
    assert notes_of("""
        @traced
        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await step.sleep("own", 1)
    """) == ["unknown-decorator"]


def test_a_class_decorator_with_another_result_is_reported() -> None:
    assert notes_of("""
        def wrap(cls):
            return traced(cls)

        @wrap
        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await step.sleep("own", 1)
    """) == ["unknown-decorator"]


def test_computed_member_names_of_a_class_decorator_are_reported() -> None:
    assert notes_of("""
        def wrap(cls):
            for name, method in vars(cls).items():
                setattr(cls, name, method)
            return cls

        @wrap
        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await step.sleep("own", 1)
    """) == ["unknown-member"]
