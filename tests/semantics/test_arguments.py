"""Binding of arguments to parameters, including `*args` and `**kwargs`."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of

PARALLEL = """
async def one(x):
    await a()

async def two(x):
    await b()

async def parallel(*coros):
    return await asyncio.gather(*coros)

async def in_turn(*coros):
    for coro in coros:
        await coro

xs = event["payload"]["xs"]
"""


def test_star_args_of_unknown_length_are_gathered() -> None:
    expected = text("""
        call parallel(one)
        c
        def parallel(one)
          parallel all
            loop
              call one [1>2]
        def one
          a
    """)
    for arguments in ("*(one(x) for x in xs)", "*[one(x) for x in xs]", "*tuple(one(x) for x in xs)"):
        assert graph_of(f"{PARALLEL}\nawait parallel({arguments})\nawait c()") == expected


def test_star_args_of_unknown_length_are_awaited_in_turn() -> None:
    assert graph_of(PARALLEL + "\nawait in_turn(*[one(x) for x in xs])") == text("""
        call in_turn(one)
        def in_turn(one)
          loop
            call one
        def one
          a
    """)


def test_one_argument_and_many_are_different_calls() -> None:
    assert graph_of(PARALLEL + "\nawait parallel(one(1))\nawait parallel(*[one(x) for x in xs])") == text("""
        call parallel(one)
        call parallel(one) #2
        def parallel(one)
          call one
        def one
          a
        def parallel(one) #2
          parallel all
            loop
              call one [1>2]
    """)


@pytest.mark.parametrize("call", ["limited([a(), b()], 5)", "limited((a(), b()), n=5)"])
def test_an_argument_from_an_enclosing_function_is_named_once(call: str) -> None:
    limited = """
        async def limited(coroutines, n):
            limit = asyncio.Semaphore(n)
            async def guard(coroutine):
                async with limit:
                    return await coroutine
            return await asyncio.gather(*(guard(each) for each in coroutines))
    """
    assert graph_of(f"{textwrap.dedent(limited)}\nawait {call}") == text("""
        call limited(a, b)
        def limited(a, b)
          parallel all
            call guard(a) [1>2]
            call guard(b) [1>2]
        def guard(a)
          a
        def guard(b)
          b
    """)


def test_star_args_after_other_arguments() -> None:
    assert graph_of(PARALLEL + "\nawait parallel(two(1), *[one(x) for x in xs])") == text("""
        call parallel(two, one)
        def parallel(two, one)
          parallel all
            call two [1>2]
            loop
              call one [1>2]
        def two
          b
        def one
          a
    """)


def test_parameters_before_star_args_may_take_any_of_them() -> None:
    body = """
    async def first_then(first, *others):
        await first()
        for other in others:
            await other()

    await first_then(*[step.do(f"x {x}")(lambda: 1) for x in event["payload"]["xs"]])
    """
    assert graph_of(body) == text("""
        call first_then(lambda, lambda)
        def first_then(lambda, lambda)
          x {x}
          loop
            x {x}
    """)


def test_parameters_after_unknown_star_args_may_be_any_value() -> None:
    body = """
    async def go(n, fn, after=d):
        await fn()
        await after()

    await go(*event["payload"]["args"], c)
    """
    assert graph_of(body) == text("""
        call go
        def go
          switch fn
          | case event["payload"]["args"]
          | case c
            c
          switch after
          | case event["payload"]["args"]
          | case c
            c
          | case after
            d
    """)


def test_a_partial_function_keeps_arguments_of_unknown_length() -> None:
    body = """
    async def one(x):
        await step.do(f"item {x}")(lambda: 1)()

    async def parallel(*fns):
        await asyncio.gather(*[fn() for fn in fns])

    fns = [functools.partial(one, x) for x in event["payload"]["xs"]]
    await functools.partial(parallel, *fns)()
    """
    assert graph_of(body) == text("""
        call parallel(one)
        def parallel(one)
          parallel all
            loop
              call one [1>2]
        def one
          item {x}
    """)


def test_a_partial_function_keeps_its_dictionary_of_arguments() -> None:
    body = """
    async def go(fn, other):
        await fn()
        await other()

    await functools.partial(go, **{"fn": a, "other": b})()
    """
    assert graph_of(body) == text("""
        call go(a, b)
        def go(a, b)
          a
          b
    """)


def test_a_helper_that_limits_how_many_run_at_once() -> None:
    body = """
    async def gather_limited(limit, *coros):
        semaphore = asyncio.Semaphore(limit)

        async def worker(coro):
            async with semaphore:
                return await coro

        return await asyncio.gather(*(worker(coro) for coro in coros))

    async def one(x):
        await a()

    await gather_limited(2, *[one(x) for x in event["payload"]["xs"]])
    """
    assert graph_of(body) == text("""
        call gather_limited(one)
        def gather_limited(one)
          parallel all
            loop
              call worker(one) [1>2]
        def worker(one)
          call one
        def one
          a
    """)


def test_keywords_with_unknown_names_go_to_kwargs() -> None:
    body = """
    async def run_named(**steps):
        for fn in steps.values():
            await fn()

    await run_named(**{name: a for name in event["payload"]["names"]})
    """
    assert graph_of(body) == text("""
        call run_named(a)
        def run_named(a)
          loop
            a
    """)


def test_keywords_of_unknown_names_may_be_any_parameter() -> None:
    body = """
    async def go(fn=b):
        await fn()

    await go(**{name: a for name in event["payload"]["names"]})
    """
    assert graph_of(body) == text("""
        call go
        def go
          switch fn
          | case a
            a
          | case fn
            b
    """)


def test_a_starred_generator_provides_arguments() -> None:
    body = """
    def all_of():
        for x in event["payload"]["xs"]:
            yield a()

    async def in_turn(*coros):
        for coro in coros:
            await coro

    await in_turn(*all_of())
    """
    assert graph_of(body) == text("""
        call in_turn(a)
        def in_turn(a)
          loop
            a
    """)
    assert workflow_of(body).complete


def test_tasks_as_arguments_of_unknown_length_all_end() -> None:
    body = """
    async def parallel(*tasks):
        for task in tasks:
            await task

    await parallel(*[asyncio.create_task(a()) for _ in event["payload"]["xs"]])
    await b()
    """
    assert graph_of(body) == text("""
        parallel all
          loop
            a [1>2]
        b
    """)


@pytest.mark.slow
def test_a_recursive_call_may_pass_any_keywords() -> None:
    assert graph_of("""
        async def job(**options):
            await step.do({"name": "default", **options}["name"])(lambda: 1)()
            if flag:
                await job(color="red", **options)
        await job()
    """) == text("""
        call job
        def job
          default
          if flag
            call job #2
        def job #2
          {{"name": "default", **options}["name"]}
          if flag
            call job #2
    """)


def test_argument_counts_are_distinguished_up_to_a_limit() -> None:
    body = 'async def job(*names):\n    longer = [*names, "last"]\n    await step.do(longer[-1])(lambda: 1)()\n'
    calls = [f"await job({', '.join(['0'] * count)})\n" for count in range(1, 11)]
    assert graph_of(body + "".join(calls)) == text("""
        call job
        call job
        call job
        call job
        call job
        call job
        call job
        call job
        call job #2
        call job #2
        def job
          last
        def job #2
          {longer[-1]}
    """)


def test_unknown_arguments_may_set_any_field() -> None:
    fields = 'class Job(typing.NamedTuple):\n    name: str = "default"\n    kind: str = "plain"\n'
    for arguments, field in (
        ("*xs", "name"),
        ("**xs", "name"),
        ('*xs, "k"', "name"),
        ('"n", *xs', "kind"),
        ('"n", **xs', "kind"),
    ):
        body = f"job = Job({arguments})\nawait step.do(job.{field})(lambda: 1)()"
        assert graph_of(f"import typing\n{fields}{body}") == f"{{job.{field}}}"


HOOK = """
async def save(hook=None):
    if hook:
        await hook(step)
    await a()

