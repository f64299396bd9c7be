"""Functions of the project: calls, and bodies shown once."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of, graph_of_module, text, workflow_of


def test_only_functions_with_steps_are_calls() -> None:
    assert graph_of("""
        async def pair():
            await a()
            await nothing()

        async def nothing():
            return 1

        await nothing()
        await pair()
        await pair()
    """) == text("""
        call pair
        call pair
        def pair
          a
    """)


def test_functions_with_equal_names_are_qualified() -> None:
    assert graph_of_module("""
        from workers import WorkflowEntrypoint

        async def send(step):
            await step.sleep("module", 1)

        class Helper:
            async def send(self, step):
                await step.sleep("method", 1)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                async def send(step):
                    await step.sleep("inner", 1)

                await send(step)
                await Helper().send(step)
                await other(step)

        async def other(step):
            await send(step)
    """) == text("""
        call run.send
        call Helper.send
        call other
        def run.send
          sleep 'inner' 1
        def Helper.send
          sleep 'method' 1
        def other
          call entry.send
        def entry.send
          sleep 'module' 1
    """)


def test_a_function_is_shown_for_each_callable_argument() -> None:
    assert graph_of("""
        async def retry(fn, times=3):
            for _ in range(times):
                await fn()

        async def timed(work):
            return await work

        async def ignoring(fn):
            await d()

        await retry(a)
        await retry(functools.partial(b), times=2)
        await retry(lambda: c())
        await timed(a())
        await ignoring(a)
    """) == text("""
        call retry(a)
        call retry(b)
        call retry(c)
        call timed(a)
        call ignoring
        def retry(a)
          loop
            a
        def retry(b)
          loop
            b
        def retry(c)
          loop
            c
        def timed(a)
          a
        def ignoring
          d
    """)


def test_a_function_that_returns_a_coroutine() -> None:
    assert graph_of("""
        def pick(n):
            if n:
                return a()
            return b()

        await pick(1)
    """) == text("""
        call pick
        def pick
          if n
            a
            return
          b
    """)


def test_methods_are_looked_up_in_the_class_of_self() -> None:
    assert graph_of_module("""
        from workers import WorkflowEntrypoint

        class Base(WorkflowEntrypoint):
            async def run(self, event, step):
                await self.work(step)

            async def work(self, step):
                await step.sleep("base", 1)

        class W(Base):
            async def run(self, event, step):
                await super().run(event, step)
                await super().work(step)

            async def work(self, step):
                await step.sleep("own", 1)
    """) == text("""
        call Base.run
        call Base.work
        def Base.run
          call W.work
        def W.work
          sleep 'own' 1
        def Base.work
          sleep 'base' 1
    """)


def test_a_method_is_named_by_the_class_that_defines_it() -> None:
    assert graph_of_module("""
        from workers import WorkflowEntrypoint

        class Root(WorkflowEntrypoint):
            async def work(self, step):
                await step.sleep("root", 1)

        class Mixin:
            async def work(self, step):
                await step.sleep("mixin", 1)
                await super().work(step)

        class W(Mixin, Root):
            async def run(self, event, step):
                await self.work(step)
    """) == text("""
        call Mixin.work
        def Mixin.work
          sleep 'mixin' 1
          call Root.work
        def Root.work
          sleep 'root' 1
    """)


def test_steps_passed_to_external_code_are_reported() -> None:
    workflow = workflow_of("""
        import elsewhere

        await elsewhere.run(step)
        await elsewhere.retry(a)
        await elsewhere.fetch("https://example.com")
        print(step)
        await b()
    """)
    assert [(note.code, note.message) for note in workflow.notes] == [
        ("escapes", "the step object is passed to `elsewhere.run`, which is outside the project."),
        ("escapes", "the step 'a' is passed to `elsewhere.retry`, which is outside the project."),
    ]


def test_a_call_of_a_callable_object() -> None:
    assert graph_of_module("""
        from workers import WorkflowEntrypoint

        class Twice:
            def __init__(self, fn):
                self.fn = fn

            async def __call__(self):
                await self.fn()
                await self.fn()

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                @step.do("a")
                async def a():
                    return 1

                await Twice(a)()
    """) == text("""
        call __call__
        def __call__
          a
          a
    """)


def test_no_function_takes_the_key_of_another() -> None:
    assert graph_of_module("""
        from workers import WorkflowEntrypoint

        class Box:
            def __init__(self, fn):
                self.fn = fn

            async def go(self):
                await self.fn()

        class Crate(Box):
            async def go(self):
                await super().go()

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                async def one():
                    await step.sleep("one", 1)

                async def two():
                    await step.sleep("two", 1)

                await Box(one).go()
                await Crate(two).go()
    """) == text("""
        call Box.go
        call Crate.go
        def Box.go
          call one
        def one
          sleep 'one' 1
        def Crate.go
          call Box.go #2
        def Box.go #2
          call two
        def two
          sleep 'two' 1
    """)


@pytest.mark.parametrize("result", ["payload", "[payload, 1]", '{"x": payload}', "payload if x else None"])
def test_a_lambda_that_returns_data_does_not_name_its_call(result: str) -> None:
    assert graph_of(f"""
        async def durable(function):
            result = function()
            await a()
            return result

        payload = event["payload"]
        await durable(lambda: {result})
        await durable(lambda: 1)
    """) == text("""
        call durable
        call durable
        def durable
          a
    """)


def test_a_lambda_is_interpreted_again_after_a_write() -> None:
    assert graph_of("""
        async def retry(fn):
            await fn()

        go = lambda: fn()
        fn = a
        await retry(go)
        fn = b
        await retry(go)
    """) == text("""
        call retry(a)
        call retry(b)
        def retry(a)
          a
        def retry(b)
          b
    """)


def test_escaping_lambdas_and_generators_are_reported() -> None:
    workflow = workflow_of("""
        import elsewhere

        await elsewhere.retry(lambda: a())
        await elsewhere.all(b() for row in rows)
        await elsewhere.sort(key=lambda row: row.id)
        await c()
    """)
    assert [(note.code, note.span.line) for note in workflow.notes] == [("escapes", 30), ("escapes", 31)]


def test_a_function_defined_on_two_paths_is_either() -> None:
    assert graph_of_module("""
        import sys

        from workers import WorkflowEntrypoint

        if sys.version_info > (3, 12):
            async def rest(step):
                await step.sleep("new", 1)
        else:
            async def rest(step):
                pass

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await rest(step)
    """) == text("""
        if sys.version_info > (3, 12)
          call rest
        else
        def rest
          sleep 'new' 1
    """)


@pytest.mark.parametrize(
    ("handed", "what"),
    [
        ("step.wait_for_event('paid', 'paid')", "the wait 'paid'"),
        ("plain()", "a call of `plain`, which runs steps,"),
        ("function()", "a call of `function`, which runs steps,"),
        ("lambda: a()", "a call of the step 'a'"),
        ("(a() for row in rows)", "a call of the step 'a'"),
    ],
)
def test_values_with_steps_passed_to_external_code_are_reported(handed: str, what: str) -> None:
    workflow = workflow_of(f"""
        def plain():
            return a()

        async def function():
            await a()

        elsewhere({handed})
    """)
    note = workflow.notes[0]
    assert (note.code, note.message) == ("escapes", f"{what} is passed to `elsewhere`, which stepgraph does not model.")


def test_calls_without_steps_may_be_passed_to_external_code() -> None:
    assert workflow_of("async def nothing():\n    return 1\n\nelsewhere(nothing())\nawait a()\n").notes == ()


def test_a_callable_that_may_be_none_is_called_in_a_branch() -> None:
    assert graph_of("""
        fn = None
        if x:
            fn = a
        if fn:
            await fn()
    """) == text("""
        if fn
          a
    """)


@pytest.mark.slow
def test_an_argument_in_a_partly_unknown_dictionary() -> None:
    assert graph_of("""
        async def call(fn=None, **more):
            await fn()

        await call(**{"fn": a, key: 1})
    """) == text("""
        call call(a)
        def call(a)
          a
    """)


def test_escaping_lambdas_are_followed_twelve_levels() -> None:
    deep = "lambda: " * 12 + "a()"
    assert [note.code for note in workflow_of(f"elsewhere({deep})\nawait a()").notes] == ["escapes"]


def test_a_call_with_invalid_arguments_changes_nothing() -> None:
    assert graph_of("""
        fns = [a]
        fns.append()
        table = {"b": b}
        table.get()
        table.setdefault("c")
        table.setdefault()
        event.get()
        await fns[0]()
        await table["b"]()
    """).splitlines() == ["a", "b"]


def test_arguments_of_a_step_in_a_partly_unknown_dictionary() -> None:
    assert graph_of('await step.sleep(**{"name": "x", key: a, "duration": 1})') == "sleep 'x' 1"


@pytest.mark.parametrize(
    ("call", "graph"),
    [
        ("operator.itemgetter(1)([a, b])()", "b"),
        ("operator.itemgetter('x')({'x': a})()", "a"),
        ("operator.attrgetter('go')(self)()", "call go\ndef go\n  c"),
        ("operator.methodcaller('sleep', 'nap', 5)(step)", "sleep 'nap' 5"),
    ],
)
def test_functions_of_the_operator_module_select_a_callable(call: str, graph: str) -> None:
    assert graph_of(f"import operator\nasync def go(): await c()\nself.go = go\nawait {call}") == graph


def test_an_item_is_the_key_of_a_sort() -> None:
    assert graph_of("""
        import operator
        for name, fn in sorted([(2, a), (1, b)], key=operator.itemgetter(0)):
            await fn()
    """) == text("""
        loop
          switch fn
          | case a
            a
          | case b
            b
    """)
    assert codes_of("import operator\nawait min([(2, a), (1, b)], key=operator.itemgetter(0))[1]()") == []


def test_a_function_is_true_in_a_boolean_operation() -> None:
    body = """
        class Service:
            def __init__(self, make=None):
                self.make = make or (lambda: b)

        await Service(lambda: a).make()()
    """
    assert graph_of(body) == "a"
    assert graph_of("await (a and b)()") == "b"


@pytest.mark.parametrize(
    "call", ["job.func(*job.args, **job.keywords)", "job.func(job.args[0], second=job.keywords['second'])"]
)
def test_parts_of_a_partial_function(call: str) -> None:
    assert graph_of(f"""
        import functools

        async def both(first, second):
            await first()
            await second()

        job = functools.partial(both, a, second=b)
        await {call}
    """) == text("""
        call both(a, b)
        def both(a, b)
          a
          b
    """)
