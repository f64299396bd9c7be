"""Parameters that name steps with computed names, such as `step.do(f"extract_{source}")`."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import dependent_graph_of, dependent_workflow_of, text

EXTRACT = """
def extract(source):
    @step.do(f"extract_{source}")
    async def inner(): ...
    return inner

"""
EACH = 'for source in ("a", "b"):\n    extract(source)\n'
CONDITIONAL = """
if extract_a has not run
  extract_a
report
"""


def graph_of_extracts(steps: str, body: str) -> str:
    return dependent_graph_of(steps, EXTRACT + textwrap.dedent(body))


def reasons_of(body: str) -> list[str]:
    """Return the reasons for unresolved dependencies."""
    notes = dependent_workflow_of("report(extract_a)", EXTRACT + textwrap.dedent(body)).notes
    return [note.message.rpartition(": ")[2] for note in notes if note.code == "unresolved-dependency"]


def test_parameters_name_steps_of_one_declaration() -> None:
    assert graph_of_extracts("*load(extract_a, extract_b)", EACH + "await load()") == text("""
        parallel all
          extract_a [1>2]
          extract_b [1>2]
        load
    """)


def test_a_step_with_a_computed_name_runs_once() -> None:
    body = EACH + "await report()\nawait load()"
    assert graph_of_extracts("report(extract_a) load(extract_a, extract_b)", body).splitlines() == [
        "extract_a",
        "report",
        "extract_b",
        "load",
    ]


def test_a_loop_declares_steps_with_computed_names() -> None:
    body = 'for source in xs:\n    @step.do("extract_" + source)\n    async def each(): ...\n\nawait report()'
    assert dependent_graph_of("report(extract_a)", body).splitlines() == ["extract_a", "report"]


@pytest.mark.parametrize(
    ("body", "direct"),
    [
        ('first = extract("a")\nextract("b")\nawait first()', "extract_{source}"),
        ("for source in xs:\n    await extract(source)()", "loop\n  extract_{source}"),
        ('first = extract("a")\nif x:\n    await first()', "if x\n  extract_{source}"),
    ],
)
def test_a_direct_run_may_be_the_dependency(body: str, direct: str) -> None:
    assert graph_of_extracts("report(extract_a)", body + "\nawait report()") == text(f"\n{direct}{CONDITIONAL}")


def test_a_loop_may_declare_a_computed_name_again() -> None:
    body = 'extract("a")\nfor x in xs:\n    extract(x)\n    await report()'
    assert graph_of_extracts("report(extract_a)", body) == text(f"\nloop{textwrap.indent(CONDITIONAL, '  ')}")


def test_a_later_declaration_may_have_the_same_computed_name() -> None:
    body = 'extract("a")\nawait report()\nextract(x)\nawait report()'
    assert graph_of_extracts("report(extract_a)", body) == text(CONDITIONAL + CONDITIONAL.lstrip())


def test_paths_may_declare_the_same_computed_name() -> None:
    body = 'if x:\n    extract("a")\nelse:\n    extract("a")\nawait report()'
    assert graph_of_extracts("report(extract_a)", body).splitlines() == ["extract_a", "report"]


def test_overlapping_calls_share_a_computed_name() -> None:
    body = """
        async def work():
            extract("a")
            await report()

        await asyncio.gather(work(), work())
    """
    assert graph_of_extracts("report(extract_a)", body) == text(f"""
        parallel all
          call work [1>2]
          call work [1>2]
        def work
{textwrap.indent(CONDITIONAL.strip(), " " * 10)}
    """)


OTHER = '@step.do(f"{x}_a")\nasync def other(): ...\n'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (OTHER + EACH + "await report()", "the name of the step on line 16 is computed."),
        (EACH + "await report()\n" + OTHER, "the step on line 23 may have the same name."),
    ],
    ids=["earlier", "later"],
)
def test_two_computed_names_that_fit_are_reported(body: str, reason: str) -> None:
    assert reasons_of(body) == [reason]


def test_two_steps_with_the_same_computed_name_are_reported() -> None:
    body = """
        @step.do(f"extract_{source}")
        async def other(): ...

        extract("a")
        await report()
    """
    assert len(reasons_of(body)) == 1


def test_steps_inside_a_step_with_a_computed_name_are_reported() -> None:
    body = """
        def make(source, work):
            @step.do(f"extract_{source}")
            async def inner():
                await work()

        make("a", first)
        make("b", second)
        await first()
        await report()
    """
    notes = dependent_workflow_of("first second report(extract_a)", textwrap.dedent(body)).notes
    assert [note.code for note in notes if note.incomplete] == ["unresolved-dependency"]
