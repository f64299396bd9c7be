"""Dependencies that are listed in `depends`, and where they may not be."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_source, check_analysis
from tests.checks.run_bodies import LEGACY, codes_in, found_in

STEPS = """
        @step.do("load users")
        async def users():
            return ["Ada"]

        @step.do("orders")
        async def orders():
            return [1]
"""


def test_a_default_beside_what_is_listed_is_told_the_function_that_keeps_the_value(tmp_path: Path) -> None:
    (found,) = found_in(
        tmp_path,
        STEPS
        + """
        for page in range(3):
            @step.do("mail", depends=[users])
            async def mail(users, page=page):
                return page

            await mail()
        await orders()
        """,
        mode=LEGACY,
    )
    assert found.code == "SG102"
    assert found.message == (
        "`depends` of the step 'mail' lists 1 step, but its function has 2 parameters besides `ctx`, so calling it"
        " fails with a TypeError."
    )
    assert found.advice.startswith("Declare it as `async def mail(users):` in a function `def make_mail(page):`")


_COUNTED = {
    "a list that grows before the call": """
        needed = []

        @step.do("mail", depends=needed)
        async def mail(users):
            return users

        needed.append(users)
        await mail()
    """,
    "a list that is put together": """
        @step.do("mail", depends=[users] + [orders])
        async def mail(users, orders):
            return users

        await mail()
    """,
    "a list on some paths": """
        @step.do("mail", depends=[users] if event["payload"]["users"] else [orders])
        async def mail(those):
            return those

        await mail()
    """,
    "a list from elsewhere": """
        @step.do("mail", depends=steps_of(users))
        async def mail(one, other):
            return one

        await mail()
    """,
    "a list that grows by what is not known": """
        needed = [users]
        needed.extend(steps_of(orders))

        @step.do("mail", depends=needed)
        async def mail(users, orders):
            return users

        await mail()
    """,
    "as many as there are": """
        @step.do("mail", depends=[one for one in (users, orders)])
        async def mail(users, orders):
            return users

        await mail()
    """,
}


@pytest.mark.parametrize("body", _COUNTED.values(), ids=_COUNTED)
def test_a_list_is_counted_as_it_is_at_the_call(body: str, tmp_path: Path) -> None:
    codes = codes_in(tmp_path, STEPS + body + "    await users()\n        await orders()\n", mode=LEGACY)

    assert not {"SG102", "SG103", "SG105"} & set(codes)


def test_the_name_of_a_step_is_told_its_function(tmp_path: Path) -> None:
    (found,) = found_in(
        tmp_path,
        STEPS
        + """
        @step.do("mail", depends=["load users"])
        async def mail(users):
            return users

        await mail()
        await users()
        await orders()
        """,
        mode=LEGACY,
    )
    assert found.message == (
        "`\"load users\"` in `depends` of the step 'mail' is text and not a step, so calling it fails with a TypeError."
    )
    assert found.advice == "List the decorated functions themselves, not their names: write `depends=[users]`."


def test_a_name_in_place_of_a_list_is_told_the_function_of_its_step(tmp_path: Path) -> None:
    body = """
        @step.do("mail", depends="orders")
        async def mail(orders):
            return orders

        await mail()
        await users()
    """
    (found,) = found_in(tmp_path, STEPS + body, mode=LEGACY)

    assert found.message == (
        "`\"orders\"` in `depends` of the step 'mail' is text and not a step, so calling it fails with a TypeError."
    )
    assert found.advice == "List the decorated functions themselves, not their names: write `depends=[orders]`."


@pytest.mark.parametrize("entry", ["None", "3", "[orders]", "dict(name='orders')"])
def test_what_is_no_step_is_told_what_to_list(entry: str, tmp_path: Path) -> None:
    body = f"""
        @step.do("mail", depends=[{entry}])
        async def mail(orders):
            return orders

        await mail()
        await users()
        await orders()
    """
    (found,) = found_in(tmp_path, STEPS + body, mode=LEGACY)

    assert found.code == "SG103"
    assert found.message == (
        f"`{entry}` in `depends` of the step 'mail' is not a step, so calling it fails with a TypeError."
    )
    assert found.advice == "List the functions that are decorated with `step.do(...)`."


def test_what_a_decorator_from_elsewhere_makes_of_a_function_may_be_a_step(tmp_path: Path) -> None:
    body = """
        @elsewhere.a_step
        async def users():
            return ["Ada"]

        @step.do("mail", depends=[users])
        async def mail(users):
            return users

        await mail()
    """
    assert "SG103" not in codes_in(tmp_path, body, imports="import elsewhere", mode=LEGACY)


@pytest.mark.parametrize("depends", ["{users}", '{"users": users}', "(one for one in [users])"])
def test_what_has_no_positions_is_no_list(depends: str, tmp_path: Path) -> None:
    body = f"""
        @step.do("mail", depends={depends})
        async def mail(users):
            return users

        await mail()
        await users()
        await orders()
    """
    assert codes_in(tmp_path, STEPS + body, mode=LEGACY) == ["SG103"]


def test_where_depends_is_refused_the_parameters_to_write_are_said(tmp_path: Path) -> None:
    (found,) = found_in(
        tmp_path,
        STEPS
        + """
        @step.do("mail", depends=[users, orders])
        async def mail(users, orders):
            return users

        await users()
        await orders()
        await mail()
        """,
    )
    assert found.code == "SG104"
    assert found.advice == (
        "Remove it, and name the step of `users` 'users', as parameters bear the names of steps, and give the"
        " function the parameters `users`, `orders`, named after what it needs."
    )


def test_missing_depends_is_told_the_list_to_write(tmp_path: Path) -> None:
    (found,) = found_in(
        tmp_path,
        STEPS
        + """
        @step.do("mail")
        async def mail(users, orders, ctx):
            return users

        await users()
        await orders()
        await mail()
        """,
        mode=LEGACY,
    )
    assert found.code == "SG105"
    assert found.message == (
        "the step 'mail' has the parameters `users`, `orders` but no `depends`, which this project's compatibility"
        " date or flags demand: calling it fails with a TypeError."
    )
    assert found.advice == "Add `depends=[users, orders]` to its `step.do(...)`."


def test_without_a_configuration_depends_says_that_steps_are_listed() -> None:
    source = """
from workers import WorkflowEntrypoint


class Example(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("load")
        async def load():
            return 1

        @step.do("total", depends=[load])
        async def total(rows):
            return rows

        @step.do()
        async def last(load):
            return load

        await total()
        await last()
"""
    assert [finding.code for finding in check_analysis(analyze_source(source))] == ["SG106", "SG105"]


def test_a_function_in_second_place_does_not_say_that_steps_are_listed() -> None:
    source = """
from workers import WorkflowEntrypoint


class Example(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do()
        async def load():
            return 1

        @step.do()
        async def total(load):
            return load

        await total()
        await step.do("send", lambda: 1)
"""
    assert [finding.code for finding in check_analysis(analyze_source(source))] == ["SG117"]


def test_options_that_are_not_known_may_have_the_name(tmp_path: Path) -> None:
    body = """
        options = dict(event["payload"]["options"])

        @step.do(**options)
        async def load():
            return 1

        @step.do(**{**options, "concurrent": True})
        async def other():
            return 1

        await load()
        await other()
    """
    assert codes_in(tmp_path, body, mode=LEGACY) == []
