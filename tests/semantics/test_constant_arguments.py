"""Constants in arguments, and the calls that share a function of the graph."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of


@pytest.mark.parametrize(
    ("parameter", "first", "second"),
    [
        ("pair", '("x", 1)', '("y", 2)'),
        ("pair", '["x", 1]', '["y", 2]'),
        ("*pair", '"x", 1', '"y", 2'),
        ('pair=("x", 1)', "", '("y", 2)'),
    ],
)
def test_unpacked_parameters_hide_constants(parameter: str, first: str, second: str) -> None:
    assert graph_of(f"""
        async def visit({parameter}):
            name, n = pair
            await step.do(f"do {{name}}")(lambda: 1)()

        await visit({first})
        await visit({second})
    """) == text("""
        call visit
        call visit
        def visit
          do {name}
    """)


def test_nested_parts_of_parameters_hide_constants() -> None:
    assert graph_of("""
        async def visit(spec):
            (name, _), n = spec["pair"]
            await step.do(name)(lambda: 1)()

        await visit({"pair": (("x", 1), 2)})
        await visit({"pair": (("y", 1), 2)})
    """) == text("""
        call visit
        call visit
        def visit
          {name}
    """)


def test_a_recursion_over_constants_hides_them() -> None:
    assert graph_of("""
        async def visit(names):
            head, *tail = names
            await step.do(head)(lambda: 1)()
            if tail:
                await visit(tail)

        await visit(["x", "y"])
    """) == text("""
        call visit
        def visit
          {head}
          if tail
            call visit
    """)


def test_functions_made_with_different_constants_hide_them() -> None:
    assert graph_of("""
        def make(pair):
            name, n = pair
            async def go():
                await step.do(name)(lambda: 1)()
            return go

        first, second = make(("x", 1)), make(("y", 1))
        await first()
        await second()
    """) == text("""
        call go
        call go
        def go
          {name}
    """)


def test_a_call_without_arguments_is_separate() -> None:
    """The default of a merged dictionary does not apply to a call that replaces it."""
    for merged in ('{"name": "default", **options}', '{"name": "default"} | options'):
        assert graph_of(f"""
            async def job(**options):
                chosen = {merged}
                await step.do(chosen["name"])(lambda: 1)()
            await job()
            await job(name="fast")
        """) == text("""
            call job
            call job #2
            def job
              default
            def job #2
              {chosen["name"]}
        """)


def test_calls_with_more_constants_are_calls_of_their_own() -> None:
    for job, calls in (
        ("async def job(*names):", 'await job("x")\nawait job("x", "y")'),
        ("async def job(names):", 'await job(["x"])\nawait job(["x", "y"])'),
        ("async def job(names):", 'await job({"x": 1}.keys())\nawait job({"x": 1, "y": 1}.keys())'),
    ):
        body = '\n    longer = [*names, "last"]\n    await step.do(longer[1])(lambda: 1)()\n'
        assert graph_of(f"{job}{body}{calls}") == text("""
            call job
            call job #2
            def job
              last
            def job #2
              {longer[1]}
        """)


def test_a_call_with_other_keywords_is_separate() -> None:
    assert graph_of("""
        async def job(**options):
            await step.do({"name": "default", **options}["name"])(lambda: 1)()
        await job(color="red")
        await job(name="fast")
    """) == text("""
        call job
        call job #2
        def job
          default
        def job #2
          {{"name": "default", **options}["name"]}
    """)


def test_calls_whose_graphs_are_equal_share_a_function() -> None:
    assert graph_of("""
        async def job(*names):
            for name in names:
                await step.do(name)(lambda: 1)()
        await job("x")
        await job("x", "y")
    """) == text("""
        call job
        call job
        def job
          loop
            {name}
    """)


@pytest.mark.parametrize("parameter", ["*jobs", "**jobs"])
def test_a_call_without_arguments_passes_none(parameter: str) -> None:
    workflow = workflow_of(f"""
        async def start({parameter}):
            for job in jobs:
                await job(step)
        await start()
        await a()
    """)
    assert (workflow.complete, notation(workflow.graph)) == (True, "a")
