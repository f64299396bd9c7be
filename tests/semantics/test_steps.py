"""Steps appear at their calls, not at their declarations."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, graph_of_module, text, workflow_of


def test_a_step_is_at_its_call() -> None:
    assert graph_of("""
        alias = b
        kept = {"x": c}
        self.d = d
        steps = [a]
        await alias()
        await kept["x"]()
        await self.d()
        await steps[0]()
        await functools.partial(a)()
        await step.do("direct")(lambda: 1)()
    """).splitlines() == ["b", "c", "d", "a", "a", "direct"]


@pytest.mark.slow
def test_steps_in_a_step_are_nested_in_it() -> None:
    assert graph_of("""
        @step.do("outer")
        async def outer():
            if await a():
                await step.sleep("inside", 1)

        await outer()
    """) == text("""
        outer
          a
          if await a()
            sleep 'inside' 1
    """)


def test_a_step_that_is_not_awaited_does_not_run_and_is_reported() -> None:
    workflow = workflow_of("a()\nawait b()")
    assert [(note.code, note.incomplete) for note in workflow.notes] == [("never-awaited", False)]
    assert workflow.complete


def test_a_sleep_without_await_is_pending() -> None:
    assert graph_of("""
        step.sleep("timer", 1)
        await a()
    """) == text("""
        parallel all
          sleep 'timer' 1 [1>]
          a [1>2]
    """)


def test_a_sleep_ends_at_its_await() -> None:
    assert graph_of("""
        timer = step.sleep("timer", 1)
        await a()
        await timer
        await b()
    """) == text("""
        parallel all
          sleep 'timer' 1 [1>3]
          a [1>2]
        b
    """)


def test_a_plain_function_can_be_a_step_and_its_name_the_name() -> None:
    assert (
        graph_of_module("""
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                @step.do()
                def plain():
                    return 1

                await plain()
    """)
        == "plain"
    )


def test_a_step_of_a_factory_appears_at_its_call() -> None:
    assert graph_of("""
        def make(i):
            @step.do(f"part {i}")
            async def part():
                return i
            return part

        first = make(1)
        for i in rows:
            await make(i)()
        await first()
    """) == text("""
        loop
          part {i}
        part {i}
    """)


def test_awaiting_a_decorator_runs_nothing_and_is_reported() -> None:
    workflow = workflow_of('await step.do("x", a)\nawait b()')
    assert [note.code for note in workflow.notes] == ["decorator-awaited"]


def test_the_body_of_a_step_is_structured_like_any_other() -> None:
    assert graph_of("""
        @step.do("outer")
        async def outer():
            async with lock:
                await a()
            for row in rows:
                if row.skip:
                    continue
                await b()
            return 1

        await outer()
    """) == text("""
        outer
          a
          loop
            if row.skip
            else
              b
    """)


def test_a_choice_of_sleeps_is_awaited_where_it_is_made() -> None:
    assert graph_of("""
        pause = step.sleep if short else step.sleep_until
        await pause("rest", 1)
        await (step.sleep("one", 1) if short else step.sleep("two", 2))
    """) == text("""
        if short
          sleep 'rest' 1
        else
          until 'rest' '1'
        if short
          sleep 'one' 1
        else
          sleep 'two' 2
    """)


def test_steps_in_all_parts_of_an_unpacked_tuple() -> None:
    assert graph_of("""
        first, *rest, last = [a, b, c]
        await last()
        for each in rest:
            await each()
    """).splitlines() == ["c", "b"]


def test_a_step_object_that_is_set_late_is_the_step_object() -> None:
    assert (
        graph_of("""
        self.kept = None
        if self.kept is None:
            self.kept = step
        await self.kept.sleep("x", 1)
    """)
        == "sleep 'x' 1"
    )


def test_a_method_coroutine_without_await_is_reported() -> None:
    workflow = workflow_of("""
        async def helper(s):
            await s.sleep("x", 1)

        helper(step)
        await a()
    """)
    assert [note.code for note in workflow.notes] == ["never-awaited"]


def test_a_step_of_a_step_function_contains_that_step() -> None:
    assert graph_of('await step.do("outer")(a)()') == text("""
        outer
          a
    """)


def test_a_cast_returns_its_argument() -> None:
    assert (
        graph_of("""
        import typing

        await typing.cast("Callable", a)()
    """)
        == "a"
    )


def test_steps_in_a_deletion_run() -> None:
    assert graph_of("del (await a()).part, rows[await b()]").split() == ["a", "b"]


def test_a_deleted_name_is_not_a_step() -> None:
    assert (
        graph_of("""
        fn = a
        del fn
        fn = b
        await fn()
    """)
        == "b"
    )


@pytest.mark.parametrize("handed", ["setattr(elsewhere, 'step', step)", "functools.partial(elsewhere, a)"])
def test_steps_passed_through_builtins_to_external_code(handed: str) -> None:
    assert [note.code for note in workflow_of(handed).notes] == ["escapes"]


def test_an_unknown_attribute_of_external_code_is_not_a_step() -> None:
    assert graph_of("getattr(elsewhere, name)()\nawait a()") == "a"


@pytest.mark.parametrize(
    "body",
    [
        "fns = [a, b]\nfor fn in fns[1:]:\n    await fn()",
        'table = {"k": a}\nalias = table\nalias["k"] = b\nawait table["k"]()',
        "fn = a\nfn = b\nawait fn()",
        "self.fn = a\nself.fn = b\nawait self.fn()",
        "fns = [b, a]\nfns.pop()\nfor fn in fns:\n    await fn()",
        "fns = [a, b]\nawait fns[1]()",
        'table = {"k": a, "l": b}\nawait table["l"]()',
        'table = {"k": a, "l": b}\nawait table.get("l")()',
        'table = {"k": a, "l": b}\ntable.pop("k")\nfor fn in table.values():\n    await fn()',
        'table = {"k": a, "l": b}\ndel table["k"]\nfor fn in table.values():\n    await fn()',
        'table = {**{"k": a}, "k": b}\nawait table["k"]()',
        "fns = [a]\nfns.clear()\nfns.append(b)\nfor fn in fns:\n    await fn()",
        "fns = [a]\nfns = [b]\nfor fn in fns:\n    await fn()",
        "self.fns = {1: a}\nself.fns = {}\nself.fns[2] = b\nfor fn in self.fns.values():\n    await fn()",
    ],
)
def test_a_step_that_is_replaced_or_left_out_is_not_lost(body: str) -> None:
    assert graph_of(body) == "b"
    assert workflow_of(body).notes == ()


@pytest.mark.parametrize(
    "body",
    [
        "fns = []\nfor fn in (a, b):\n    fns.append(lambda: fn())\nfor f in fns:\n    await f()",
        "fns = [lambda: fn() for fn in (a, b)]\nfor f in fns:\n    await f()",
    ],
)
def test_a_closure_calls_the_last_value_of_its_variable(body: str) -> None:
    assert graph_of(body) == "b\nb"
    assert workflow_of(body).notes == ()


@pytest.mark.parametrize(
    "body",
    [
        "await b()\nreturn\nawait a()",
        "await b(); return; await a()",
        "if x:\n    return await b()\nelif y:\n    raise ValueError\nelse:\n    return\nawait a()",
        "await b()\nmatch x:\n    case 1:\n        return\n    case _:\n        return\nawait a()",
        "while True:\n    await b()\nawait a()",
        "try:\n    await b()\nfinally:\n    return\nawait a()",
        "try:\n    return await b()\nexcept ValueError:\n    raise KeyError\nawait a()",
        "await b()\nif False:\n    await a()",
        "if not TYPE_CHECKING:\n    await b()\nelse:\n    await a()",
        "if True:\n    await b()\nelif x:\n    await a()",
        "await b()\nwhile False:\n    await a()",
        "while True:\n    await b()\nelse:\n    await a()",
        "while x:\n    await b()\nelse:\n    return\nawait a()",
        "for x in xs:\n    await b()\nelse:\n    raise ValueError\nawait a()",
        "with lock:\n    return await b()\nawait a()",
        "try:\n    return await b()\nexcept ValueError:\n    pass\nelse:\n    await a()",
        "await a() if False else await b()",
        "await b() if True else await a()",
        "True or await a()\nFalse and await a()\nawait b()",
    ],
)
def test_a_step_of_unreachable_code_is_not_lost(body: str) -> None:
    assert workflow_of(body).notes == ()


@pytest.mark.parametrize(
    "body",
    [
        "async def unused():\n    await a()\n\nawait b()",
        "async def one():\n    await a()\n    await two()\n\nasync def two():\n    await one()\n\nawait b()",
        "async def timed(a):\n    return await a\n\nawait timed(b())",
        "timed = lambda a: a()\nawait timed(b)",
    ],
)
def test_a_step_of_unused_functions_is_not_lost(body: str) -> None:
    assert workflow_of(body).notes == ()


def test_a_step_of_a_function_that_escapes_is_lost() -> None:
    body = "import lib\nasync def go():\n    await a()\n\nlib.hooks[0] = go\nawait b()"
    assert [note.code for note in workflow_of(body).notes] == ["escapes"]


def test_a_decorator_called_without_a_function_runs_no_step() -> None:
    body = "@step.do\nasync def e(): ...\n\nawait e()\nawait b()"
    assert graph_of(body) == "b"
    assert [note.code for note in workflow_of(body).notes] == ["decorator-misuse"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("fns = [a]\nmore = weird + fns\nawait c()", "escapes"),
        ("table = dict(weird, a=a)\nawait table['k']()\nawait c()", "lost-step"),
    ],
)
def test_a_step_that_is_lost_sight_of_is_reported(body: str, code: str) -> None:
    assert [note.code for note in workflow_of(body).notes] == [code]


def test_iscoroutinefunction_decides_a_test() -> None:
    body = """
    import inspect

    async def call(fn):
        if asyncio.iscoroutinefunction(fn):
            return await fn()
        return fn()

    async def later(fn):
        result = fn()
        if inspect.isawaitable(result):
            result = await result
        return result

    async def one():
        await b()

    def plain():
        return 1

    await call(a)
    await call(one)
    await call(plain)
    await later(c)
    await later(lambda: 1)
    """
    assert graph_of(body) == text("""
        call call(a)
        call call(one)
        call later(c)
        def call(a)
          a
        def call(one)
          call one
        def one
          b
        def later(c)
          c
    """)
    assert workflow_of(body).notes == ()


def graph_after_load(change: str, use: str, settings: str = "") -> str:
    """Return the graph of code that runs after a step changes variables and may fail."""
    return graph_of(f"""
        hooks, first, second = [], b, c

        @step.do("load"{settings})
        async def load():
            nonlocal first, second
            {change}
            if missing():
                raise ValueError

        await load()
        {use}
    """)


def test_a_retried_step_changes_a_list_again() -> None:
    assert graph_after_load("hooks.append(a)", "for hook in hooks: await hook()") == text("""
        load
        loop
          a
    """)


def test_a_retried_step_may_swap_again() -> None:
    assert graph_after_load("first, second = second, first", "await first()") == text("""
        load
        switch second
        | case c
          c
        | case b
          b
    """)


def test_a_step_without_retries_changes_a_list_once() -> None:
    settings = ', config={"retries": {"limit": 0}}'
    assert graph_after_load("hooks.append(a)", "for hook in hooks: await hook()", settings) == text("""
        load
        a
    """)


def test_a_retried_step_may_set_the_same_value_again() -> None:
    assert graph_after_load("hooks[:] = [a]", "for hook in hooks: await hook()") == text("""
        load
        a
    """)


RENAMED = """
def rename(function):
    function.__name__ = event
    return function
"""


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("async def job(): pass\njob.__name__ = event\nawait step.do()(job)()", "{job.__name__}"),
        ("async def job(): pass\nsetattr(job, '__name__', event)\nawait step.do()(job)()", "{job.__name__}"),
        ("async def job(): pass\nfunctools.update_wrapper(job, len)\nawait step.do()(job)()", "{job.__name__}"),
        (f"{RENAMED}@step.do()\n@rename\nasync def job(): pass\nawait job()", "{job.__name__}"),
        ("await step.do()(lambda: None)()", "<lambda>"),
    ],
)
def test_the_name_of_a_renamed_function(code: str, name: str) -> None:
    assert graph_of(code) == name


def test_advice_on_a_call_in_a_synchronous_function() -> None:
    workflow = workflow_of("""
        @step.do("a")
        async def a(): ...

        def start():
            a()

        start()
    """)

    (note,) = workflow.notes
    assert note.advice == "Make `start` an async function: await this call in it, and each call of it."
