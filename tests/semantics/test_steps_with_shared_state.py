"""Steps whose bodies run at the same time and read variables that other steps write."""

from __future__ import annotations

from tests.semantics.notation import notation, text, workflow_of

STATE = """
        chosen = a

        @step.do("switch")
        async def switch():
            nonlocal chosen
            chosen = b

        @step.do("use")
        async def use():
            await chosen()
"""


def uses_both_values(code: str) -> bool:
    """Return whether the workflow is complete, and the step `use` may run the steps `a` and `b`."""
    workflow = workflow_of(STATE + code)
    graph = notation(workflow.graph)
    choice = graph[graph.index("use") :]
    return workflow.complete and all(f"case {name}\n" in choice for name in "ab")


def test_step_that_reads_what_a_later_member_of_a_gather_writes() -> None:
    assert uses_both_values("        await asyncio.gather(use(), switch())")


def test_step_reads_writes_of_an_earlier_gather_member() -> None:
    assert uses_both_values("        await asyncio.gather(switch(), use())")


def test_task_of_a_step_that_reads_what_an_awaited_step_writes() -> None:
    assert uses_both_values("        task = asyncio.create_task(use())\n        await switch()\n        await task")


def test_step_that_runs_after_the_step_that_writes() -> None:
    workflow = workflow_of(STATE + "        await switch()\n        await use()")
    assert notation(workflow.graph) == text("""
        switch
        use
          b
    """)


def test_concurrent_dependency_reads_writes_of_a_later_one() -> None:
    code = """
        @step.do("both", concurrent=True)
        async def both(use, switch):
            return 1

        await both()
    """
    assert uses_both_values(code)


def test_concurrent_dependency_reads_writes_of_an_earlier_one() -> None:
    code = """
        @step.do("both", concurrent=True)
        async def both(switch, use):
            return 1

        await both()
    """
    assert uses_both_values(code)


def test_sequential_dependency_reads_writes_of_an_earlier_one() -> None:
    workflow = workflow_of(
        STATE
        + """
        @step.do("both")
        async def both(switch, use):
            return 1

        await both()
    """
    )
    assert notation(workflow.graph) == text("""
        switch
        use
          b
        both
    """)


def test_dependency_of_a_task_reads_writes_of_another_task() -> None:
    code = """
        @step.do("last")
        async def last(use):
            return 1

        await asyncio.gather(last(), switch())
    """
    assert uses_both_values(code)


def test_concurrent_dependency_that_is_one_of_two_steps() -> None:
    code = """
        if x:
            @step.do("first")
            async def first(use):
                return 1
        else:
            @step.do("first")
            async def first():
                return 1

        @step.do("both", concurrent=True)
        async def both(first, switch):
            return 1

        await both()
    """
    assert uses_both_values(code)


def test_shared_dependency_of_concurrent_dependencies() -> None:
    """The step `switch` may begin as a dependency of `both`, while `use` runs for `first`."""
    code = """
        @step.do("first")
        async def first(use, switch):
            return 1

        @step.do("both", concurrent=True)
        async def both(first, switch):
            return 1

        await both()
    """
    assert uses_both_values(code)


def test_step_that_changes_a_variable_after_it_reads_it() -> None:
    """If the step `c` fails, the next attempt of `use` reads the value that the first attempt wrote."""
    workflow = workflow_of("""
        chosen = a

        @step.do("use")
        async def use():
            nonlocal chosen
            await chosen()
            chosen = b
            await c()

        await use()
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        use
          switch chosen
          | case a
            a
          | case b
            b
          c
    """)


def test_step_that_changes_a_variable_before_it_reads_it() -> None:
    workflow = workflow_of("""
        chosen = a

        @step.do("use")
        async def use():
            nonlocal chosen
            chosen = b
            await chosen()

        await use()
    """)
    assert notation(workflow.graph) == text("""
        use
          b
    """)


def test_step_that_changes_a_variable_before_it_raises() -> None:
    """The next attempt of `use`, and code after the call, read the value that the failed attempt wrote."""
    workflow = workflow_of("""
        chosen = a

        @step.do("use")
        async def use():
            nonlocal chosen
            try:
                await chosen()
            except Exception:
                chosen = b
                raise

        await use()
        await chosen()
    """)
    choice = text("""
        switch chosen
        | case a
          a
        | case b
          b
    """)
    assert workflow.complete
    assert notation(workflow.graph).endswith(choice)
    assert notation(workflow.graph).count("case b") == 2
