"""Test SG101: parameters that match no declared step."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.page import in_run
from tests.checks.examples import findings_of_example, project
from tests.checks.snippets import project_codes, project_findings


def test_advice_for_a_default(tmp_path: Path) -> None:
    (finding,) = project_findings(
        tmp_path,
        """
        for order in event["payload"]["orders"]:
            @step.do(f"charge {order}", config={"timeout": "1 minute"})
            async def charge(order=order, ctx=None, amount=order["amount"]):
                return {"order": order}

            await charge()
        """,
    )
    assert finding.code == "SG101"
    assert (finding.span.line, finding.span.column, finding.span.end_column) == (8, 30, 35)
    assert finding.message == (
        "the SDK ignores the defaults `order=order`, `amount=order[\"amount\"]` and looks for a step named 'order', so"
        " the step 'charge {order}' fails with a TypeError."
    )
    assert finding.advice == (
        "Declare it as `async def charge(ctx):` in a function `def make_charge(order, amount):` that ends in"
        ' `return charge`, and run it with `await make_charge(order, order["amount"])()`.'
    )


def test_advice_for_the_default_of_a_lambda(tmp_path: Path) -> None:
    (finding,) = project_findings(
        tmp_path,
        """
        for page in range(3):
            await step.do(f"page {page}")(lambda page=page + 1: page)()
        """,
    )
    assert finding.advice == (
        'Write `return step.do(f"page {page}")(lambda: ...)` in a function `def make_step(page):`, and run the'
        " step with `await make_step(page + 1)()`."
    )


def test_parameter_named_after_a_function_suggests_the_step(tmp_path: Path) -> None:
    (finding,) = project_findings(
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
    assert finding.message == (
        "parameter `load` matches no step declared before the call, so the step 'total' fails with a TypeError, and the"
        " step 'load_rows' never runs."
    )
    assert finding.advice == (
        "Name it `load_rows`: parameters must match names of steps, and that is the name of `load`'s step."
    )


def test_context_as_keyword_arguments(tmp_path: Path) -> None:
    (finding,) = project_findings(tmp_path, "await step.do('mail')(lambda **ctx: 1)()")

    assert finding.code == "SG101"
    assert finding.message == (
        "`ctx` is keyword-only, but the SDK passes it by position, so the step 'mail' fails with a TypeError in"
        " each attempt."
    )
    assert finding.advice == "Remove the `**` before `ctx`."


def test_step_declared_too_late(tmp_path: Path) -> None:
    (finding,) = project_findings(
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
    assert finding.advice == "Declare the step 'rows' (line 12) before this step is called."


def test_dependent_step_is_not_suggested(tmp_path: Path) -> None:
    (finding,) = project_findings(
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
    assert finding.advice == (
        "Name it after a declared step (`user`) or `ctx`. To pass another value, use a variable of the enclosing"
        " function."
    )


def test_advice_for_arguments_of_a_call(tmp_path: Path) -> None:
    (unknown,) = project_findings(
        tmp_path,
        """
        @step.do("notify")
        async def notify(user):
            return user

        for user in event["payload"]["users"]:
            await notify(user["name"])
        """,
    )
    assert unknown.code == "SG101"
    assert unknown.advice.endswith('run it with `await make_notify(user["name"])()`.')


@pytest.mark.slow
def test_advice_for_missing_functools_wraps(tmp_path: Path) -> None:
    (finding,) = project_findings(
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
    assert "functools.wraps" in finding.advice


_VALID = {
    "parameters of a wrapped function": """
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
    "parameters bound by position": """
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
    "a step declared by an earlier task": """
        @step.do("total")
        async def total(rows):
            return sum(rows)

        task = asyncio.create_task(total())

        @step.do("rows")
        async def rows():
            return [1]

        await task
    """,
    "a step declared in a helper": """
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
    "steps declared from a list of names": """
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
    "a step declared on the same path": """
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
    "a function renamed later": """
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


@pytest.mark.parametrize("body", _VALID.values(), ids=_VALID)
def test_valid_parameters(body: str, tmp_path: Path) -> None:
    codes = project_codes(tmp_path, body, imports="import asyncio\nimport functools")

    assert "SG101" not in codes


def test_computed_name_that_cannot_match(tmp_path: Path) -> None:
    body = """
        for index in range(3):
            @step.do(f"page {index}")
            async def fetch(index=index):
                return index

            await fetch()
    """
    assert project_codes(tmp_path, body) == ["SG101"]


def test_external_code_may_declare_the_step(tmp_path: Path) -> None:
    body = """
        elsewhere.declare(step)

        @step.do("total")
        async def total(rows):
            return sum(rows)

        await total()
    """
    assert "SG101" not in project_codes(tmp_path, body, imports="import elsewhere")


def test_uncalled_step_is_not_checked(tmp_path: Path) -> None:
    body = """
        @step.do("total")
        async def total(missing):
            return missing

        @step.do("other")
        async def other():
            return 1

        await other()
    """
    assert "SG101" not in project_codes(tmp_path, body)


def test_partial_keyword_is_still_a_parameter(tmp_path: Path) -> None:
    body = """
        async def load(table):
            return [table]

        await step.do("load")(functools.partial(load, table="users"))()
    """
    assert project_codes(tmp_path, body, imports="import functools") == ["SG101"]


def test_implicit_mode_is_the_default() -> None:
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


def test_step_of_an_imported_base_class_is_located_there(tmp_path: Path) -> None:
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
    (finding,) = findings_of_example(shop, tmp_path)
    assert (finding.code, Path(finding.span.path).name, finding.span.line) == ("SG101", "base.py", 7)


def test_uncalled_step_is_a_consequence_of_the_parameter(tmp_path: Path) -> None:
    (finding,) = project_findings(
        tmp_path,
        """
        @step.do("load application")
        async def application():
            return 1

        @step.do("risk")
        async def risk(application):
            return 2

        await risk()
        """,
    )
    assert finding.code == "SG101"
    assert finding.message == (
        "parameter `application` matches no step declared before the call, so the step 'risk' fails with a TypeError,"
        " and the step 'load application' never runs."
    )
    assert finding.advice == (
        "'load application' is not a valid parameter name. Rename the step to \"application\", or drop its name."
    )


def test_uncalled_step_with_a_similar_name_is_a_consequence(tmp_path: Path) -> None:
    (finding,) = project_findings(
        tmp_path,
        """
        @step.do("invoice")
        async def create_invoice():
            return 1

        @step.do("send")
        async def send(invioce):
            return invioce

        await send()
        """,
    )
    assert finding.message.endswith("and the step 'invoice' never runs.")
    assert finding.advice == "Did you mean `invoice`?"


def test_stored_step_is_a_consequence_of_the_parameter(tmp_path: Path) -> None:
    body = """
        @step.do("load application")
        async def application():
            return 1

        @step.do("risk")
        async def risk(application):
            return application

        self.application = application
        await risk()
    """
    (finding,) = findings_of_example(in_run("a stored step", body), tmp_path)

    assert finding.code == "SG101"
    assert finding.message.endswith("and the step 'load application' has no known call.")


def test_uncalled_step_of_another_name_keeps_its_finding(tmp_path: Path) -> None:
    body = """
        @step.do("audit")
        async def audit():
            return 1

        @step.do("risk")
        async def risk(application):
            return application

        await risk()
    """
    assert project_codes(tmp_path, body) == ["SG202", "SG101"]


def test_called_step_is_not_reported_as_never_run(tmp_path: Path) -> None:
    body = """
        @step.do("load application")
        async def application():
            return 1

        @step.do("risk")
        async def risk(application):
            return application

        await application()
        await risk()
    """
    (finding,) = project_findings(tmp_path, body)

    assert finding.message.endswith("the step 'risk' fails with a TypeError.")


CHARGE = """
@step.do("charge")
async def charge(order):
    return order
