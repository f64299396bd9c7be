"""Details of the exits and ends of code."""

from __future__ import annotations

import pytest

from stepgraph.model.details import parts_of
from stepgraph.render.outline import render_outline
from stepgraph.render.view import View
from tests.semantics.details import details_of
from tests.semantics.notation import workflow_of as workflow_of_body


@pytest.mark.parametrize(
    ("clauses", "outline"),
    [
        ("except* ValueError:\n    await b()", ["├─ ◇ if ValueError", "│  └─ ● b", "└─ ◇ if any other error: raise"]),
        ("except* Exception:\n    await b()\n    raise", ["├─ ● b", "└─ ✕ raise  not caught here"]),
    ],
)
def test_errors_that_no_clause_catches_are_raised_again(clauses: str, outline: list[str]) -> None:
    workflow = workflow_of_body(f"try:\n    await a()\n{clauses}\nawait c()")
    assert workflow.graph is not None
    lines = render_outline(workflow.graph, View(details=workflow.details), color=False).splitlines()
    assert [line.removeprefix("│  ") for line in lines[4:-1] if line] == outline


@pytest.mark.parametrize(
    "statement", ['return {"ok": True}', 'raise ValueError("no")', 'raise ValueError("no") from None', "return"]
)
def test_an_exit_has_its_statement(statement: str) -> None:
    assert details_of(f"if event:\n    {statement}\nawait a()") == [statement]


def test_uncaught_exceptions_are_raised_again() -> None:
    assert details_of("try:\n    await a()\nexcept KeyError:\n    await b()\nawait c()")[-1] == "raise"


def endings_of(body: str) -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """Return the type or condition, the ending and the guards of each part that has either, in document order."""
    workflow = workflow_of_body(body)
    assert workflow.graph is not None
    details = ((part, workflow.details.of(part)) for part in parts_of(workflow.graph))
    return [
        (str(part.get("type", part.get("condition", "workflow"))), detail.final_raise, detail.guards)
        for part, detail in details
        if detail.ends_by_raise
    ]


def test_a_handler_that_raises_again_has_an_ending() -> None:
    body = """
        try:
            try:
                await a()
            except Exception:
                await b()
                raise
        except Exception:
            await c()
    """
    assert endings_of(body) == [("block", "raise", ())]


def test_a_branch_has_the_raise_that_a_handler_catches() -> None:
    body = "try:\n    if event: raise KeyError(1)\n    await a()\nexcept KeyError:\n    await b()"
    assert endings_of(body) == [("event", "raise KeyError(1)", ())]


def test_the_workflow_shows_a_conditional_raise_at_its_end() -> None:
    assert endings_of("await a()\nif event: raise KeyError") == [("workflow", "", (("event", "raise KeyError"),))]


def test_a_function_shows_a_conditional_raise_at_its_end() -> None:
    body = "async def go():\n    await a()\n    if event: raise KeyError\nawait go()\nawait b()"
    assert endings_of(body) == [("function_def", "", (("event", "raise KeyError"),))]


def final_jumps_of(body: str) -> list[tuple[str, str, bool]]:
    """Return the condition or type, the final jump and the certainty of each part that has one of the latter two."""
    workflow = workflow_of_body(body)
    assert workflow.graph is not None
    details = ((part, workflow.details.of(part)) for part in parts_of(workflow.graph))
    return [
        (str(part.get("type", part.get("condition", "workflow"))), detail.final_jump, detail.is_certain)
        for part, detail in details
        if detail.final_jump or detail.is_certain
    ]


def test_a_workflow_has_its_last_return() -> None:
    assert final_jumps_of("x = await a()\nreturn x") == [("workflow", "return x", False)]


def test_a_function_has_no_last_return() -> None:
    assert final_jumps_of("async def go():\n    return await a()\nawait go()") == []


@pytest.mark.parametrize("leaving", ["raise ValueError", "if x: raise ValueError"])
def test_a_function_has_the_returns_that_skip_its_raise(leaving: str) -> None:
    body = (
        f"async def go(x):\n    if x:\n        await a()\n        return 1\n    {leaving}\nawait go(event)\nawait b()"
    )
    assert final_jumps_of(body) == [("x", "return 1", False)]


def test_a_function_whose_returns_skip_no_raise_has_none() -> None:
    body = (
        "async def go():\n    try:\n        return await a()\n    except Exception:\n        raise KeyError\nawait go()"
    )
    assert final_jumps_of(body) == []


@pytest.mark.slow
def test_a_branch_has_its_continue() -> None:
    body = "for x in event:\n    if x:\n        await a()\n        continue\n    await b()"
    assert final_jumps_of(body) == [("x", "continue", False)]


def test_code_always_runs_if_the_ends_of_other_paths_are_shown() -> None:
    body = "for x in event:\n    try:\n        await a()\n    except Exception:\n        continue\n    await b()"
    assert final_jumps_of(body) == [("block", "continue", False), ("no continue", "", True)]


def test_a_continue_before_a_finally_with_steps_is_a_remark() -> None:
    body = """
        for x in event:
            try:
                if x:
                    await a()
                    continue
            finally:
                await b()
            await c()
    """
    workflow = workflow_of_body(body)
    assert workflow.graph is not None
    remarks = {str(part.get("condition")): workflow.details.remarks(part) for part in parts_of(workflow.graph)}
    assert final_jumps_of(body) == []
    assert (remarks["x"], remarks["no continue"]) == (("continue, after finally",), ())


@pytest.mark.parametrize("leaving", ["break", "continue"])
def test_no_branch_has_a_jump_before_the_rest_of_a_manager(leaving: str) -> None:
    body = f"""
        @contextlib.asynccontextmanager
        async def lease():
            yield
            await a()

        for x in event:
            async with lease():
                if x:
                    {leaving}
                await b()
            await c()
    """
    assert final_jumps_of(body) == ([] if leaving == "break" else [("x", "continue", False)])


def test_no_branch_has_the_return_of_a_generator() -> None:
    body = """
        async def items():
            if event:
                yield await a()
                return
            yield await b()

        async for x in items():
            await c()
    """
    assert final_jumps_of(body) == []


def test_a_continue_before_a_finally_without_steps_is_an_ending() -> None:
    body = (
        "for x in event:\n    try:\n        await a()\n        if x: continue\n        await b()\n    finally: print(x)"
    )
    assert final_jumps_of(body) == [("x", "continue", False)]


def test_a_continue_of_a_loop_in_a_try_runs_no_finally() -> None:
    body = """
        try:
            for x in event:
                if x:
                    await a()
                    continue
                await b()
        finally:
            await c()
    """
    assert final_jumps_of(body) == [("x", "continue", False)]


def test_code_may_be_skipped_if_an_end_is_not_shown() -> None:
    body = "for x in event:\n    if x: continue\n    elif event: print(x)\n    await b()"
    assert final_jumps_of(body) == []


def test_code_is_certain_after_a_loop_that_a_shown_raise_leaves() -> None:
    body = """
        try:
            for x in event:
                await a()
                if x: raise KeyError
            await b()
        except KeyError:
            await c()
    """
    assert final_jumps_of(body) == [("no exception", "", True)]


def test_a_continue_in_a_finally_drops_errors() -> None:
    workflow = workflow_of_body("for x in event:\n    try:\n        await a()\n    finally:\n        continue")
    assert workflow.graph is not None
    assert not any(workflow.details.of(part).is_unhandled for part in parts_of(workflow.graph))


def test_a_raise_with_a_node_is_not_an_ending() -> None:
    assert endings_of("if event: raise KeyError\nawait a()") == []
