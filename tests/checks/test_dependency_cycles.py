"""Test cyclic dependencies and step names declared twice."""

from __future__ import annotations

from pathlib import Path

from tests.checks.snippets import project_codes, project_findings


def test_cycle_is_reported_once_in_order(tmp_path: Path) -> None:
    (finding,) = project_findings(
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
    assert finding.code == "SG107"
    assert finding.message == (
        "dependency cycle: 'order' needs 'invoice', which needs 'order', so the step 'order' fails with a"
        " RecursionError."
    )


def test_completed_dependency_is_not_called_again(tmp_path: Path) -> None:
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
    assert project_codes(tmp_path, body) == []


def test_uncalled_cycle_is_not_flagged(tmp_path: Path) -> None:
    body = """
        @step.do("a")
        async def a(b):
            return b

        @step.do("b")
        async def b(a):
            return a
    """
    assert "SG107" not in project_codes(tmp_path, body)


def test_duplicate_name_locates_both_steps(tmp_path: Path) -> None:
    (finding,) = project_findings(
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
    assert finding.code == "SG208"
    assert finding.message == (
        "two steps are named 'load', `load_users` (line 6) and `load_orders` (line 10): the step 'report' gets the"
        " result of the step declared last."
    )


def test_helpers_with_separate_steps(tmp_path: Path) -> None:
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
    assert project_codes(tmp_path, body) == []
