"""Methods of objects that library code calls, such as the file of `print` and an inherited `__exit__`."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of, workflow_of_module


def test_print_calls_the_write_of_a_file() -> None:
    assert graph_of("""
        class Log:
            def write(self, line):
                step.sleep("nap", 1)

        print("x", file=Log())
        await a()
    """) == text("""
        loop
          call write
        a
        def write
          parallel all
            sleep 'nap' 1 [1>]
    """)


def test_a_print_into_a_file_without_steps_is_not_reported() -> None:
    workflow = workflow_of("import sys\nprint('x', file=sys.stderr)\nawait a()")
    assert workflow.complete
    assert notation(workflow.graph) == "a"


@pytest.mark.parametrize("base", ["suppress", "ExitStack"])
def test_a_subclass_of_a_swallowing_manager_swallows_errors(base: str) -> None:
    assert graph_of(f"""
        class Quiet(contextlib.{base}):
            pass

        with Quiet(ValueError):
            await a()
            raise ValueError
        await b()
    """) == text("""
        try
          a
        catch
        b
    """)


def test_a_subclass_of_another_manager_swallows_nothing() -> None:
    assert (
        graph_of("""
        class Quiet(contextlib.AbstractContextManager):
            pass

        with Quiet():
            await a()
        await b()
    """)
        == "a\nb"
    )


def test_a_callback_pushed_by_a_decorator_runs_at_the_exit() -> None:
    graph = graph_of("""
        async with contextlib.AsyncExitStack() as stack:
            @stack.push_async_callback
            async def undo():
                await b()
            await a()
    """)
    assert graph.startswith("try\n  a\nfinally\n  if stack.push_async_callback\n    call undo\ndef undo\n")


REGISTRATION = """
import acme
from contextvars import ContextVar
from workers import WorkflowEntrypoint

STEP = ContextVar("STEP")

@acme.on("paid")
{definition}

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        STEP.set(step)
        await acme.run()
"""


def test_decorator_may_call_a_function_with_the_step_object() -> None:
    definition = "async def ship():\n    await STEP.get().sleep('ship', 1)"
    assert [note.code for note in workflow_of_module(REGISTRATION.format(definition=definition)).notes] == ["escapes"]


def test_a_decorated_function_without_steps_is_not_reported() -> None:
    definition = "async def show():\n    return STEP.get(None) is None"
    assert workflow_of_module(REGISTRATION.format(definition=definition)).complete


@pytest.mark.parametrize("argument", ["[self.ship]", "{'paid': (self.ship,)}", "self.ship if urgent else print"])
def test_functions_in_arguments_run_after_step_is_stored(argument: str) -> None:
    workflow = workflow_of_module(f"""
        import acme
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            async def ship(self):
                await self.step.sleep("ship", 1)

            async def run(self, event, step):
                urgent = event["payload"]["urgent"]
                acme.on({argument})
                self.step = step
                await acme.run()
    """)
    assert [note.code for note in workflow.notes] == ["escapes"]
