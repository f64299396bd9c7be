"""Variables that change in each iteration of a loop, and tests of them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of


@pytest.mark.parametrize("count", [1, 3, 8])
def test_values_that_move_on(count: int) -> None:
    names = [f"f{number}" for number in range(count)]
    moves = "".join(f"    {target} = {value}\n" for target, value in pairwise(names))
    body = f"{' = '.join(names)} = a\nfor row in rows:\n    await f0()\n{moves}    {names[-1]} = d\nawait d()\n"
    assert graph_of(body) == text("""
        loop
          switch f0
          | case a
            a
          | case d
            d
        d
    """)


def test_a_state_machine_of_functions() -> None:
    assert graph_of("""
        async def first():
            await a()
            return second

        async def second():
            await b()
            return third

        async def third():
            await c()
            return None

        state = first
        while state:
            state = await state()
    """) == text("""
        loop
          switch state
          | case first
            call first
          | case second
            call second
          | case third
            call third
        def first
          a
        def second
          b
        def third
          c
    """)


@pytest.mark.slow
def test_a_chain_that_grows_in_each_iteration_is_unresolved() -> None:
    workflow = workflow_of("""
        call = a
        for row in rows:
            call = functools.partial(lambda inner: inner(), call)
        await call()
    """)
    assert not workflow.complete


def test_a_function_defined_in_each_iteration_is_one_function() -> None:
    workflow = workflow_of("""
        call = None
        for row in rows:
            if call:
                await call()
            async def call():
                await a()
    """)
    assert workflow.complete


@pytest.mark.parametrize("test", ["fn", "fn is not None", "not (fn is None)", "fn and ready"])
def test_a_test_leaves_out_none(test: str) -> None:
    assert graph_of(f"""
        fn = None
        if x:
            fn = a
        if {test}:
            await fn()
    """) == text(f"""
        if {test}
          a
    """)


@pytest.mark.parametrize("test", ["not fn", "fn is None", "fn is None or late"])
def test_an_else_leaves_out_none(test: str) -> None:
    assert graph_of(f"""
        fn = None
        if x:
            fn = a
        if {test}:
            await b()
        else:
            await fn()
    """) == text(f"""
        if {test}
          b
        else
          a
    """)


def test_a_test_is_ignored_after_an_assignment() -> None:
    assert graph_of("""
        fn = a if x else None
        if fn:
            fn = b
        if y:
            await fn()
    """) == text("""
        if y
          if fn
            b
          else
            a
    """)


@pytest.mark.parametrize(
    "before",
    [
        "cursor = None",
        "cursor: str = None",
        "cursor = other = None",
        "def start():\n    return None\ncursor = start()",
    ],
)
def test_none_before_a_loop_is_not_shown_in_it(before: str) -> None:
    body = before + '\nwhile True:\n    cursor = await step.do(f"page {cursor}")(load)()\n    if done:\n        break\n'
    assert graph_of(body).splitlines()[1] == "  page {cursor}"


def test_none_that_is_assigned_once_is_a_constant() -> None:
    assert graph_of('prefix = None\nawait step.sleep(f"wait {prefix}", 1)') == "sleep 'wait None' 1"


def test_a_loop_over_one_of_several_values_is_one_loop() -> None:
    assert graph_of("""
        names = ["x", "y"] if z else load()
        for name in names:
            await step.sleep(f"wait {name}", 1)
    """) == text("""
        loop
          sleep 'wait {name}' 1
    """)


def test_passes_of_a_loop_add_a_comprehension_element_once() -> None:
    assert graph_of("""
        results = {}

        async def report():
            return results

        operators = {"report": report}
        while event["payload"]:
            outputs = await asyncio.gather(*[step.do(name)(operators[name])() for name in names])
            for name, output in zip(results, outputs):
                results[name] = output
    """) == text("""
        loop
          parallel all
            loop
              {name} [1>2]
    """)


def test_passes_of_a_loop_return_a_value_once() -> None:
    assert graph_of("""
        results = {}

        def pick():
            for name in event["payload"]["names"]:
                if name:
                    return lambda: a() if results else b()
                results[name] = results

        await pick()()
    """) == text("""
        if results
          a
        else
          b
    """)


def test_copies_of_an_object_are_one_object() -> None:
    """Each iteration copies the object in one of six ways, so the number of copies would grow exponentially."""
    workflow = workflow_of("""
        from dataclasses import dataclass, replace

        @dataclass(frozen=True)
        class Order:
            run: object
            state: str = "open"
            count: int = 0

            def counted(self):
                return replace(self, count=self.count + 1)

        async def refreshed(order):
            return replace(order, state="paid") if await b() else order

        order = Order(a)
        while order.state != "paid":
            if order.count == 0:
                order = order.counted()
            elif order.count < 3:
                await order.run()
                order = order.counted()
            else:
                order = replace(order, state="late")
            order = await refreshed(order)
        await order.run()
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        loop
          if order.count == 0
          if order.count < 3
            a
          else
          call refreshed
        a
        def refreshed
          b
    """)


def test_steps_that_read_new_objects_in_each_iteration(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state is a fixpoint after a few iterations, so no function is interpreted more often than the limit."""
    monkeypatch.setattr("stepgraph.interpreter.summaries.MAX_INTERPRETED_BODIES", 20)
    workflow = workflow_of("""
        from dataclasses import dataclass

        @dataclass
        class Chunk:
            text: str

        def declare(name):
            return step.do(f"{prefix}{name}")

        async def split(document):
            @declare("split")
            async def split():
                return document

            return [Chunk(text) for text in await split()]

        async def embed(chunks):
            @declare("embed")
            async def embed():
                return len(chunks)

            await embed()

        @declare("list")
        async def documents():
            return []

        for document in await documents():
            chunks = await split(document)
            await embed(chunks)
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        {prefix}{name}
        loop
          call split
          call embed
        def split
          {prefix}{name}
        def embed
          {prefix}{name}
    """)


