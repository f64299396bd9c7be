"""Lists of dependencies in `depends`."""

from __future__ import annotations

from textwrap import indent

import pytest

from tests.semantics.notation import (
    HEADER,
    dependent_graph_of,
    dependent_workflow_of,
    graph_of_module,
    text,
    workflow_of_module,
)

LEGACY = """
        @step.do("first")
        async def a(): ...

        @step.do("second", depends=[a], concurrent=True)
        async def b(result, ctx): ...

        @step.do("third", [a, b], True)
        async def c(one, other): ...

        await c()
"""


def test_legacy_dependencies_are_lists_of_functions() -> None:
    assert graph_of_module(HEADER + LEGACY).splitlines() == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("steps", "body", "code"),
    [
        ("a b(missing)", "await b()", "unknown-parameter"),
        ("a(b) b(a)", "await b()", "dependency-cycle"),
    ],
)
def test_dependencies_that_the_sdk_rejects_are_reported(steps: str, body: str, code: str) -> None:
    assert code in [note.code for note in dependent_workflow_of(steps, body).notes]


@pytest.mark.parametrize(
    ("steps", "body", "codes"),
    [
        ("a(c) b(a) c(b)", "await b()", ["dependency-cycle"]),
        ("*a(b) b(a) *c(a, b)", "await c()", ["dependency-cycle"]),
        ("a(b) b(a) e(a) f(e) g(e) *h(f, g)", "await h()", ["dependency-cycle"]),
        (
            "a(b) b(a) z e(z) f(e) g(e) *h(f, g)",
            "if x:\n    await h()\nelse:\n    await a()",
            ["dependency-cycle", "dependency-runs-twice"],
        ),
    ],
)
def test_a_step_that_needs_itself_runs_once(steps: str, body: str, codes: list[str]) -> None:
    assert sorted(note.code for note in dependent_workflow_of(steps, body).notes) == codes


@pytest.mark.parametrize("names", ['("x", "y")', "range(2)"])
@pytest.mark.parametrize(
    ("statements", "needed"),
    [
        ("", "[make(name) for name in NAMES]"),
        ("", "list(make(name) for name in NAMES)"),
        ("steps = [make(name) for name in NAMES]", "[*steps]"),
        ("steps = []\nfor name in NAMES: steps.append(make(name))", "steps"),
        ("steps = []\nfor name in NAMES:\n    @step.do(name)\n    def load(): ...\n    steps.append(load)", "steps"),
        ("steps = []\nfor name in NAMES: steps += [make(name)]", "steps"),
        ("steps = []\nfor name in NAMES: steps.insert(0, make(name))", "steps"),
        ("steps = {}\nfor name in NAMES: steps[name] = make(name)", "[*steps.values()]"),
    ],
)
def test_a_loop_over_constants_declares_each_dependency(statements: str, needed: str, names: str) -> None:
    body = f"""

def make(name):
    @step.do(name)
    async def load(): ...
    return load

{statements.replace("NAMES", names)}
@step.do(depends={needed.replace("NAMES", names)})
async def last(x, y): ...

await last()
"""
    assert dependent_graph_of("", body).splitlines() == ["{name}", "{name}", "last"]
    assert dependent_workflow_of("", body).complete


@pytest.mark.parametrize(
    "statements",
    [
        """
            @step.do(name, depends=[previous])
            async def load(result): ...
            previous = load
        """,
        """
            @step.do(name, depends=[previous])
            async def previous(result): ...
        """,
        """
            previous = make(name, previous)
        """,
    ],
)
def test_a_loop_over_constants_declares_a_chain_of_steps(statements: str) -> None:
    body = f"""
        def make(name, required):
            @step.do(name, depends=[required])
            async def load(result): ...
            return load

        previous = a
        for name in ("x", "y"):{statements}
        await previous()
    """
    assert dependent_graph_of("a", body).splitlines() == ["a", "{name}", "{name}"]
    assert dependent_workflow_of("a", body).complete


