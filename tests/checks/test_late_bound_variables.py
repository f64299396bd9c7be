"""Test the detection of steps that read a variable of a loop after the loop has changed it."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from tests.checks.snippets import flagged_in_run, replay_findings

_STEP = '@step.do(f"ship {order}")\nasync def ship():\n    return order\n'


def late_reads(body: str) -> list[str]:
    """Return the flagged reads in a body of `run`. A line `STEP` declares a step `ship` that reads `order`."""
    lines = ["tasks, orders = [], event['payload']", *dedent(body).strip().splitlines()]
    return flagged_in_run("SG217", "\n".join(_with_step(line) for line in lines))


def _with_step(line: str) -> str:
    return indent(_STEP, line.removesuffix("STEP")) if line.endswith("STEP") else line


@pytest.mark.parametrize(
    "body",
    [
        """
        while orders:
            order = orders.pop()
            STEP
            tasks.append(ship())
        await asyncio.gather(*tasks)
        """,
        """
        for order in orders:
            STEP
            tasks.append(asyncio.create_task(ship()))
        for task in tasks:
            await task
        """,
        """
        for order in orders:
            await a()
            STEP
            tasks.append(asyncio.ensure_future(ship()))
        await asyncio.wait(tasks)
        """,
        """
        for order in orders:
            STEP
            tasks.append(ship())
            await step.sleep(f"pause {order}", "1 minute")
        await asyncio.gather(*tasks)
        """,
        """
        for number, order in enumerate(orders):
            await asyncio.sleep(0)
            STEP
            tasks.append(ship())
        await asyncio.gather(*tasks)
        """,
        """
        async def call(inner):
            return await inner()

        for order in orders:
            STEP
            tasks.append(asyncio.create_task(call(ship)))
        await asyncio.gather(*tasks)
        """,
        """
        for order in orders:
            STEP
            tasks.append(ship())
            if len(tasks) == 5:
                await asyncio.gather(*tasks)
                tasks = []
        await asyncio.gather(*tasks)
        """,
        """
        for order in orders:
            @step.do("load")
            async def load():
                return order

            @step.do(f"ship {order}")
            async def ship(load):
                return load

            tasks.append(ship())
        await asyncio.gather(*tasks)
        """,
        """
        for order in orders:
            STEP
        await ship()
        """,
    ],
)
def test_step_that_runs_after_its_pass_is_reported(body: str) -> None:
    assert late_reads(body) == ["order"]


@pytest.mark.parametrize(
    "body",
    [
        """
        for order in orders:
            STEP
            tasks.append(asyncio.create_task(ship()))
            await step.sleep(f"pause {order}", "1 minute")
        await asyncio.gather(*tasks)
        """,
        """
        for order in orders:
            STEP
            async with asyncio.TaskGroup() as group:
                group.create_task(ship())
        """,
        """
        for order in orders:
            STEP
            await asyncio.wait_for(ship(), 60)
        """,
        """
        for order in orders:
            STEP
            if order:
                tasks.append(ship())
                break
        await asyncio.gather(*tasks)
        """,
        """
        for order in orders:
            STEP
            if order:
                break
        await ship()
        """,
        """
        for order in orders:
            @step.do(f"ship {order}")
            async def ship():
                await self.env.API.ship(order)

            if order:
                break
        await ship()
        """,
        """
        for order in orders:
            STEP
            tasks = [ship(), ship()]
            await asyncio.gather(*tasks)
        """,
        """
        for batch in orders:
            order = batch
            for number in batch:
                STEP
                tasks.append(ship())
            await asyncio.gather(*tasks)
            tasks = []
        """,
        """
        order = orders["first"]
        for number in orders["numbers"]:
            STEP
            tasks.append(ship())
        await asyncio.gather(*tasks)
        """,
        """
        for number in orders["numbers"]:
            order = self.env.ORDERS
            STEP
            tasks.append(ship())
        await asyncio.gather(*tasks)
        """,
        """
        for order in orders:
            await asyncio.gather(step.do(f"ship {order}")(lambda: order)(), a())
        """,
        """
        for shipping in (step.do(f"ship {order}")(lambda: order)() for order in orders):
            await shipping
        """,
        """
        from pyodide.ffi import run_sync

        for order in orders:
            STEP
            run_sync(ship())
        """,
    ],
)
def test_step_that_may_run_in_its_pass_is_not_reported(body: str) -> None:
    assert late_reads(body) == []


def test_function_that_calls_the_step_later_is_reported_too() -> None:
    body = """
    for order in orders:
        STEP

        async def ship_later():
            return await ship()

        tasks.append(ship_later())
    await asyncio.gather(*tasks)
    """
    assert late_reads(body) == ["order", "ship"]


_LAMBDA_CALLS = """
for call in calls:
    await call()
