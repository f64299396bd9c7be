"""Decorators with arguments, which run while the module is imported, so that their arguments are constants."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of_module

MODULE = """
from workers import WorkflowEntrypoint

def task(name=None, *, retries=3, delay=10):
    def decorate(function):
        title = name or function.__name__

        async def wrapper(step):
            @step.do(title, config={"retries": {"limit": retries, "delay": delay * 1000}})
            async def body():
                return await function()

            return await body()

        return wrapper

    return decorate

@task(retries=7)
async def extract(): ...

@task("load rows")
async def load(): ...

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await extract(step)
        await load(step)
"""


def test_decorated_functions_have_the_names_of_their_steps() -> None:
    assert notation(workflow_of_module(MODULE).graph) == text("""
        call wrapper(extract)
        call wrapper(load)
        def wrapper(extract)
          extract
        def wrapper(load)
          load rows
    """)


def test_the_name_of_a_function_omits_several_callables() -> None:
    module = MODULE.replace("function.__name__", "function.__name__.title()").replace("retries=7", "retries=3")
    module = module.replace("        await load(step)", "        await clean(step)\n        await load(step)")
    module = module.replace('@task("load rows")', '@task()\nasync def clean(): ...\n\n@task("load rows")')
    assert notation(workflow_of_module(module).graph) == text("""
        call wrapper
        call wrapper
        call wrapper(load)
        def wrapper
          {title}
        def wrapper(load)
          load rows
    """)


def test_defaults_of_a_decorator_are_constants() -> None:
    workflow = workflow_of_module(MODULE)
    assert workflow.graph is not None
    (step,) = workflow.graph["workflow"]["functions"]["wrapper(extract)"]["nodes"]
    assert step["type"] == "step_do"
    assert step["config"]["retries"] == {"limit": 7, "delay": 10_000, "backoff": "exponential"}
    assert not workflow.notes


def test_a_constant_operand_decides_the_value_of_or() -> None:
    workflow = workflow_of_module("""
        from workers import WorkflowEntrypoint

        LABEL = ""

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await step.sleep(LABEL or "pause", 1)
                await step.sleep("wait" and LABEL or "again", 1)
                await step.sleep(event["payload"]["name"] or "other", 1)
    """)
    assert notation(workflow.graph) == text("""
        sleep 'pause' 1
        sleep 'again' 1
        sleep '{event["payload"]["name"] or "other"}' 1
    """)


def test_a_lambda_that_returns_data_is_not_part_of_a_name() -> None:
    assert graph_of("""
        async def run_step(name, function):
            await step.do(name)(function)()

        await run_step("x", lambda: event["payload"].get("key"))
        await run_step("y", lambda: 1)
    """) == text("""
        call run_step
        call run_step
        def run_step
          {name}
    """)


@pytest.mark.parametrize(
    ("decorator", "name"),
    [
        ("def task(fn):", "fn.__name__"),
        ("def task(fn, name=None):", "name or fn.__name__"),
        ("def task(fn):", 'f"{fn.__name__}"'),
    ],
)
def test_steps_of_a_decorator_have_the_names_of_its_functions(decorator: str, name: str) -> None:
    workflow = workflow_of_module(f"""
        from functools import wraps
        from workers import WorkflowEntrypoint

        {decorator}
            @wraps(fn)
            async def run(step):
                @step.do({name})
                async def body():
                    return await fn()

                return await body()

            return run

        @task
        async def extract(): ...

        @task
        async def load(): ...

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await extract(step)
                await load(step)
    """)
    assert notation(workflow.graph) == text("""
        call task.run(extract)
        call task.run(load)
        def task.run(extract)
          extract
        def task.run(load)
          load
    """)


def test_steps_of_a_function_in_run_have_the_name_in_the_source() -> None:
    workflow = workflow_of_module("""
        from workers import WorkflowEntrypoint

        async def do(step, fn):
            @step.do(fn.__name__)
            async def body():
                return await fn()

            return await body()

        async def extract(): ...

        async def load(): ...

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await do(step, extract)
                await do(step, load)
    """)
    assert notation(workflow.graph) == text("""
        call do
        call do
        def do
          {fn.__name__}
    """)


@pytest.mark.parametrize("returned", ["if event:\n    return add", "for _ in event:\n    return add"])
def test_a_factory_that_may_return_none_decorates(returned: str) -> None:
    source = "functions = []\ndef register():\n    def add(function):\n        functions.append(function)\n"
    source += f"        return function\n{textwrap.indent(returned, '    ')}\n"
    source += "@register()\nasync def work():\n    await a()\n"
    graph = graph_of(f"{source}await work()\nfor function in functions:\n    await function()")
    assert graph == "call work\ncall work\ndef work\n  a"
