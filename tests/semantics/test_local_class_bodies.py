"""Bodies of classes in `run`, whose statements run at the class statement."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text


@pytest.mark.parametrize("call", ["Boot.hook()", "Boot().hook()"])
def test_name_that_changes_after_the_class_statement(call: str) -> None:
    assert graph_of(f"""
        job = a
        class Boot:
            hook = staticmethod(lambda: job())
            first = job
        first = Boot.first
        job = b
        await first()
        await {call}
    """) == text("""
        a
        b
    """)


def test_await_of_a_task_that_a_class_body_starts() -> None:
    assert graph_of("""
        class Boot:
            task = asyncio.create_task(a())
        await b()
        await Boot.task
    """) == text("""
        parallel all
          a [1>3]
          b [1>2]
    """)


@pytest.mark.slow
def test_function_appended_in_a_class_body() -> None:
    assert graph_of("""
        jobs = []
        class Boot:
            jobs.append(a)
        for job in jobs:
            await job()
    """) == text("""
        a
    """)


def test_nonlocal_name_assigned_in_a_class_body() -> None:
    assert graph_of("""
        async def go():
            job = a
            class Boot:
                nonlocal job
                job = b
            await job()
        await go()
    """) == text("""
        call go
        def go
          b
    """)


def test_method_that_a_class_body_defines_on_some_paths() -> None:
    assert graph_of("""
        class Base:
            async def go(self): await a()
        class Boot(Base):
            if event:
                async def go(self): await b()
        await Boot().go()
    """) == text("""
        if event
          call Boot.go
        else
          call Base.go
        def Boot.go
          b
        def Base.go
          a
    """)


def test_name_of_the_function_before_the_class_binds_it() -> None:
    assert graph_of("""
        job = a
        class Boot:
            first = job
            job = b
        await Boot.first()
        await Boot.job()
    """) == text("""
        a
        b
    """)
