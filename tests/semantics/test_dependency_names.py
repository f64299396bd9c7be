"""Parameters that name steps: the last declaration, computed names, and names that match no step."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import (
    HEADER,
    dependent_graph_of,
    dependent_workflow_of,
    module_of,
)


def test_a_parameter_with_the_name_of_a_function_has_a_hint() -> None:
    body = """
        @step.do("load rows")
        async def load(): ...

        @step.do()
        async def use(load): ...

        await use()
    """
    (note,) = dependent_workflow_of("a", body).notes
    assert note.code == "unknown-parameter"
    assert note.advice == "The step of that function is named 'load rows', and parameter names must match step names."


def test_a_default_captures_a_variable_of_a_loop() -> None:
    body = """
        node, state = event["payload"]["first"], {}
        while node:
            @step.do(node["kind"])
            async def execute(node=node): ...

            state[node["key"]] = await execute()
            node = state.get("next")
    """
    (note,) = dependent_workflow_of("a", body).notes
    assert note.code == "unknown-parameter"
    assert note.advice == "The SDK ignores its default. Read a variable of the enclosing function instead."


def test_a_parameter_may_name_the_step_of_an_earlier_pass() -> None:
    body = """
        node, state = event["payload"]["first"], {}
        while node:
            @step.do(node["kind"])
            async def execute(previous): ...

            state[node["key"]] = await execute()
            node = state.get("next")
    """
    assert [note.code for note in dependent_workflow_of("a", body).notes] == ["unresolved-dependency"]


def test_the_last_declaration_of_a_name_is_the_dependency() -> None:
    source = HEADER + textwrap.indent(
        textwrap.dedent("""
            @step.do("a", config={"retries": {"limit": 1, "delay": 1}})
            async def one(): ...

            @step.do("a", config={"retries": {"limit": 2, "delay": 1}})
            async def other(): ...

            @step.do()
            async def b(a): ...

            await b()
        """),
        " " * 8,
    )
    graph = module_of(source).workflows[0].graph
    assert graph is not None
    first = graph["workflow"]["nodes"][0]
    assert first["type"] == "step_do"
    assert first["config"]["retries"]["limit"] == 2


def test_a_step_declared_between_declaration_and_call_counts() -> None:
    body = """
        @step.do()
        async def b(late): ...

        @step.do()
        async def late(): ...

        await b()
    """
    assert dependent_graph_of("a", body).splitlines() == ["late", "b"]


def test_a_parameter_without_a_step_is_reported() -> None:
    body = """
        if x:
            @step.do()
            async def z(): ...
        else:
            @step.do()
            async def z(): ...

        @step.do()
        async def last(nothing): ...

        await last()
    """
    assert "unknown-parameter" in [note.code for note in dependent_workflow_of("", body).notes]


def test_a_step_with_a_computed_name_may_have_any_name() -> None:
    body = """
        @step.do(f"{{{name}")
        async def c(): ...

        await b()
    """
    assert [note.code for note in dependent_workflow_of("a b(c)", body).notes if note.incomplete] == [
        "unresolved-dependency"
    ]


@pytest.mark.parametrize("parameters", ["name", "*names"])
def test_a_parameter_names_a_step_of_a_factory(parameters: str) -> None:
    body = f"""
        def declare({parameters}):
            return step.do({parameters})

        @declare("load")
        async def first(): ...

        @declare("use")
        async def second(load): ...

        await second()
    """
    name = f"{{{parameters.strip('*')}}}"
    assert dependent_graph_of("", body).splitlines() == [name, name]
    assert dependent_workflow_of("", body).complete


def test_a_step_of_a_repeated_declaration_may_have_any_name() -> None:
    body = """
        async def go(name, function):
            await step.do(name)(function)()

        async def use(load): ...

        await go("load", lambda: 1)
        await go("use", use)
    """
    assert [note.code for note in dependent_workflow_of("", body).notes] == ["unresolved-dependency"]
