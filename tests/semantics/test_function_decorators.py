"""Decorators of functions."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, graph_of_module, notation, text, workflow_of


def test_a_decorated_function_is_the_result_of_its_decorator() -> None:
    assert graph_of("""
        def twice(fn):
            @functools.wraps(fn)
            async def wrapper(*args):
                await fn(*args)
                await fn(*args)
            return wrapper

        @twice
        async def work(n):
            await a()

        await work(1)
    """) == text("""
        call wrapper(work)
        def wrapper(work)
          call work
          call work
        def work
          a
    """)


@pytest.mark.parametrize(
    "decorator",
    [
        "typing.final",
        "typing.override",
        "typing_extensions.final",
        "typing_extensions.deprecated('call b')",
        "warnings.deprecated('call b', category=None)",
    ],
)
def test_a_decorator_without_effect(decorator: str) -> None:
    workflow = workflow_of(f"""
        import typing, typing_extensions, warnings

        @{decorator}
        async def act():
            await a()

        await act()
    """)
    assert workflow.complete
    assert notation(workflow.graph) == "call act\ndef act\n  a"


def test_an_external_decorator_is_reported() -> None:
    workflow = workflow_of("""
        from tenacity import retry

        @retry(times=3)
        async def work():
            await a()

        await work()
    """)
    assert [(note.code, note.span.line) for note in workflow.notes] == [("unknown-decorator", 30)]
    assert not workflow.complete


def test_an_object_that_wraps_a_function() -> None:
    assert graph_of("""
        class Action:
            def __init__(self, function):
                functools.update_wrapper(self, function)
                self.function = function
            async def __call__(self):
                await self.function()
                await b()

        @Action
        async def go():
            await a()

        await go()
        await go.__wrapped__()
    """) == text("""
        call __call__
        call go
        def __call__
          call go
          b
        def go
          a
    """)


def test_a_string_is_no_function_for_a_decorator() -> None:
    assert (
        graph_of_module("""
        from workers import WorkflowEntrypoint

        def action(name=None):
            if callable(name):
                return name
            return lambda function: function

        @action("go")
        async def go(step):
            await step.sleep("go", 1)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await go(step)
    """)
        == "call go\ndef go\n  sleep 'go' 1"
    )


def test_a_decorator_with_optional_arguments() -> None:
    assert graph_of_module("""
        import functools
        from workers import WorkflowEntrypoint

        def traced(function=None, *, label=None):
            if function is None:
                return functools.partial(traced, label=label)

            @functools.wraps(function)
            async def wrapper(step):
                return await function(step)

            return wrapper

        @traced
        async def first(step):
            await step.do("a")(lambda: 1)()

        @traced(label="b")
        async def second(step):
            await step.do("b")(lambda: 1)()

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await first(step)
                await second(step)
    """) == text("""
        call wrapper(first)
        call wrapper(second)
        def wrapper(first)
          call first
        def first
          a
        def wrapper(second)
          call second
        def second
          b
    """)


def test_a_method_of_a_list_as_decorator_adds_the_function() -> None:
    assert graph_of("""
        handlers = []

        @handlers.append
        async def first():
            await a()

        for handler in handlers:
            await handler()
    """) == text("""
        call first
        def first
          a
    """)
