"""Parameters of steps after which no step is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.example import project
from tests.checks.run_bodies import codes_in, found_in
from tests.checks.running import findings


def test_a_default_is_told_the_function_that_keeps_the_value(tmp_path: Path) -> None:
    (found,) = found_in(
        tmp_path,
        """
        for order in event["payload"]["orders"]:
            @step.do(f"charge {order}", config={"timeout": "1 minute"})
            async def charge(order=order, ctx=None, amount=order["amount"]):
                return {"order": order}

            await charge()
        """,
    )
    assert found.code == "SG101"
    assert (found.span.line, found.span.column, found.span.end_column) == (8, 30, 35)
    assert found.message == (
        "the step 'charge {order}' takes `order=order`, `amount=order[\"amount\"]`, but the SDK fills parameters"
        " with results of steps, and no step is named 'order': calling it fails with a TypeError."
    )
    assert found.advice == (
        "Declare it as `async def charge(ctx):` in a function `def make_charge(order, amount):` that ends in"
        ' `return charge`, and run it with `await make_charge(order, order["amount"])()`.'
    )


def test_a_default_of_a_lambda_is_told_the_function_that_returns_the_step(tmp_path: Path) -> None:
    (found,) = found_in(
        tmp_path,
        """
        for page in range(3):
            await step.do(f"page {page}")(lambda page=page: page)()
        """,
    )
    assert found.advice == (
        'Write `return step.do(f"page {page}")(lambda: ...)` in a function `def make_step(page):`, and run the'
        " step with `await make_step(page)()`."
    )


def test_a_parameter_after_a_function_is_told_the_name_of_its_step(tmp_path: Path) -> None:
    (found,) = found_in(
        tmp_path,
        """
        @step.do("load_rows")
        async def load():
            return [1]

        @step.do("total")
        async def total(load):
            return sum(load)

        await total()
        """,
    )
    assert found.message == (
        "the step 'total' has a parameter `load`, but no step is named 'load' when it is called: the call fails"
        " with a TypeError."
    )
    assert found.advice == "Name the parameter `load_rows`: that is the name of `load`'s step."


def test_a_context_that_gathers_keywords_is_told_to_lose_its_stars(tmp_path: Path) -> None:
    (found,) = found_in(tmp_path, "await step.do('mail')(lambda **ctx: 1)()")

    assert found.code == "SG101"
    assert found.message == (
        "the step 'mail' takes `ctx` by name only, but the SDK gives it by position, so each attempt fails with a"
        " TypeError."
    )
    assert found.advice == "Write `ctx` without the stars."


def test_a_step_that_is_declared_too_late_is_told_so(tmp_path: Path) -> None:
    (found,) = found_in(
        tmp_path,
        """
        @step.do("total")
        async def total(rows):
            return sum(rows)

        await total()

        @step.do("rows")
        async def rows():
            return [1]

        await rows()
        """,
    )
    assert found.advice == "Declare the step 'rows' (line 12) before this one is called."


def test_a_step_that_needs_the_one_in_question_is_not_advised(tmp_path: Path) -> None:
    (found,) = found_in(
        tmp_path,
        """
        @step.do("user")
        async def user():
            return "Ada"

        @step.do("price")
        async def price(currency):
            return currency

        @step.do("bill")
        async def bill(price):
            return price

        await user()
        await bill()
        """,
    )
    assert found.advice == (
        "Name it after a declared step (`user`) or `ctx`, or remove it: the function can read other values from around"
        " it."
    )


def test_what_a_step_is_called_with_goes_to_the_function_around_it(tmp_path: Path) -> None:
    unknown, called = found_in(
        tmp_path,
        """
        @step.do("notify")
        async def notify(user):
            return user

        for user in event["payload"]["users"]:
            await notify(user["name"])
        """,
    )
    assert (unknown.code, called.code) == ("SG101", "SG118")
    assert unknown.advice.endswith('run it with `await make_notify(user["name"])()`.')


def test_what_no_decorator_shows_is_told_of_wraps(tmp_path: Path) -> None:
    (found,) = found_in(
        tmp_path,
        """
        def logged(function):
            async def wrapper(*args, **kwargs):
                return await function(*args, **kwargs)

            return wrapper

        @step.do("load")
        @logged
        async def load():
            return 1

        await load()
        """,
    )
    assert "functools.wraps" in found.advice


_CLEAN = {
    "the parameters of what a wrapper shows": """
        def logged(function):
            @functools.wraps(function)
            async def wrapper(*args, **kwargs):
                return await function(*args, **kwargs)

            return wrapper

        @step.do("rows")
        async def rows():
            return [1]

        @step.do("total")
        @logged
        async def total(rows):
            return sum(rows)

        await total()
    """,
    "parameters that are bound by position": """
        async def load(table, limit):
            return [table, limit]

        await step.do("load")(functools.partial(load, "users", 10))()
    """,
    "a method of an object": """
        class Shop:
            async def load(self):
                return 1

        await step.do("load")(Shop().load)()
    """,
    "a step that another task declares before this one begins": """
        @step.do("total")
        async def total(rows):
            return sum(rows)

        task = asyncio.create_task(total())

        @step.do("rows")
        async def rows():
            return [1]

        await task
    """,
    "a step that is declared in a helper": """
        async def prepare():
            @step.do("rows")
            async def load():
                return [1]

            await load()

        await prepare()

        @step.do("total")
        async def total(rows):
            return sum(rows)

        await total()
    """,
    "steps that are declared by names in a list": """
        def declare(names):
            for name in names:
                @step.do(name)
                async def load():
                    return 1

        declare(["rows"])

        @step.do("total")
        async def total(rows):
            return rows

        await total()
    """,
    "a step that is declared on the same path only": """
        if event["payload"]["fresh"]:
            @step.do("rows")
            async def rows():
                return [1]

        @step.do("total")
        async def total(rows):
            return sum(rows)

        if event["payload"]["fresh"]:
            await total()
    """,
    "a name that is given to the function afterwards": """
        async def load():
            return [1]

        load.__name__ = "rows"
        step.do()(load)

        @step.do("total")
        async def total(rows):
            return sum(rows)

        await total()
    """,
}


@pytest.mark.parametrize("body", _CLEAN.values(), ids=_CLEAN)
def test_what_the_sdk_takes_is_not_flagged(body: str, tmp_path: Path) -> None:
    codes = codes_in(tmp_path, body, imports="import asyncio\nimport functools")

    assert "SG101" not in codes


def test_a_name_that_is_computed_in_part_is_no_excuse_where_it_cannot_be_meant(tmp_path: Path) -> None:
    body = """
        for index in range(3):
            @step.do(f"page {index}")
            async def fetch(index=index):
                return index

            await fetch()
    """
    assert codes_in(tmp_path, body) == ["SG101"]


def test_what_may_be_declared_in_other_code_is_not_known(tmp_path: Path) -> None:
    body = """
        elsewhere.declare(step)

        @step.do("total")
        async def total(rows):
            return sum(rows)

        await total()
    """
    assert "SG101" not in codes_in(tmp_path, body, imports="import elsewhere")


def test_a_step_that_never_runs_is_not_judged(tmp_path: Path) -> None:
    body = """
        @step.do("total")
        async def total(missing):
            return missing

        @step.do("other")
        async def other():
            return 1

        await other()
    """
    assert "SG101" not in codes_in(tmp_path, body)


def test_what_is_bound_by_name_is_still_a_parameter(tmp_path: Path) -> None:
    body = """
        async def load(table):
            return [table]

        await step.do("load")(functools.partial(load, table="users"))()
    """
    assert codes_in(tmp_path, body, imports="import functools") == ["SG101"]


def test_without_a_configuration_parameters_bear_the_names_of_steps() -> None:
    source = """
from workers import WorkflowEntrypoint


class Example(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("load")
        async def load(missing):
            return 1

        await load()
"""
    assert [finding.code for finding in check_analysis(analyze_source(source))] == ["SG101"]


def test_a_step_in_a_module_and_a_base_class_of_its_own_is_judged_there(tmp_path: Path) -> None:
    shop = project(
        "a base class in a package",
        {
            "entry.py": """
                from shop.base import Base


                class Example(Base):
                    async def run(self, event, step):
                        await self.charge(step, event["payload"]["order"])
            """,
            "shop/base.py": """
                from workers import WorkflowEntrypoint


                class Base(WorkflowEntrypoint):
                    async def charge(self, step, order):
                        @step.do("charge")
                        async def charge(order=order):
                            return order

                        return await charge()
            """,
            "shop/__init__.py": "",
        },
    )
    (found,) = findings(shop, tmp_path)
    assert (found.code, Path(found.span.path).name, found.span.line) == ("SG101", "base.py", 7)