"""
_SHIP = """
async def ship(self, step, order):
    await step.sleep(f"ship {order}", "1 minute")
"""


@pytest.mark.parametrize(
    "declaration",
    [
        "calls = [lambda: self.ship(step, order) for order in event['payload']]",
        "calls = []\nfor order in event['payload']:\n    calls.append(lambda: self.ship(step, order))",
    ],
)
def test_stored_lambda_is_reported_with_a_default(declaration: str) -> None:
    (finding,) = replay_findings(declaration + _LAMBDA_CALLS, "SG217", methods=_SHIP)
    assert finding.message == "this lambda runs after the loop has changed `order`, so each call reads the last value."
    assert finding.advice == "Keep the value of each pass in a default: add `order=order` to the parameters."


@pytest.mark.parametrize(
    "body",
    [
        "calls = [lambda order=order: self.ship(step, order) for order in event['payload']]" + _LAMBDA_CALLS,
        "for order in event['payload']:\n    calls = [lambda: self.ship(step, order)]\n    await calls[0]()",
        "for order in event['payload']:\n    await asyncio.gather(*[f() for f in [lambda: self.ship(step, order)]])",
        "calls = [(lambda: self.ship(step, order))() for order in event['payload']]\nawait asyncio.gather(*calls)",
    ],
)
def test_lambda_with_a_bound_value_is_not_reported(body: str) -> None:
    assert replay_findings(body, "SG217", methods=_SHIP) == []


def test_names_of_inner_scopes_are_not_loop_variables() -> None:
    body = """
    for order in orders:
        async def process(order):
            @step.do(f"ship {order}")
            async def ship():
                return [[order for order in orders], (lambda order: order)(1)]

            return await ship()

        tasks.append(process(order))
    await asyncio.gather(*tasks)
    """
    assert late_reads(body) == []


def test_finding_names_all_variables_and_the_factory() -> None:
    body = """
    tasks = []
    for number, item in enumerate(event["payload"]):
        label = f"{number}: {item}"

        @step.do(label)
        async def ship():
            return [label, item]

        tasks.append(ship())
    await asyncio.gather(*tasks)
    """
    (finding,) = replay_findings(dedent(body), "SG217")
    assert finding.message == (
        "the step '{label}' runs after the loop has changed `label`, `item`, so each run reads the last values."
    )
    assert finding.advice == (
        "Declare it as `async def ship():` in a function `def make_ship(label, item):` that ends in `return ship`, and"
        " run it with `make_ship(label, item)()`."
    )


def test_function_is_reported_with_a_default() -> None:
    body = """
    tasks = []
    for item in event["payload"]:
        async def process():
            await self.ship(step, item)

        tasks.append(process())
    await asyncio.gather(*tasks)
    """
    methods = """
    async def ship(self, step, item):
        await step.sleep(f"ship {item}", "1 minute")
    """
    (finding,) = replay_findings(dedent(body), "SG217", methods=methods)
    assert finding.message == "`process` runs after the loop has changed `item`, so each call reads the last value."
    assert finding.advice == "Keep the value of each pass in a default: add `item=item` to the parameters."


_START = """
calls = []
for order in event["payload"]:
    def start():
        return self.ship(step, order)

"""


def test_stored_function_that_returns_a_coroutine_is_reported() -> None:
    body = f"{_START}    calls.append(start)\n{_LAMBDA_CALLS}"
    (finding,) = replay_findings(body, "SG217", methods=_SHIP)
    assert finding.message.startswith("`start` runs after the loop has changed `order`")


@pytest.mark.parametrize("use", ["calls.append(start())", "calls.append(self.called(start))"])
def test_function_called_in_its_pass_is_not_reported(use: str) -> None:
    methods = f"{_SHIP}\ndef called(self, function):\n    return function()\n"
    assert replay_findings(f"{_START}    {use}\nawait asyncio.gather(*calls)", "SG217", methods=methods) == []
