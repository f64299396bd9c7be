"""The object and the class in which `super()` continues."""

from __future__ import annotations

from tests.semantics.notation import notation, text, workflow_of_module

CLASSES = """
from workers import WorkflowEntrypoint


class Base:
    @property
    def name(self):
        return "base"

    async def go(self, step, name):
        await step.sleep(name, 1)

class Job(Base):
    async def go(self, step, name, other=None):
        await super().go(step, name)

    async def start(self, step):
        await step.sleep(super().name, 1)

class Derived(Job):
    pass

class Other(Base):
    async def go(self, step, name):
        await step.sleep("other", 1)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await CALL
"""


def graph_with(call: str) -> str:
    """Return the graph of a workflow that awaits a call. It must be complete."""
    workflow = workflow_of_module(CLASSES.replace("CALL", call))
    assert workflow.complete
    return notation(workflow.graph)


def test_object_of_unknown_class() -> None:
    assert graph_with("Job.go(event['job'], step, 'a')") == text("""
        call Job.go
        def Job.go
          call Base.go
        def Base.go
          sleep '{name}' 1
    """)


def test_one_of_two_objects() -> None:
    assert graph_with("Job.go(Job() if event else Derived(), step, 'a')") == text("""
        call Job.go
        def Job.go
          if event
            call Base.go
          else
            call Base.go
        def Base.go
          sleep '{name}' 1
    """)


def test_another_argument_is_an_object_of_the_project() -> None:
    assert graph_with("Job.go(event['job'], step, 'a', Other())") == text("""
        call Job.go
        def Job.go
          call Base.go
        def Base.go
          sleep '{name}' 1
    """)


def test_property_of_an_object_of_unknown_class() -> None:
    assert graph_with("Job.start(event['job'], step)") == text("""
        call start
        def start
          sleep '{super().name}' 1
    """)


def test_class_and_object_as_arguments() -> None:
    assert graph_with("super(Job, Job() if event else Derived()).go(step, 'a')") == text("""
        if event
          call go
        else
          call go
        def go
          sleep '{name}' 1
    """)