async def audit(step):
    await step.do("audit")(lambda: 1)()
"""


def test_a_hook_that_is_none_is_not_called() -> None:
    expected = text("""
        call save
        call save(audit)
        def save
          a
        def save(audit)
          if hook
            call audit
          a
        def audit
          audit
    """)
    for first in ("save()", "save(None)", "save(**{})"):
        workflow = workflow_of(f"{HOOK}\nawait {first}\nawait save(audit)")
        assert workflow.complete
        assert notation(workflow.graph) == expected


def test_a_hook_that_is_none_until_an_object_gets_one() -> None:
    workflow = workflow_of("""
        class Service:
            def __init__(self, hook=None):
                self.hook = hook

            async def go(self):
                if self.hook is not None:
                    await self.hook(step)
                await a()

        async def audit(step):
            await step.do("audit")(lambda: 1)()

        await Service().go()
        await Service(hook=audit).go()
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        call go
        call go #2
        def go
          a
        def go #2
          if self.hook is not None
            call audit
          a
        def audit
          audit
    """)


@pytest.mark.parametrize("arguments", ["xs", "*xs", "**xs", "hook=xs", "xs[0]"])
def test_a_hook_that_may_be_any_value(arguments: str) -> None:
    for calls in (f"await save({arguments})\nawait save()", f"await save()\nawait save({arguments})"):
        workflow = workflow_of(f'xs = event["payload"]["xs"]\n{HOOK}\n{calls}')
        assert [note.code for note in workflow.notes if note.incomplete] == ["escapes"]


def test_a_list_of_no_hook_and_one_of_an_unknown_one() -> None:
    save = "async def save(hooks):\n    hook = hooks[0]\n    if hook:\n        await hook(step)\n"
    assert workflow_of(f"{save}await save([None])\nawait a()").complete
    for calls in ("await save([None])\nawait save([xs])", "await save([xs])\nawait save([None])"):
        assert not workflow_of(f"{save}{calls}").complete


def test_a_placeholder_in_a_partial_is_reported() -> None:
    workflow = workflow_of("""
        async def both(first, second):
            await first()
            await second()
        ordered = functools.partial(both, functools.Placeholder, b)
        await ordered(a)
    """)
    assert "escapes" in [note.code for note in workflow.notes if note.incomplete]


@pytest.mark.parametrize(
    ("parameters", "arguments", "body"),
    [
        ("run, *coros", "asyncio.gather, a(), b()", "await run(*coros)"),
        ("*coros, run=asyncio.gather", "a(), b()", "await run(*coros)"),
        ("spawn, *coros", "asyncio.create_task, a(), b()", "await asyncio.gather(*[spawn(c) for c in coros])"),
        ("group, x, y", "asyncio.TaskGroup, a(), b()", "async with group() as g: [g.create_task(c) for c in (x, y)]"),
    ],
)
def test_functions_of_asyncio_as_arguments(parameters: str, arguments: str, body: str) -> None:
    assert graph_of(f"async def both({parameters}):\n    {body}\nawait both({arguments})") == text("""
        call both(a, b)
        def both(a, b)
          parallel all
            a [1>2]
            b [1>2]
    """)


def test_calls_with_different_functions_of_asyncio() -> None:
    assert graph_of("""
        async def both(mode):
            await asyncio.wait([asyncio.create_task(a()), asyncio.create_task(b())], return_when=mode)
        await both(asyncio.ALL_COMPLETED)
        await both(asyncio.FIRST_COMPLETED)
    """) == text("""
        call both
        call both #2
        def both
          parallel all_settled
            a [1>2]
            b [1>2]
        def both #2
          parallel race
            a [1>]
            b [1>]
    """)


def test_a_default_function_of_asyncio_that_a_call_may_replace() -> None:
    assert graph_of("""
        async def both(x, y, run=asyncio.gather):
            await run(x, y)
        async def in_turn(x, y):
            await x
            await y
        options = {"run": in_turn} if flag else {}
        await both(a(), b(), **options)
    """) == text("""
        call both(a, b)
        def both(a, b)
          switch run
          | case in_turn
            call in_turn(a, b)
          | case run
            parallel all
              a [1>2]
              b [1>2]
        def in_turn(a, b)
          a
          b
    """)


def test_unknown_keywords_may_replace_a_default_of_asyncio() -> None:
    source = "async def both(x, y, run=asyncio.gather):\n    await run(x, y)\nawait both(a(), b(), **options)"
    assert not workflow_of(source).complete
