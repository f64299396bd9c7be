"""Fixes of findings: the source before and after."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.catalogue import BY_CODE, RULES
from stepgraph.checks.page import Example, in_run, read_page
from stepgraph.project.configuration.compatibility import DependencyMode
from tests.checks.examples import findings_of_example, fix_example
from tests.checks.execution import error_text, execute_only
from tests.effort import sample

FLAGGED = [
    pytest.param(rule.code, example, id=f"{rule.code} {example.title}")
    for rule in RULES
    for example in read_page(rule).flagged
]


def fixed(folder: Path, body: str, *, mode: DependencyMode = DependencyMode.IMPLICIT) -> str:
    """Return a body of `run` after all fixes, including unsafe ones."""
    example = in_run("a body", dedent(body), mode=mode)
    lines = fix_example(example, folder, unsafe=True).source.split("step):\n")[1]
    return dedent(lines)


@pytest.mark.slow
@pytest.mark.parametrize(("code", "example"), sample(FLAGGED, 100))
def test_a_fix_removes_its_finding(code: str, example: Example, tmp_path: Path) -> None:
    before = [finding for finding in findings_of_example(example, tmp_path / "before") if finding.code == code]
    kinds = {finding.fix.applicability for finding in before if finding.fix is not None}
    assert kinds <= set(BY_CODE[code].fixes), f"list the kinds of its fixes in the `fixes` of {code}"
    if not kinds:
        return  # what follows would compare the same source

    after = findings_of_example(fix_example(example, tmp_path / "fixed", unsafe=True), tmp_path / "after")

    assert [finding.code for finding in after].count(code) <= sum(finding.fix is None for finding in before)


# Examples whose fix repairs all that is wrong with them.
_REPAIRED = {
    "SG101": (
        "Loop variable as a default value",
        "Function name instead of the step name",
        "Step name that is not an identifier",
        "Misspelled step name",
        "Dependency with an unmatched parameter",
    ),
    "SG103": ("Call to a step in the list", "Single step instead of a list"),
    "SG104": ("Empty `depends` list", "`depends` with a step", "List as a positional argument"),
    "SG105": ("Parameter named after a step", "Loop variable as a default value"),
    "SG106": ("Missing step name", "Config without a name", "Dependencies without a name"),
    "SG108": ("Retries without a delay", "Unknown config key"),
    "SG109": ("Number and unit without a space", "Retry delay with two units", "Wait timeout in ISO 8601 format"),
    "SG112": ("Dot in the type", "Type passed by keyword"),
    "SG117": (
        "Decorator without parentheses",
        "Function as an argument, as in JavaScript",
        "Config as the second argument",
        "Function in the position of `depends`",
        "Config key as a keyword argument",
        "JavaScript method name",
        "Coroutine instead of a function",
    ),
    "SG119": ("Name and duration as keywords", "Duration as a keyword"),
    "SG125": (
        "Import from the wrong module",
        "Base class from the module of JavaScript globals",
        "Base class from the module of the error",
    ),
    "SG127": ("Task from a sleep", "Task that runs in parallel with a step"),
    "SG212": ("Key of an approval event", "Attribute instead of a key"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("code", "title"), [(code, title) for code, titles in _REPAIRED.items() for title in titles])
def test_a_fixed_example_runs_on_the_sdk(code: str, title: str, tmp_path: Path) -> None:
    (rule,) = (rule for rule in RULES if rule.code == code)
    (example,) = (example for example in read_page(rule).flagged if example.title == title)
    assert execute_only(example, tmp_path / "before").error is not None

    execution = execute_only(fix_example(example, tmp_path / "fixed", unsafe=True), tmp_path / "after")

    assert execution.error is None, error_text(execution)
    assert execution.warnings == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('await step.do("a", send)', 'await step.do("a")(send)()'),
        ('await step.do("a", {"timeout": 500}, send)', 'await step.do("a", config={"timeout": 500})(send)()'),
        ('await step.do("a", {"timeout": 500})(send)()', 'await step.do("a", config={"timeout": 500})(send)()'),
        (
            'await step.do("a", timeout=500, retries={"limit": 1, "delay": 9})(send)()',
            'await step.do("a", config={"timeout": 500, "retries": {"limit": 1, "delay": 9}})(send)()',
        ),
        (
            'await step.do("a", retries=3)(send)()',
            'await step.do("a", config={"retries": {"limit": 3, "delay": "1 second"}})(send)()',
        ),
        ('await step.sleepUntil("a", event["payload"]["day"])', 'await step.sleep_until("a", event["payload"]["day"])'),
        (
            'await step.waitForEvent("a", {"type": "b", "timeout": "1 day"})',
            'await step.wait_for_event("a", "b", timeout="1 day")',
        ),
        (
            'event = await step.wait_for_event("a", "b")\nawait step.sleep(f"{event[\'c\']}", 500)',
            'event = await step.wait_for_event("a", "b")\nawait step.sleep(f"{event[\'payload\'][\'c\']}", 500)',
        ),
        ('await step.sleep("a", 30)', 'await step.sleep("a", "30 seconds")'),
        (
            'await step.do("a", config={"retries": {"limit": 2}})(send)()',
            'await step.do("a", config={"retries": {"limit": 2, "delay": "1 second"}})(send)()',
        ),
    ],
)
def test_an_expression_is_corrected(tmp_path: Path, before: str, after: str) -> None:
    function = "async def send():\n    return 1\n\n"

    assert fixed(tmp_path, function + before) == f"{function}{after}\n"


@pytest.mark.parametrize(
    "body",
    [
        'await step.do("a", lambda: 1)',
        'await step.do(\n    "a",\n    {"timeout": 500},  # half a second\n)(send)()',
        'await step.do("a", timeout=500, limit=3)(send)()',
        'await step.waitForEvent("a", {"type": "b", **event["payload"]})',
        'await step.do("a", config={"timeout_seconds": 30})(send)()',
        'PAUSE = 30\nawait step.sleep("a", PAUSE)',
        'await step.waitForEvent(\n    "a",  # a comment\n    "b",\n)',
    ],
    ids=["sync lambda", "several lines", "unknown keyword", "unknown options", "key in seconds", "constant", "comment"],
)
def test_some_expressions_have_no_fix(tmp_path: Path, body: str) -> None:
    example = in_run("a body", f"async def send():\n    return 1\n\n{body}")

    assert fix_example(example, tmp_path, unsafe=True) == example


def test_a_captured_value_is_written_in_place_of_its_parameter(tmp_path: Path) -> None:
    body = """\
        token = event["payload"]["token"]

        @step.do("renew")
        async def renew(
            current=token,
            name="renewal",
        ):
            return {"token": current, "label": f"{current}", "name": name}

        await renew()
        """

    assert fixed(tmp_path, body) == dedent(
        """\
        token = event["payload"]["token"]

        @step.do("renew")
        async def renew():
            return {"token": token, "label": f"{token}", "name": "renewal"}

        await renew()
        """
    )


@pytest.mark.parametrize(
    "body",
    [
        """\
        for item in [1, 2]:
            @step.do(f"load {item}")
            async def load(item=item):
                return item

            tasks.append(load())
        """,
        """\
        @step.do("load")
        async def load(item=next(items)):
            return [item, item]

        await load()
        """,
        """\
        @step.do("load")
        async def load(item=item):
            item += 1
            return item

        await load()
        """,
        """\
        @step.do("load")
        async def load(item=other):
            other = 1
            return item + other

        await load()
        """,
    ],
    ids=["in a task", "a call", "assigned", "other variable of the same name"],
)
def test_some_captured_values_have_no_fix(tmp_path: Path, body: str) -> None:
    tasks = "items, tasks, item, other = [], [], 1, 2\n" + dedent(body) + "await asyncio.gather(*tasks)\n"

    example = in_run("a body", tasks, imports="import asyncio")

    assert fix_example(example, tmp_path, unsafe=True) == example


def test_an_argument_is_written_in_place_of_its_parameter(tmp_path: Path) -> None:
    body = """\
        order = event["payload"]["order"]

        @step.do("charge")
        async def charge(item):
            return item["id"]

        await charge(order)
        """

    assert fixed(tmp_path, body) == dedent(
        """\
        order = event["payload"]["order"]

        @step.do("charge")
        async def charge():
            return order["id"]

        await charge()
        """
    )


def test_different_arguments_do_not_replace_a_parameter(tmp_path: Path) -> None:
    example = in_run(
        "two calls",
        dedent(
            """\
            @step.do("charge")
            async def charge(amount):
                return amount

            await charge(1)
            await charge(2)
            """
        ),
    )

    assert fix_example(example, tmp_path, unsafe=True) == example


def test_a_parameter_named_after_a_variable_is_removed(tmp_path: Path) -> None:
    body = """\
        rate = 2

        @step.do("price")
        async def price(ctx, rate):
            return rate * ctx["attempt"]

        await price()
        """

    assert fixed(tmp_path, body) == dedent(
        """\
        rate = 2

        @step.do("price")
        async def price(ctx):
            return rate * ctx["attempt"]

        await price()
        """
    )


def test_a_step_and_its_parameters_get_the_name_of_the_function(tmp_path: Path) -> None:
    body = """\
        @step.do('load rows')
        async def load():
            return [1]

        @step.do("count")
        async def count(load):
            return len(load)

        @step.do("total")
        async def total(load):
            return sum(load)

        await count()
        await total()
        """

    assert fixed(tmp_path, body) == dedent(body).replace("'load rows'", "'load'")


def test_one_of_two_steps_of_a_name_is_not_renamed(tmp_path: Path) -> None:
    body = """\
        @step.do("load rows")
        async def load():
            return [1]

        @step.do("load rows")
        async def load_again():
            return [1]

        @step.do("total")
        async def total(load):
            return sum(load)

        await load_again()
        await total()
        """

    assert fixed(tmp_path, body) == dedent(body)


def test_dependencies_become_parameters(tmp_path: Path) -> None:
    body = """\
        @step.do("fetch input")
        async def fetch():
            return "input"

        @step.do("rate")
        async def rate():
            return 2

        @step.do("price", depends=[fetch, rate], concurrent=True)
        async def price(text, factor):
            return text * factor

        await price()
        """

    assert fixed(tmp_path, body) == dedent(
        """\
        @step.do("fetch")
        async def fetch():
            return "input"

        @step.do("rate")
        async def rate():
            return 2

        @step.do("price", concurrent=True)
        async def price(fetch, rate):
            return fetch * rate

        await price()
        """
    )


def test_missing_dependencies_are_added(tmp_path: Path) -> None:
    body = """\
        @step.do("rows")
        async def load():
            return [1]

        @step.do(
            "total",
            config={"timeout": "1 minute"},
        )
        async def total(rows):
            return sum(rows)

        await total()
        """

    assert fixed(tmp_path, body, mode=DependencyMode.LEGACY) == dedent(body).replace(
        '"1 minute"},\n', '"1 minute"},\n    depends=[load],\n'
    )


def test_payload_keys_are_read_from_the_payload(tmp_path: Path) -> None:
    body = """\
        order, sender = event["order"], event.get("sender", "nobody")
        started = event.instance_id

        @step.do("save")
        async def save():
            return [order, sender, started]

        await save()
        """

    assert fixed(tmp_path, body) == dedent(body).replace('event["order"]', 'event["payload"]["order"]').replace(
        "event.get", 'event["payload"].get'
    ).replace("event.instance_id", 'event["instanceId"]')


def test_a_module_with_old_line_ends_has_no_fix() -> None:
    source = in_run("", 'await step.sleep("rest", "5 min")').source

    fixes = [finding.fix for finding in check_analysis(analyze_source(source.replace("\n", "\r")))]
    assert fixes == [None]