def test_objects_of_different_classes_are_shown_by_class() -> None:
    assert graph_of("""
        class Open:
            async def run(self):
                await a()
                return Closed() if event else Lost()

        class Closed:
            async def run(self):
                await b()

        class Lost:
            async def run(self):
                await c()
                return Closed()

        state = Open()
        while state:
            state = await state.run()
    """) == text("""
        loop
          switch state
          | case Open
            call Open.run
          | case Closed
            call Closed.run
          | case Lost
            call Lost.run
        def Open.run
          a
        def Closed.run
          b
        def Lost.run
          c
    """)


def test_a_wait_that_may_end_earlier_in_later_passes() -> None:
    assert graph_of("""
        when = asyncio.ALL_COMPLETED
        for x in xs:
            await asyncio.wait([asyncio.create_task(a()), asyncio.create_task(b())], return_when=when)
            await c()
            when = asyncio.FIRST_COMPLETED
    """) == text("""
        loop
          parallel all
            a [1>]
            b [1>]
            c [1>2]
    """)


def test_wait_of_a_closure_ends_earlier_in_the_second_call() -> None:
    assert graph_of("""
        async def wait():
            await asyncio.wait([asyncio.create_task(a()), asyncio.create_task(b())], return_when=when)
        when = asyncio.ALL_COMPLETED
        await wait()
        when = asyncio.FIRST_COMPLETED
        await wait()
    """) == text("""
        call wait
        call wait #2
        def wait
          parallel all_settled
            a [1>2]
            b [1>2]
        def wait #2
          parallel race
            a [1>]
            b [1>]
    """)


def test_a_function_that_changes_the_order_in_later_passes() -> None:
    loop = "for x in xs:\n    for f in order([a, b]):\n        await f()\n    order = reversed"
    assert not workflow_of(f"order = list\n{loop}").complete


def test_a_function_that_changes_the_order_of_a_closure() -> None:
    assert graph_of("""
        async def run_all():
            for f in order([a, b]):
                await f()
        order = list
        await run_all()
        order = reversed
        await run_all()
    """) == text("""
        call run_all
        call run_all #2
        def run_all
          a
          b
        def run_all #2
          b
          a
    """)


@pytest.mark.parametrize("head", ["while flag():", "for row in rows:"])
@pytest.mark.parametrize(
    "binding",
    ["call = a", "@step.do('a')\n        async def call(): ...", "call, other = a, 1"],
    ids=["variable", "step", "unpacking"],
)
def test_a_variable_that_another_branch_of_an_earlier_pass_binds(head: str, binding: str) -> None:
    """In the first pass, the variable has no value in the `else`."""
    assert graph_of(f"""
{head}
    if first:
        {binding}
    else:
        await b()
        await call()
await a()
""") == text("""
        loop
          if first
          else
            b
            a
        a
    """)


def test_a_closure_that_reads_a_variable_of_an_earlier_pass() -> None:
    assert graph_of("""
        async def run_again():
            await call()

        while flag():
            if first:
                call = a
            else:
                await run_again()
    """) == text("""
        loop
          if first
          else
            call run_again
        def run_again
          a
    """)


def test_a_class_defined_in_each_iteration_is_one_class() -> None:
    assert graph_of("""
        failed = None
        for row in rows:
            try:
                class Job:
                    pass
            except ValueError:
                failed = True
            await a()
    """) == text("""
        loop
          a
    """)


def test_no_pass_follows_a_break() -> None:
    body = "chosen = a\nfor row in rows:\n    await chosen()\n    if row:\n        chosen = b\n        break"
    assert graph_of(body) == text("""
        loop
          a
          if row
            break
    """)


def test_only_a_break_leaves_an_infinite_loop() -> None:
    body = "while True:\n    chosen = a\n    if rows.ready:\n        chosen = b\n        break\nawait chosen()"
    assert graph_of(body).splitlines()[-1] == "b"


def test_a_break_and_the_else_of_a_loop_have_their_own_values() -> None:
    body = """
        for row in rows:
            chosen = a
            if row:
                chosen = b
                break
        else:
            chosen = c
        await chosen()
    """
    assert graph_of(body).splitlines()[-4:] == ["if no break", "  c", "else", "  b"]


def test_a_finally_block_may_lead_to_a_break_and_to_another_pass() -> None:
    body = """
        chosen = a
        for row in rows:
            await chosen()
            try:
                if row.last:
                    break
                if row.skip:
                    continue
            finally:
                chosen = b
    """
    assert {"a", "b"} <= set(graph_of(body).split())
