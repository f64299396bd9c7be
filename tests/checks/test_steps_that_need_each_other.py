"""Cycles among steps, and names that two of them share."""

from __future__ import annotations

from pathlib import Path

from tests.checks.run_bodies import codes_in, found_in


def test_a_cycle_is_told_of_once_and_in_the_order_of_needing(tmp_path: Path) -> None:
    (found,) = found_in(
        tmp_path,
        """
        @step.do("order")
        async def order(invoice):
            return invoice

        @step.do("invoice")
        async def invoice(order):
            return order

        for _ in range(2):
            await order()
        """,
    )
    assert found.code == "SG107"
    assert found.message == (
        "the step 'order' needs itself, so calling it fails with a RecursionError:"
        " 'order' needs 'invoice' needs 'order'."
    )


def test_a_step_that_has_run_is_not_called_again(tmp_path: Path) -> None:
    body = """
        @step.do("rows")
        async def loaded():
            return [1]

        @step.do("total")
        async def total(rows):
            return sum(rows)

        await total()

        @step.do("rows")
        async def counted(total):
            return [total]

        await counted()
    """
    assert codes_in(tmp_path, body) == []


def test_a_cycle_that_is_not_called_is_not_judged(tmp_path: Path) -> None:
    body = """
        @step.do("a")
        async def a(b):
            return b

        @step.do("b")
        async def b(a):
            return a
    """
    assert "SG107" not in codes_in(tmp_path, body)


def test_a_name_that_two_steps_share_says_where_they_are(tmp_path: Path) -> None:
    (found,) = found_in(
        tmp_path,
        """
        @step.do("load")
        async def load_users():
            return ["Ada"]

        @step.do("load")
        async def load_orders():
            return [1]

        @step.do("report")
        async def report(load):
            return load

        await report()
        await load_users()
        """,
    )
    assert found.code == "SG208"
    assert found.message == (
        "two steps are named 'load', those of `load_users` (line 6) and `load_orders` (line 10): 'report' gets the"
        " result of the one declared last."
    )


def test_helpers_that_each_use_their_own_step_do_not_share_it(tmp_path: Path) -> None:
    body = """
        async def users():
            @step.do("rows")
            async def load():
                return ["Ada"]

            @step.do("count users")
            async def count(rows):
                return len(rows)

            return await count()

        async def orders():
            @step.do("rows")
            async def load():
                return [1]

            @step.do("count orders")
            async def count(rows):
                return len(rows)

            return await count()

        await users()
        await orders()
    """
    assert codes_in(tmp_path, body) == []
