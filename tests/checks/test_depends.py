"""Test dependencies listed in `depends`."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.page import in_run
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.edits.source_edits import Replacement
from tests.checks.execution import execute_only
from tests.checks.snippets import LEGACY, edits_of, project_codes, project_findings

STEPS = """
        @step.do("load users")
        async def users():
            return ["Ada"]

        @step.do("orders")
        async def orders():
            return [1]
"""


def test_advice_for_a_default_besides_depends(tmp_path: Path) -> None:
    (finding,) = project_findings(
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
    assert finding.code == "SG102"
    assert finding.message == (
        "`depends` lists 1 step for 2 parameters besides `ctx`, so the step 'mail' fails with a TypeError."
    )
    assert finding.advice.startswith("Declare it as `async def mail(users):` in a function `def make_mail(page):`")


@pytest.mark.parametrize("depends", ['["load users"]', "[users()]", "users", "[lambda: 1]"])
def test_an_entry_other_than_a_step_is_one_finding(tmp_path: Path, depends: str) -> None:
    body = f"""
        @step.do("mail", depends={depends})
        async def mail(users):
            return users

        await mail()
        await orders()
        """
    codes = [finding.code for finding in project_findings(tmp_path, STEPS + body, mode=LEGACY)]
    assert [code for code in codes if code != "SG202"] == ["SG103"]


def test_name_of_an_uncalled_step_in_depends_is_one_finding(tmp_path: Path) -> None:
    body = """
        @step.do("mail", depends=["load users"])
        async def mail(users):
            return users

        await mail()
        await orders()
        """
    assert [finding.code for finding in project_findings(tmp_path, STEPS + body, mode=LEGACY)] == ["SG103"]


def test_uncalled_step_with_wrong_count_is_one_finding(tmp_path: Path) -> None:
    body = """
        @step.do("mail", depends=[users])
        def mail():
            return users.result

        await orders()
        """
    (finding,) = project_findings(tmp_path, STEPS + body, mode=LEGACY)
    assert finding.code == "SG102"
    assert finding.message == (
        "`depends` lists 1 step for no parameters besides `ctx`: the step 'mail' is never called, and would fail with a"
        " TypeError."
    )
    assert finding.advice == ("Add a parameter for each step in `depends`, or remove the steps. Then call the step.")


def test_step_that_only_attributes_mention_has_a_wrong_count(tmp_path: Path) -> None:
    body = """
        @step.do("mail", depends=[users])
        def mail():
            return users.result

        await orders()
        return mail.result
        """
    finding, attribute = project_findings(tmp_path, STEPS + body, mode=LEGACY)
    assert attribute.code == "SG117"
    assert finding.message.endswith("each call of the step 'mail' fails with a TypeError.")


@pytest.mark.parametrize(
    "body",
    [
        """
        needed = []

        @step.do("mail", depends=needed)
        async def mail(users):
            return users
        """,
        """
        @step.do("mail", depends=[users])
        async def mail(users, ctx):
            return users
        """,
    ],
    ids=["variable", "context"],
)
def test_uncalled_step_with_a_possible_count_is_only_unused(body: str, tmp_path: Path) -> None:
    assert project_codes(tmp_path, f"{STEPS}{body}\n        await orders()", mode=LEGACY) == ["SG202"]


_VALID_LISTS = {
    "a list that grows before the call": """
        needed = []

        @step.do("mail", depends=needed)
        async def mail(users):
            return users

        needed.append(users)
        await mail()
    """,
    "a concatenated list": """
        @step.do("mail", depends=[users] + [orders])
        async def mail(users, orders):
            return users

        await mail()
    """,
    "a list on one path": """
        @step.do("mail", depends=[users] if event["payload"]["users"] else [orders])
        async def mail(those):
            return those

        await mail()
    """,
    "an imported list": """
        @step.do("mail", depends=steps_of(users))
        async def mail(one, other):
            return one

        await mail()
    """,
    "a list extended with unknown items": """
        needed = [users]
        needed.extend(steps_of(orders))

        @step.do("mail", depends=needed)
        async def mail(users, orders):
            return users

        await mail()
    """,
    "as many steps as parameters": """
        @step.do("mail", depends=[one for one in (users, orders)])
        async def mail(users, orders):
            return users

        await mail()
    """,
}


@pytest.mark.parametrize("body", _VALID_LISTS.values(), ids=_VALID_LISTS)
def test_list_is_evaluated_at_the_call(body: str, tmp_path: Path) -> None:
    codes = project_codes(tmp_path, STEPS + body + "    await users()\n        await orders()\n", mode=LEGACY)

    assert not {"SG102", "SG103", "SG105"} & set(codes)


def test_step_name_in_depends_suggests_the_function(tmp_path: Path) -> None:
    (finding,) = project_findings(
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
    assert finding.message == (
        "`\"load users\"` in `depends` is a string, not a step, so the step 'mail' fails with a TypeError."
    )
    assert finding.advice == "List the decorated functions, not their names: `depends=[users]`."


def test_string_as_depends_suggests_a_list(tmp_path: Path) -> None:
    body = """
        @step.do("mail", depends="orders")
        async def mail(orders):
            return orders

        await mail()
        await users()
    """
    (finding,) = project_findings(tmp_path, STEPS + body, mode=LEGACY)

    assert finding.message == (
        "`\"orders\"` in `depends` is a string, not a step, so the step 'mail' fails with a TypeError."
    )
    assert finding.advice == "List the decorated functions, not their names: `depends=[orders]`."


@pytest.mark.parametrize("entry", ["None", "3", "[orders]", "dict(name='orders')"])
def test_non_steps_in_depends(entry: str, tmp_path: Path) -> None:
    body = f"""
        @step.do("mail", depends=[{entry}])
        async def mail(orders):
            return orders

        await mail()
        await users()
        await orders()
    """
    (finding,) = project_findings(tmp_path, STEPS + body, mode=LEGACY)

    assert finding.code == "SG103"
    assert finding.message == (f"`{entry}` in `depends` is not a step, so the step 'mail' fails with a TypeError.")
    assert finding.advice == "List functions decorated with `@step.do(...)`."


def test_external_decorator_may_return_a_step(tmp_path: Path) -> None:
    body = """
        @elsewhere.a_step
        async def users():
            return ["Ada"]

        @step.do("mail", depends=[users])
        async def mail(users):
            return users

        await mail()
    """
    assert "SG103" not in project_codes(tmp_path, body, imports="import elsewhere", mode=LEGACY)


@pytest.mark.parametrize(
    ("depends", "kind", "error"),
    [
        ("{users}", "set", "TypeError"),
        ("frozenset([users])", "frozenset", "TypeError"),
        ('{"users": users}', "dictionary", "KeyError or TypeError"),
        ("(one for one in [users])", "generator", "TypeError"),
        ("users", "step", "TypeError"),
    ],
)
def test_depends_without_positions(depends: str, kind: str, error: str, tmp_path: Path) -> None:
    (finding,) = project_findings(tmp_path, STEPS + body_with_depends(depends), mode=LEGACY)

    assert finding.code == "SG103"
    assert finding.message == f"`depends` must be a list of steps, got a {kind}: the step 'mail' fails with a {error}."


@pytest.mark.parametrize("depends", ["(users,)", "collections.deque([users])", "{0: users}"])
def test_depends_with_positions(depends: str, tmp_path: Path) -> None:
    body = body_with_depends(depends)

    assert project_codes(tmp_path, STEPS + body, imports="import collections", mode=LEGACY) == []


@pytest.mark.parametrize(
    ("depends", "error"),
    [
        ("collections.deque([users])", None),
        ("{0: users}", None),
        ("frozenset([users])", TypeError),
        ('{"users": users}', KeyError),
        ("(one for one in [users])", TypeError),
        ("users", TypeError),
    ],
)
def test_sdk_reads_depends_by_position(depends: str, error: type[Exception] | None, tmp_path: Path) -> None:
    body = STEPS + body_with_depends(depends)
    execution = execute_only(in_run("a list", body, imports="import collections", mode=LEGACY), tmp_path)

    assert (None if execution.error is None else type(execution.error)) is error


def body_with_depends(depends: str) -> str:
    return f"""
        @step.do("mail", depends={depends})
        async def mail(users):
            return users

        await mail()
        await users()
        await orders()
    """


def test_advice_lists_parameters_in_implicit_mode(tmp_path: Path) -> None:
    (finding,) = project_findings(
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
    assert finding.code == "SG104"
    assert finding.span.end_column - finding.span.column == len("depends")
    assert finding.advice == (
        'Remove it, rename the step of `users` to "users", and give the function the parameters `users`, `orders`,'
        " named after the steps."
    )


def test_missing_depends_explains_the_argument_of_a_call(tmp_path: Path) -> None:
    (finding,) = project_findings(
        tmp_path,
        """
        @step.do("charge")
        async def charge(amount):
            return amount

        await charge(10)
        """,
        mode=LEGACY,
    )
    assert finding.code == "SG105"
    assert finding.advice == (
        "Declare it as `async def charge():` in a function `def make_charge(amount):` that ends in `return charge`, and"
        " run it with `await make_charge(10)()`."
    )


def test_advice_lists_missing_depends(tmp_path: Path) -> None:
    (finding,) = project_findings(
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
    assert finding.code == "SG105"
    assert finding.message == (
        "missing `depends` for the parameters `users`, `orders`: this project's compatibility date or flags require it,"
        " so the step 'mail' fails with a TypeError."
    )
    assert finding.advice == "Add `depends=[users, orders]` to its `step.do(...)`."


def test_depends_implies_legacy_mode_without_configuration() -> None:
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


def test_second_argument_does_not_imply_legacy_mode() -> None:
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


def test_unknown_options_may_include_the_name(tmp_path: Path) -> None:
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
    assert project_codes(tmp_path, body, mode=LEGACY) == []


@pytest.mark.parametrize(
    ("mode", "code", "message"),
    [
        (
            DependencyMode.IMPLICIT,
            "SG104",
            (
                "unexpected positional argument `True`: `step.do` takes only the name by position, so it fails with a"
                " TypeError."
            ),
        ),
        (
            LEGACY,
            "SG103",
            "`depends` must be a list of steps, got `True`: the step 'charge' fails with a TypeError.",
        ),
    ],
)
def test_concurrent_by_position(mode: DependencyMode, code: str, message: str, tmp_path: Path) -> None:
    body = '@step.do("charge", True)\nasync def charge():\n    return 1\n\nawait charge()'
    (finding,) = project_findings(tmp_path, body, mode=mode)
    assert (finding.code, finding.message) == (code, message)
    assert finding.advice == "Write `concurrent=True`, or remove it."
    assert [edit.text for edit in edits_of(finding) if isinstance(edit, Replacement)] == ["concurrent=True"]


def test_a_position_is_not_concurrent_beside_the_keyword(tmp_path: Path) -> None:
    body = '@step.do("charge", True, concurrent=False)\nasync def charge():\n    return 1\n\nawait charge()'
    (finding,) = project_findings(tmp_path, body, mode=DependencyMode.IMPLICIT)
    assert finding.advice != "Write `concurrent=True`, or remove it."
    assert not edits_of(finding)


@pytest.mark.parametrize("arguments", ['"charge", 5', '"charge", depends=5', '"charge", True, True'])
def test_number_as_depends(arguments: str, tmp_path: Path) -> None:
    body = f"@step.do({arguments})\nasync def charge():\n    return 1\n\nawait charge()"
    (finding,) = project_findings(tmp_path, body, mode=LEGACY)
    assert (finding.code, finding.fix) == ("SG103", None)