"""


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ("await charge()\nawait third_party(step)", ["SG101"]),
        ("if event:\n    await charge()\nelse:\n    await third_party(step)", ["SG101"]),
        ("await third_party(step)\nawait charge()", []),
        ("await asyncio.gather(charge(), third_party(step))", []),
        ("for row in event:\n    if row:\n        await charge()\n    else:\n        await third_party(step)", []),
    ],
)
def test_unresolved_code_may_declare_the_steps_of_later_calls(tmp_path: Path, body: str, codes: list[str]) -> None:
    assert project_codes(tmp_path, CHARGE + body, imports="import asyncio\nfrom package import third_party") == codes


def test_advice_for_another_name_of_the_context(tmp_path: Path) -> None:
    body = '@step.do("charge")\nasync def charge(context):\n    return context["attempt"]\n\nawait charge()'
    (finding,) = project_findings(tmp_path, body)
    assert finding.advice == "Name it `ctx`: the SDK passes the step context only to a parameter of this name."


def test_step_without_await(tmp_path: Path) -> None:
    (finding, unawaited) = project_findings(
        tmp_path,
        """
        @step.do("order")
        async def order():
            return 1

        @step.do("ship")
        async def ship(ordr, ctx):
            return ordr

        ship()
        """,
    )
    assert (finding.code, unawaited.code) == ("SG101", "SG201")
    assert finding.message == (
        "parameter `ordr` matches no step declared before the call, so the step 'ship' fails with a TypeError once it"
        " is awaited, and the step 'order' never runs."
    )
    assert finding.advice == "Did you mean `order`?"


_SHIP_WITHOUT_AWAIT = '@step.do("ship")\nasync def ship(order):\n    return 1\n\nship()\n\n'


@pytest.mark.parametrize("name", ['"order"', 'event["payload"]', 'f"or{event}"'])
def test_step_without_await_whose_parameter_may_match_a_later_step(name: str, tmp_path: Path) -> None:
    later = f"@step.do({name})\nasync def load():\n    return 1\n\nawait load()"
    assert project_codes(tmp_path, _SHIP_WITHOUT_AWAIT + later) == ["SG201"]


def test_default_of_a_step_without_await(tmp_path: Path) -> None:
    findings = project_findings(tmp_path, '@step.do("ship")\nasync def ship(order=1):\n    return 1\n\nship()')
    assert [finding.code for finding in findings] == ["SG101", "SG201"]
