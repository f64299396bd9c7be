"""Functions of the project: calls, and bodies shown once."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of, graph_of_module, notation, text, workflow_of


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


def test_recursion_is_a_call_like_any_other() -> None:
    assert graph_of("""
        async def even(n):
            await a()
            await odd(n - 1)

        async def odd(n):
            if n:
                await even(n - 1)

        await odd(3)
    """) == text("""
        call odd
        def odd
          if n
            call even
        def even
          a
          call odd
    """)


def test_mutually_recursive_functions_without_steps_are_omitted() -> None:
    assert (
        graph_of("""
        async def one():
            await two()

        async def two():
            await one()

        await one()
        await a()
    """)
        == "a"
    )


def test_call_of_itself_before_another_recursion() -> None:
    """`two`, which calls itself too, runs the first step of the recursion."""
    assert graph_of("""
        async def one(n):
            if n:
                await one(n)
            await two(n)

        async def two(n):
            await a()
            if n == 1:
                await one(n)
            elif n:
                await two(n)

        await one(3)
    """) == text("""
        call one
        def one
          if n
            call one
          call two
        def two
          a
          if n == 1
            call one
          if n
            call two
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


def test_a_decorated_function_is_the_result_of_its_decorator() -> None:
    assert graph_of("""
        def twice(fn):
            @functools.wraps(fn)
            async def wrapper(*args):
                await fn(*args)
                await fn(*args)
            return wrapper

        @twice
        async def work(n):
            await a()

        await work(1)
    """) == text("""
        call wrapper(work)
        def wrapper(work)
          call work
          call work
        def work
          a
    """)


@pytest.mark.parametrize(
    "decorator",
    [
        "typing.final",
        "typing.override",
        "typing_extensions.final",
        "typing_extensions.deprecated('call b')",
        "warnings.deprecated('call b', category=None)",
    ],
)
def test_a_decorator_without_effect(decorator: str) -> None:
    workflow = workflow_of(f"""
        import typing, typing_extensions, warnings

        @{decorator}
        async def act():
            await a()

        await act()
    """)
    assert workflow.complete
    assert notation(workflow.graph) == "call act\ndef act\n  a"


def test_an_external_decorator_is_reported() -> None:
    workflow = workflow_of("""
        from tenacity import retry

        @retry(times=3)
        async def work():
            await a()

        await work()
    """)
    assert [(note.code, note.span.line) for note in workflow.notes] == [("unknown-decorator", 30)]
    assert not workflow.complete


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


def test_a_function_that_walks_down_the_payload_calls_itself() -> None:
    assert graph_of("""
        async def walk(part):
            await a()
            for child in part["children"]:
                await walk(child)

        await walk(event["payload"])
    """) == text("""
        call walk
        def walk
          a
          loop
            call walk
    """)


def test_a_function_that_calls_itself_with_ever_more_is_reported() -> None:
    workflow = workflow_of("""
        async def again(fn):
            await fn()
            await again(functools.partial(again, fn))

        await again(a)
    """)
    assert [note.code for note in workflow.notes] == ["too-many-variants"]
    assert not workflow.complete


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


def test_a_list_that_contains_itself_is_an_argument() -> None:
    assert graph_of("""
        async def function(steps):
            await a()

        steps = [[[[[[a]]]]]]
        steps.append(steps)
        await function(steps)
    """) == text("""
        call function
        def function
          a
    """)


def test_a_recursive_function_over_the_payload_calls_itself() -> None:
    assert graph_of_module("""
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await walk(event["payload"], step)

        async def walk(part, step):
            await step.sleep("x", 1)
            await walk(part["next"], step)
    """) == text("""
        call walk
        def walk
          sleep 'x' 1
          call walk
    """)


def test_a_function_over_the_limit_of_reads_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.interpreter.summaries.MAX_INTERPRETED_BODIES", 4)
    workflow = workflow_of("""
        async def call(fn):
            await fn()

        await call(a)
        await call(b)
        await call(c)
    """)
    assert [line for line in notation(workflow.graph).splitlines() if line.startswith("call")] == [
        "call call(a)",
        "call call(b)",
        "call call(b)",
    ]
    assert "too-many-variants" in [note.code for note in workflow.notes]


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
    "helpers",
    [
        "async def walk(node):\n    for child in node['children']:\n        await walk(child)",
        """
async def walk(n):
    return n == 0 or await odd(n - 1)
async def odd(n):
    return n != 0 and await walk(n - 1)
""",
    ],
)
def test_recursion_without_steps_runs_none(helpers: str) -> None:
    body = helpers + "\nfor one in [await walk(event)]:\n    await a()"
    assert workflow_of(body).complete
    assert graph_of(body) == graph_of("for one in [event]:\n    await a()")


def test_recursive_generator_without_steps() -> None:
    body = """
    def walk(tree):
        yield tree
        for child in tree["children"]:
            yield from walk(child)
    for one in walk(event):
        await a()
    """
    assert workflow_of(body).complete
    assert graph_of(body) == "loop\n  a"


def test_recursion_that_starts_before_its_steps() -> None:
    body = """
    async def down(n):
        if n:
            await up(n - 1)
    async def up(n):
        if n:
            await down(n - 1)
        await a()
    await down(5)
    """
    assert workflow_of(body).complete
    assert graph_of(body) == text("""
        call down
        def down
          if n
            call up
        def up
          if n
            call down
          a
    """)


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


def test_an_object_that_wraps_a_function() -> None:
    assert graph_of("""
        class Action:
            def __init__(self, function):
                functools.update_wrapper(self, function)
                self.function = function
            async def __call__(self):
                await self.function()
                await b()

        @Action
        async def go():
            await a()

        await go()
        await go.__wrapped__()
    """) == text("""
        call __call__
        call go
        def __call__
          call go
          b
        def go
          a
    """)


def test_a_string_is_no_function_for_a_decorator() -> None:
    assert (
        graph_of_module("""
        from workers import WorkflowEntrypoint

        def action(name=None):
            if callable(name):
                return name
            return lambda function: function

        @action("go")
        async def go(step):
            await step.sleep("go", 1)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await go(step)
    """)
        == "call go\ndef go\n  sleep 'go' 1"
    )


def test_a_decorator_with_optional_arguments() -> None:
    assert graph_of_module("""
        import functools
        from workers import WorkflowEntrypoint

        def traced(function=None, *, label=None):
            if function is None:
                return functools.partial(traced, label=label)

            @functools.wraps(function)
            async def wrapper(step):
                return await function(step)

            return wrapper

        @traced
        async def first(step):
            await step.do("a")(lambda: 1)()

        @traced(label="b")
        async def second(step):
            await step.do("b")(lambda: 1)()

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await first(step)
                await second(step)
    """) == text("""
        call wrapper(first)
        call wrapper(second)
        def wrapper(first)
          call first
        def first
          a
        def wrapper(second)
          call second
        def second
          b
    """)


def test_a_method_of_a_list_as_decorator_adds_the_function() -> None:
    assert graph_of("""
        handlers = []

        @handlers.append
        async def first():
            await a()

        for handler in handlers:
            await handler()
    """) == text("""
        call first
        def first
          a
    """)


RECURSIVE_STEP = """\
@step.do("x")
async def x():
    if event["payload"]:
        await x()

"""


def test_a_step_that_its_body_runs_again_calls_its_function() -> None:
    assert graph_of(f"{RECURSIVE_STEP}await x()") == text("""
        x
          if event["payload"]
            x
              call x
        def x
          if event["payload"]
            x
              call x
    """)


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
