"""Test how the SDK declares, calls and awaits steps."""

from __future__ import annotations

import pytest

from tests.execution.platform import Mode
from tests.execution.run_body import run

MODES: list[Mode] = ["implicit", "legacy"]


@pytest.mark.parametrize("mode", MODES)
def test_step_returns_its_result(mode: Mode) -> None:
    execution = run(
        """
        @step.do("double")
        async def double():
            return 2 * event["payload"]["amount"]

        return await double()
        """,
        mode=mode,
        payload={"amount": 21},
    )
    assert execution.result == 42
    assert [(event.type, event.key) for event in execution.events] == [("start", "double-1"), ("end", "double-1")]


@pytest.mark.parametrize("mode", MODES)
def test_default_argument_is_an_error(mode: Mode) -> None:
    execution = run(
        """
        for i in range(2):
            @step.do(f"page {i}")
            async def page(i=i):
                return i

            await page()
        """,
        mode=mode,
    )
    assert isinstance(execution.error, TypeError)
    assert execution.started == []


def test_unknown_parameter_is_named_in_the_error() -> None:
    execution = run("""
        @step.do("first")
        async def first():
            return 1

        @step.do("second")
        async def second(results):
            return results

        await second()
    """)
    assert repr(execution.error) == "TypeError('Received unexpected parameter results')"


def test_parameter_matches_the_step_name() -> None:
    source = """
        @step.do("fetch")
        async def load():
            return 1

        @step.do("use")
        async def use({parameter}):
            return {parameter} + 1

        return await use()
    """
    assert run(source.replace("{parameter}", "fetch")).result == 2
    assert isinstance(run(source.replace("{parameter}", "load")).error, TypeError)


def test_depends_is_an_error_in_implicit_mode() -> None:
    assert isinstance(run('step.do("a", depends=[])').error, TypeError)


def test_depends_is_positional_in_legacy_mode() -> None:
    execution = run(
        """
        @step.do("a")
        async def a():
            return 1

        @step.do("b")
        async def b():
            return 2

        @step.do("both", depends=[b, a])
        async def both(first, ctx, second):
            return [first, second]

        return await both()
        """,
        mode="legacy",
    )
    assert execution.result == [2, 1]


@pytest.mark.parametrize("depends", ["None", "[]", "[a]", "[a, a, a]", "[a, len]", "['a', 'a']"])
def test_depends_must_match_the_parameters(depends: str) -> None:
    execution = run(
        f"""
        @step.do("a")
        async def a():
            return 1

        @step.do("both", depends={depends})
        async def both(first, ctx, second):
            return 2

        await both()
        """,
        mode="legacy",
    )
    assert isinstance(execution.error, TypeError)
    assert "both-1" not in execution.started


def test_step_of_a_plain_function() -> None:
    assert run('return await step.do("a")(lambda: 1)()').result == 1


def test_nested_step() -> None:
    execution = run("""
        @step.do("outer")
        async def outer():
            return await step.do("inner")(lambda: 1)()

        return await outer()
    """)
    assert execution.result == 1
    assert [(event.type, event.key) for event in execution.events] == [
        ("start", "outer-1"),
        ("start", "inner-1"),
        ("end", "inner-1"),
        ("end", "outer-1"),
    ]


def test_step_name_is_required_in_legacy_mode() -> None:
    source = """
        @step.do()
        async def a():
            return 1

        return await a()
    """
    assert run(source).started == ["a-1"]
    assert isinstance(run(source, mode="legacy").error, TypeError)


@pytest.mark.parametrize("mode", MODES)
def test_bare_decorator_fails_at_the_call(mode: Mode) -> None:
    execution = run(
        """
        @step.do
        async def a():
            return 1

        await a()
        """,
        mode=mode,
    )
    assert isinstance(execution.error, TypeError)


@pytest.mark.parametrize("mode", MODES)
def test_javascript_signature_is_an_error(mode: Mode) -> None:
    execution = run(
        """
        async def work():
            return 1

        await step.do("work", work)
        """,
        mode=mode,
    )
    assert isinstance(execution.error, TypeError)


@pytest.mark.parametrize("mode", MODES)
def test_step_takes_no_arguments(mode: Mode) -> None:
    execution = run(
        """
        @step.do("double")
        async def double(n):
            return 2 * n

        await double(1)
        """,
        mode=mode,
    )
    assert isinstance(execution.error, TypeError)


def test_step_without_await_never_starts() -> None:
    execution = run("""
        @step.do("lost")
        async def lost():
            return 1

        lost()
    """)
    assert not execution.failed
    assert execution.started == []
    assert [warning.endswith("was never awaited") for warning in execution.warnings] == [True]


def test_wait_without_await_never_starts() -> None:
    execution = run('step.wait_for_event("approval", "approved")')
    assert execution.started == []
    assert len(execution.warnings) == 1


