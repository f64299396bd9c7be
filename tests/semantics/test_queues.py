"""Queues and futures: code may get any value that other code has put."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text, workflow_of

EITHER = """
    loop
      switch {get}
      | case a
        a
      | case b
        b
"""


@pytest.mark.parametrize("kind", ["asyncio.Queue", "asyncio.LifoQueue", "asyncio.PriorityQueue"])
def test_a_queue_returns_any_step_that_was_put(kind: str) -> None:
    assert graph_of(f"""
        q = {kind}()
        await q.put(a)
        q.put_nowait(b)
        while not q.empty():
            do = await q.get()
            await do()
    """) == text(EITHER.format(get="await q.get()"))


def test_a_blocking_queue_is_followed() -> None:
    assert graph_of("""
        import queue

        q = queue.Queue()
        for do in (a, b):
            q.put(do)
        while not q.empty():
            await q.get()()
    """) == text(EITHER.format(get="q.get()"))


def test_a_queue_of_coroutines_is_followed() -> None:
    assert graph_of("""
        q = asyncio.Queue()
        await q.put(a())
        while not q.empty():
            await (await q.get())
    """) == text("""
        loop
          a
    """)


def test_a_consumer_runs_later_items() -> None:
    assert graph_of("""
        q = asyncio.Queue()

        async def consume():
            while (do := await q.get()) is not None:
                await do()

        t = asyncio.create_task(consume())
        await c()
        await q.put(a)
        await q.put(None)
        await t
    """) == text("""
        parallel all
          call consume [1>3]
          c [1>2]
        def consume
          loop
            a
    """)


@pytest.mark.parametrize("sentinel", ["None", "object()"])
def test_a_sentinel_ends_a_worker(sentinel: str) -> None:
    assert graph_of(f"""
        done = {sentinel}
        q = asyncio.Queue()

        async def work():
            while True:
                do = await q.get()
                if do is done:
                    break
                await do()

        q.put_nowait(a)
        q.put_nowait(done)
        await asyncio.gather(work(), work())
    """) == text("""
        parallel all
          call work [1>2]
          call work [1>2]
        def work
          loop
            if do is done
              break
            a
    """)


def test_a_task_from_a_queue_has_no_end_clock() -> None:
    assert graph_of("""
        q = asyncio.Queue()
        for do in (a, b):
            await q.put(asyncio.create_task(do()))
        await (await q.get())
        await c()
    """) == text("""
        parallel all
          a [1>]
          b [1>]
          c [2>3]
    """)


@pytest.mark.parametrize("new", ["asyncio.Future()", "asyncio.get_running_loop().create_future()"])
def test_a_future_returns_the_result_that_is_set(new: str) -> None:
    assert graph_of(f"""
        async def choose():
            await b()
            future.set_result(a)

        future = {new}
        t = asyncio.create_task(choose())
        do = await future
        await do()
        await t
    """) == text("""
        parallel all
          call choose [1>3]
          a [1>2]
        def choose
          b
    """)


def test_a_pending_get_returns_a_later_item() -> None:
    assert (
        graph_of("""
        q = asyncio.Queue()
        getting = asyncio.create_task(q.get())
        await b()
        q.put_nowait(a)
        await (await getting)()
    """)
        == "b\na"
    )


def test_a_queue_of_data_is_complete() -> None:
    workflow = workflow_of("q = asyncio.Queue()\nq.put_nowait(1)\nif await q.get():\n    await a()")
    assert workflow.complete


def test_an_escaping_queue_is_reported() -> None:
    workflow = workflow_of("import library\nq = asyncio.Queue()\nq.put_nowait(a)\nlibrary.run(q)")
    assert [note.code for note in workflow.notes] == ["escapes"]


def test_gets_in_a_gather_are_reported() -> None:
    workflow = workflow_of("""
        q = asyncio.Queue()
        q.put_nowait(a)
        [do] = await asyncio.gather(q.get())
        await do()
    """)
    assert [note.code for note in workflow.notes] == ["unresolved-call"]


def test_a_value_that_a_hidden_consumer_gets_is_reported() -> None:
    workflow = workflow_of("""
        q = asyncio.Queue()

        async def consume():
            await (await q.get())()

        def start():
            return consume()

        t = asyncio.create_task(start())
        await b()
        q.put_nowait(a)
        await t
    """)
    assert [note.code for note in workflow.notes] == ["unresolved-await"]
