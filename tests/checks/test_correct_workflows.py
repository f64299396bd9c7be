"""Test that correct workflows that resemble mistakes run to their end and have no findings."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.diagnostic import Severity
from tests.execution.runner import execute

_MODULE = """\
import asyncio
import inspect
import itertools
import json
import logging
import random
import time
import uuid
from collections import defaultdict, deque
from datetime import datetime, timedelta

from workers import WorkflowEntrypoint, fetch

logger = logging.getLogger(__name__)


class Workflow(WorkflowEntrypoint):
    async def run(self, event, step):
"""

_STEPS = """
def working(number):
    @step.do(f"work {number}")
    async def work():
        return number

    return work

"""


@pytest.mark.parametrize(
    "body",
    [
        """
        todo = [working(number)() for number in range(4)]
        while todo:
            batch, todo = todo[:2], todo[2:]
            await asyncio.gather(*batch)
        """,
        """
        todo = deque(working(number) for number in range(4))
        while todo:
            await todo.popleft()()
        """,
        """
        for letter, work in zip("ab", [working(1), working(2)]):
            logger.info("%s: %s", letter, await work())
        """,
        """
        table = dict(enumerate([working(1), working(2)]))
        while table:
            _, work = table.popitem()
            await work()
        """,
        """
        def chunks(items, size):
            for start in range(0, len(items), size):
                yield items[start : start + size]

        for chunk in chunks([working(number) for number in range(4)], 2):
            await asyncio.gather(*(work() for work in chunk))
        """,
        """
        background = set()

        def spawn(coroutine):
            task = asyncio.create_task(coroutine)
            background.add(task)
            task.add_done_callback(background.discard)
            return task

        try:
            spawn(working(1)())
            await working(2)()
        finally:
            await asyncio.gather(*background, return_exceptions=True)
        """,
        """
        queue = asyncio.Queue()

        async def worker():
            while (work := await queue.get()) is not None:
                await work()
                queue.task_done()

        for _ in range(2):
            asyncio.create_task(worker())
        for number in range(4):
            queue.put_nowait(working(number))
        await queue.join()
        """,
        """
        async def run_step(name, function, *arguments):
            @step.do(name)
            async def inner():
                result = function(*arguments)
                if inspect.isawaitable(result):
                    result = await result
                return result

            return await inner()

        async def doubled(number):
            return number * 2

        await run_step("sum", sum, [1, 2])
        await run_step("double", doubled, 4)
        """,
        """
        lock = asyncio.Lock()

        async def process(order):
            async with lock:
                @step.do("charge")
                async def charge():
                    return str(order)

                @step.do("ship")
                async def ship():
                    return str(order)

                await charge()
                return await ship()

        await asyncio.gather(*[process(order) for order in event["payload"]["orders"]])
        """,
        """
        results = []
        for number in range(4):
            label = f"number {number}"

            @step.do(label)
            async def describe():
                return f"{label} of 4"

            results.append(await describe())
        if results != [f"number {number} of 4" for number in range(4)]:
            raise ValueError(results)
        """,
        """
        described = []
        for number in range(4):
            @step.do(f"describe {number}")
            async def describe():
                return number

            @step.do(f"double {number}")
            async def double():
                return number * 2

            described += await asyncio.gather(describe(), double())
        if described != [0, 0, 1, 2, 2, 4, 3, 6]:
            raise ValueError(described)
        """,
        """
        chosen = None
        for number in range(4):
            @step.do(f"choose {number}")
            async def choose():
                return number

            if number == 2:
                chosen = choose()
                break
        if await chosen != 2:
            raise ValueError(number)
        """,
        """
        pending = []
        for number in range(4):
            @step.do(f"start {number}")
            async def start():
                return number

            pending.append(asyncio.create_task(start()))
            await step.sleep(f"pause {number}", "1 minute")
        if await asyncio.gather(*pending) != [0, 1, 2, 3]:
            raise ValueError(pending)
        """,
        """
        steps = {}
        for number in range(3):
            @step.do(f"keep {number}")
            async def keep():
                return number

            steps[number] = keep
        for number in steps:
            if await steps[number]() != number:
                raise ValueError(number)
        """,
        """
        response = await asyncio.gather(*[working(number)() for number in range(2)])

        @step.do("fetch")
        async def load():
            answer = await fetch("https://example.com")
            return {"status": answer.status, "text": await answer.text(), "sent": response}

        await load()
        """,
        """
        key = await self.env.API_KEY.get()

        @step.do("call")
        async def call():
            return len(str(key))

        await call()
        """,
        """
        self.user = None

        @step.do("load")
        async def load():
            self.user = {"name": "Ada"}
            return self.user

        self.user = await load()
        await working(self.user["name"])()
        """,
        """
        started = time.time()
        reference = uuid.uuid4().hex

        def log(message):
            print(f"[{reference} {time.time() - started:.1f}] {message}")

        log("begin")
        await working(1)()
        log("end")
        """,
        """
        @step.do("time until tomorrow")
        async def time_until_tomorrow():
            return int((event["timestamp"] + timedelta(days=1) - datetime.now()).total_seconds() * 1000)

        await step.sleep("tomorrow", await time_until_tomorrow())
        await working(1)()
        await step.sleep_until("later", event["timestamp"] + timedelta(days=2))
        """,
        """
        try:
            await step.sleep_until("opening", event["timestamp"] + timedelta(days=1))
        except Exception as error:
            print("it is open", error)
        await step.wait_for_event("approval", "approval", timeout="1 day")
        await working(1)()
        """,
        """
        reply = await step.wait_for_event("approval", "approval", timeout="1 day")
        answer = reply["payload"] if "payload" in reply else reply
        if answer["approved"]:
            await working(answer["by"])()
        """,
        """
        payload = getattr(event, "payload", None) or event["payload"]
        order = {**payload} if isinstance(payload, dict) else {"id": payload["id"]}
        order["status"] = "new"
        lines = [str(line) for line in payload["lines"]]
        lines.append("shipping")
        await working(order["status"])()
        """,
        """
        by_letter = defaultdict(list)
        for item in event["payload"]["items"]:
            by_letter[str(item)[:1]].append(str(item))
        results = {}
        for letter, items in sorted(by_letter.items()):
            results[letter] = await working(f"{letter} {len(items)}")()
        await working(len(results))()
        """,
        """
        numbers = itertools.count(1)
        chance = random.Random(str(event["instanceId"]))
        for item in chance.sample(["a", "b", "c"], 2):
            await working(f"{next(numbers)} {item}")()
        """,
        """
        class Declined(Exception):
            pass

        class Order:
            def __init__(self):
                self.answer = None

            @property
            def receipt(self):
                if not self.answer:
                    raise Declined("no answer")
                return self.answer

        order = Order()
        try:
            order.answer = await working(0)()
            receipt = order.receipt
        except Declined:
            receipt = None
        await working(receipt)()
        """,
        """
        tasks = {asyncio.create_task(working(number)()) for number in range(3)}
        while tasks:
            done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                print(task.result())
        """,
        """
        @step.do("fastest")
        async def fastest():
            async def ask(number):
                await asyncio.sleep(number)
                return number

            for answer in asyncio.as_completed([ask(1), ask(2)]):
                return await answer

        await fastest()
        """,
    ],
)
def test_correct_workflows_have_no_findings(body: str) -> None:
    source = _MODULE + indent(_STEPS + dedent(body), " " * 8)
    run = execute(source)

    assert run.error is None
    assert run.warnings == []
    findings = check_analysis(analyze_source(source))
    assert [str(finding) for finding in findings if finding.severity is not Severity.NOTE] == []