@pytest.mark.parametrize("call", ['step.sleep("pause", 1)', 'step.sleep_until("pause", 1785542400000)'])
def test_sleep_starts_at_the_call(call: str) -> None:
    execution = run(call)
    assert execution.started == ["pause-1"]
    assert execution.warnings == []


def test_sleep_takes_no_keywords() -> None:
    assert run('await step.sleep(name="pause", duration=1000)').failed
    assert run('await step.sleep("pause", duration=1000)').failed


def test_sleep_cannot_become_a_task() -> None:
    assert isinstance(run('asyncio.create_task(step.sleep("pause", 1000))').error, TypeError)


def test_dependency_declared_later() -> None:
    execution = run("""
        @step.do("second")
        async def second(first):
            return first + 1

        @step.do("first")
        async def first():
            return 1

        return await second()
    """)
    assert execution.result == 2
    assert execution.started == ["first-1", "second-1"]


def test_cyclic_dependencies_raise_recursion_error() -> None:
    execution = run("""
        @step.do("a")
        async def a(b):
            pass

        @step.do("b")
        async def b(a):
            pass

        await a()
    """)
    assert isinstance(execution.error, RecursionError)


def test_direct_call_always_runs_the_step() -> None:
    execution = run("""
        @step.do("a")
        async def a():
            pass

        await a()
        await a()
    """)
    assert execution.started == ["a-1", "a-2"]


def test_direct_call_provides_the_dependency() -> None:
    execution = run("""
        @step.do("a")
        async def a():
            return 1

        @step.do("b")
        async def b(a):
            return a

        await a()
        return await b()
    """)
    assert execution.started == ["a-1", "b-1"]
    assert execution.result == 1


_DIAMOND = """
    @step.do("root")
    async def root():
        pass

    @step.do("shared")
    async def shared(root):
        pass

    @step.do("left")
    async def left(shared):
        pass

    @step.do("right")
    async def right(shared):
        pass

    @step.do("last", concurrent={concurrent})
    async def last(left, right):
        pass

    await last()
"""


def test_shared_dependency_runs_twice_if_concurrent() -> None:
    assert sorted(run(_DIAMOND.format(concurrent=True)).started) == [
        "last-1",
        "left-1",
        "right-1",
        "root-1",
        "shared-1",
        "shared-2",
    ]


def test_shared_dependency_runs_once_if_sequential() -> None:
    assert run(_DIAMOND.format(concurrent=False)).started == ["root-1", "shared-1", "left-1", "right-1", "last-1"]


def test_concurrent_applies_to_direct_dependencies() -> None:
    source = """
        @step.do("a")
        async def a():
            pass

        @step.do("b")
        async def b():
            pass

        @step.do("both", concurrent={concurrent})
        async def both(a, b):
            pass

        await both()
    """
    durations = {"a": 2, "b": 1, "both": 1}
    ends = {
        concurrent: [
            (event.key, event.at)
            for event in run(source.replace("{concurrent}", concurrent), takes=lambda name, *_: durations[name]).events
            if event.type == "end"
        ]
        for concurrent in ("True", "False")
    }
    assert ends == {
        "True": [("b-1", 1), ("a-1", 2), ("both-1", 3)],
        "False": [("a-1", 2), ("b-1", 3), ("both-1", 4)],
    }


def test_siblings_of_a_failed_dependency_continue() -> None:
    execution = run(
        """
        @step.do("bad", config={"retries": {"limit": 0, "delay": 0}})
        async def bad():
            raise ValueError("bad")

        @step.do("slow")
        async def slow():
            pass

        @step.do("both", concurrent=True)
        async def both(bad, slow):
            pass

        await both()
        """,
        takes=lambda name, *_: 5 if name == "slow" else 0,
        finish=True,
    )
    assert isinstance(execution.error, ValueError)
    assert "both-1" not in execution.started


def test_last_step_of_a_name_is_the_dependency() -> None:
    execution = run("""
        @step.do("a")
        async def first():
            return 1

        @step.do("a")
        async def last():
            return 2

        @step.do("b")
        async def b(a):
            return a

        return await b()
    """)
    assert execution.result == 2


def test_step_continues_after_wait_for_times_out() -> None:
    execution = run(
        """
        @step.do("slow")
        async def slow():
            return 1

        try:
            await asyncio.wait_for(slow(), 1)
        except TimeoutError:
            pass
        return await slow()
        """,
        takes=lambda *_: 5,
    )
    assert [(event.type, event.key, event.at) for event in execution.events] == [
        ("start", "slow-1", 0),
        ("start", "slow-2", 1),
        ("end", "slow-1", 5),
        ("end", "slow-2", 6),
    ]
    assert execution.result == 1


def test_warning_for_coroutine_held_by_an_error() -> None:
    execution = run("""
        async def charge():
            return 1

        await step.do("charge")(charge())()
    """)
    assert str(execution.error).endswith("is not a callable object")
    assert execution.warnings == ["coroutine 'Workflow.run.<locals>.charge' was never awaited"]
