"""The handlers and the code after awaits of groups and of tasks that began before."""

from __future__ import annotations

import pytest

from tests.instances.instance_logs import step
from tests.instances.source_workflows import next_of, opened, workflow_of


def test_handler_does_not_run_after_success_of_an_awaited_task() -> None:
    body = """
        import asyncio
        task = asyncio.create_task(do_a())
        await do_b()
        try:
            await task
        except Exception:
            await do_h()
        await do_c()
    """
    following = next_of(workflow_of(body), step("a-1", 0, 5), opened("b-1", 10))
    assert following == {"h": "if the code raises an exception", "c": "after `b-1`"}


def test_handler_does_not_run_after_earlier_member_failures() -> None:
    body = """
        import asyncio
        first = asyncio.create_task(do_a())
        second = asyncio.create_task(do_b())
        await first
        await do_c()
        try:
            await second
        except Exception:
            await do_h()
    """
    following = next_of(workflow_of(body), step("a-1", 0, 5), opened("b-1", 1), opened("c-1", 10))
    assert following == {"h": "if `b-1` fails"}


def test_finally_after_an_awaited_task_needs_no_failure() -> None:
    body = """
        import asyncio
        task = asyncio.create_task(do_a())
        await do_b()
        try:
            await task
        except Exception:
            await do_h()
        finally:
            await do_f()
    """
    following = next_of(workflow_of(body), opened("a-1"), step("b-1", 10, 15))
    assert following == {"h": "if `a-1` fails", "f": "after `a-1`"}


@pytest.mark.parametrize(
    ("group", "following"),
    [
        ("await asyncio.gather(do_a(), do_b())", {"h": ""}),
        ("async with asyncio.TaskGroup() as tasks: tasks.create_task(do_a()); tasks.create_task(do_b())", {"h": ""}),
        ("await asyncio.wait({do_a(), do_b()}, return_when=asyncio.FIRST_EXCEPTION)", {"c": "", "h": ""}),
    ],
)
def test_the_error_of_a_member_leaves_its_group(group: str, following: dict[str, str]) -> None:
    body = f"""
        import asyncio
        try:
            {group}
            await do_c()
        except Exception:
            await do_h()
    """
    assert next_of(workflow_of(body), step("a-1", 0, 5, "no"), step("b-1", 1, 8)) == following