def test_a_loop_that_starts_steps_with_their_own_dependencies_is_not_unrolled() -> None:
    body = """
        tasks = []
        for name in ("x", "y"):
            @step.do(f"load {name}")
            async def load(): ...

            @step.do(f"store {name}", depends=[load])
            async def store(result): ...
            tasks.append(asyncio.create_task(store()))
        await asyncio.gather(*tasks)
    """
    assert dependent_graph_of("", body) == text("""
        parallel all
          loop
            block
              load {name}
              store {name}
    """)


@pytest.mark.parametrize("item", ["await load(name)", "make_task(load(name))"])
def test_a_loop_that_runs_steps_is_not_unrolled(item: str) -> None:
    body = f"""
async def load(name):
    return await a()

loaded = [{item.replace("make_task", "asyncio.create_task")} for name in ("x", "y")]

@step.do(depends=[b])
async def last(b): ...

await last()
"""
    assert "loop" in dependent_graph_of("a b", body)


@pytest.mark.slow
def test_conditional_dependencies_nest_at_most_four_levels() -> None:
    steps = "s0 s1 " + " ".join(f"s{n}(s{n - 1}, s{n - 2})" for n in range(2, 30))
    body = "\n".join(f"if x: await s{n}()" for n in range(29)) + "\nawait s29()"
    assert dependent_workflow_of(steps, body).step_count < 2_000


def test_a_dependency_on_one_of_several_steps_is_a_branch() -> None:
    body = """
        await a()
        either = a if x else (b if y else c)

        @step.do(depends=[either])
        async def last(given): ...

        await last()
    """
    assert dependent_graph_of("a b c", body) == text("""
        a
        if x
        else
          if y
            b
          else
            c
        last
    """)


def depends_built_by(statements: str, parameters: str) -> str:
    """Return the graph of a step whose `depends` is a list that statements build from the steps a, b and c."""
    body = f"needed = [c]\n{statements}\n@step.do(depends=needed)\nasync def last({parameters}): ...\n\nawait last()"
    return dependent_graph_of("a b c", body)


def test_one_of_two_appended_dependencies_is_a_branch() -> None:
    statements = "if x: needed.append(a)\nelse: needed.append(b)"
    assert depends_built_by(statements, "first, second") == text("""
        c
        if x
          a
        else
          b
        last
    """)


def test_one_of_two_lists_of_dependencies_is_a_switch() -> None:
    assert depends_built_by("needed = [*([a] if x else [b]), c]", "first, second") == text("""
        switch first
        | case a
          a
        | case b
          b
        c
        last
    """)


def test_a_dependency_without_a_parameter_is_missing() -> None:
    assert depends_built_by("if x: needed.append(a)", "only").splitlines() == ["c", "last"]


def test_unmatched_conditional_dependencies_are_reported() -> None:
    statements = "if x: needed.append(a)\nif y: needed.append(b)\nneeded.append(c)\nif z: needed.append(a)"
    body = f"needed = [c]\n{statements}\n@step.do(depends=needed)\nasync def last(p, q, r): ...\n\nawait last()"
    assert "unresolved-dependency" in [note.code for note in dependent_workflow_of("a b c", body).notes]


def test_alternative_dependencies_nest_at_most_four_levels() -> None:
    declared = "".join(
        f"{keyword}:\n    @step.do()\n    async def s2({needs}): ...\n\n"
        for keyword, needs in (("if x", "s0"), ("else", "s1"))
    )
    declared += "".join(f"@step.do()\nasync def s{n}(s{n - 1}, s{n - 2}): ...\n\n" for n in range(3, 12))
    body = declared + "\n".join(f"if y: await s{n}()" for n in range(11)) + "\nawait s11()"
    assert dependent_workflow_of("s0 s1", body).step_count < 1_000


def test_a_step_without_parameters_should_list_no_steps() -> None:
    steps = '@step.do("a")\nasync def a(): ...\n@step.do("b", depends=[a])\nasync def b(): ...\n'
    (note,) = workflow_of_module(HEADER + indent(f"{steps}await b()", " " * 8)).notes
    assert (note.message, note.advice) == (
        "`depends` lists 1 step for no parameters besides `ctx`, so the step 'b' fails with a TypeError.",
        "Remove the steps, or add a parameter for each.",
    )
