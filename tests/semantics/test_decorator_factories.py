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


OPTIONS = """
from workers import WorkflowEntrypoint

DEFAULTS = {"timeout": "1 hour"}

def task(name, MORE):
    CHANGE

    def decorate(function):
        async def wrapper(step):
            @step.do(name, config=CONFIG)
            async def body():
                return await function()

            return await body()

        return wrapper

    return decorate

@task("extract", EXTRACT)
async def extract(): ...

@task("load", LOAD)
async def load(): ...

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await extract(step)
        await load(step)
"""


def _timeouts(change: str = "pass", config: str = "config", **arguments: str) -> list[object]:
    source = OPTIONS
    for name, text_ in {"MORE": "**config", "EXTRACT": 'timeout="1 day"', "LOAD": 'timeout="2 days"'}.items():
        source = source.replace(name, arguments.get(name.lower(), text_))
    graph = workflow_of_module(source.replace("CHANGE", change).replace("CONFIG", config)).graph
    assert graph is not None
    functions = graph["workflow"]["functions"].values()
    return [node["config"]["timeout"] for each in functions for node in each["nodes"] if node["type"] == "step_do"]


@pytest.mark.parametrize(
    ("change", "config"),
    [
        ("pass", "config"),
        ("pass", "{**DEFAULTS, **config}"),
        ("pass", "DEFAULTS | config"),
        ("merged = {**DEFAULTS, **config}", "merged"),
    ],
)
def test_keyword_arguments_of_a_decorator_are_its_config(change: str, config: str) -> None:
    assert _timeouts(change, config) == ["1 day", "2 days"]


def test_missing_keyword_arguments_keep_the_config() -> None:
    assert _timeouts(config="{**DEFAULTS, **config}", load="") == ["1 day", "1 hour"]


def test_a_dictionary_argument_of_a_decorator_is_its_config() -> None:
    arguments = {"extract": '{"timeout": "1 day"}', "load": '{"timeout": "2 days"}'}
    assert _timeouts(more="config", **arguments) == ["1 day", "2 days"]


@pytest.mark.parametrize(
    "change", ['config["timeout"] = name', 'if name: config["timeout"] = "1 year"', "config = dict(config)"]
)
def test_keyword_arguments_that_the_decorator_changes_are_unknown(change: str) -> None:
    assert "1 day" not in _timeouts(change)


def test_decorators_may_change_a_dictionary_that_they_share() -> None:
    change = 'if name == "load": config["timeout"] = "1 year"'
    assert _timeouts(change, more="config", extract="DEFAULTS", load="DEFAULTS") != ["1 hour", "1 hour"]
