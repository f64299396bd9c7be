"""Test SG123 and SG124: workflows without steps and with too many steps."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.analysis.min_step_count import MinStepCounts
from stepgraph.checks.diagnostic import Finding, Severity
from tests.checks.projects import CONFIGURATION, check_project

PRELUDE = """\
import asyncio
from contextlib import suppress

from workers import WorkflowEntrypoint

PAGES = 300


class Example(WorkflowEntrypoint):
    async def run(self, event, step):
        def page(number):
            @step.do(f"page {number}")
            async def fetch():
                return number

            return fetch

"""


def source(body: str) -> str:
    return PRELUDE + indent(body, " " * 8) + "\n"


def count_steps(body: str) -> int:
    (workflow,) = analyze_source(source(body)).workflows
    assert workflow.subject is not None
    return MinStepCounts.of(workflow.subject.program).minimum()


def step_count_findings(body: str) -> list[Finding]:
    return [finding for finding in check_analysis(analyze_source(source(body))) if finding.code == "SG124"]


PAYLOAD = "event['payload']"
LOOP = "for number in range(300):\n    await page(number)()\n"

COUNTS = {
    "a step": ("await page(1)()", 1),
    "a sleep does not count": ("await step.sleep('rest', '1 hour')", 0),
    "a loop over a range": (LOOP, 300),
    "a range with start and stop": ("for number in range(100, 300):\n    await page(number)()", 200),
    "a descending range": ("for number in range(300, 0, -7):\n    await page(number)()", 43),
    "an empty range": ("for number in range(300, 0):\n    await page(number)()", 0),
    "a range up to a constant": ("for number in range(PAGES * 2):\n    await page(number)()", 600),
    "a range with unknown stop": ("for number in range(event['payload']['pages']):\n    await page(number)()", 0),
    "a loop over unknown items": ("for number in event['payload']['pages']:\n    await page(number)()", 0),
    "a loop over a list": ("for number in [3, 5, 8]:\n    await page(number)()", 3),
    "a loop over a changed list": ("ns = [3, 5]\nns.pop()\nfor n in ns:\n    await page(n)()", 1),
    "nested loops": ("for a in range(20):\n    for b in range(30):\n        await page(a * 30 + b)()", 600),
    "the shorter branch": (
        "if event['payload']:\n    await page(1)()\n    await page(2)()\nelse:\n    await page(3)()",
        1,
    ),
    "an optional branch": ("if event['payload']:\n    await page(1)()", 0),
    "an earlier optional return": ("if event['payload']:\n    return\n" + LOOP, 0),
    "an earlier optional raise": ("if event['payload']:\n    raise ValueError\n" + LOOP, 0),
    "a return in an earlier loop": ("for x in event['payload']:\n    return\n" + LOOP, 0),
    "a loop that may break": (
        "for n in range(300):\n    await page(n)()\n    if n == event['payload']:\n        break",
        1,
    ),
    "iterations that may end early": (
        "for n in range(300):\n    if n == event['payload']:\n        continue\n    await page(n)()",
        0,
    ),
    "the else of a loop": ("for n in range(300):\n    pass\nelse:\n    await page(1)()", 1),
    "an endless loop": (
        "while True:\n    await page(1)()\n    await page(2)()\n    if event['payload']:\n        break",
        2,
    ),
    "a while": ("while event['payload']:\n    await page(1)()", 0),
    "a try without handlers": ("try:\n    " + LOOP.replace("\n", "\n    ") + "\nfinally:\n    await page(0)()", 301),
    "a loop that an exception may end": ("with suppress(ValueError):\n    " + LOOP.replace("\n", "\n    "), 0),
    "a failure in each iteration": (
        "for n in range(300):\n    try:\n        await page(n)()\n    except ValueError:\n        pass",
        300,
    ),
    "a gather": ("await asyncio.gather(*[page(n)() for n in range(300)])", 300),
    "a gather of a slice": ("pages = [page(n)() for n in range(300)]\nawait asyncio.gather(*pages[:2])", 0),
    "a gather with a filter": ("await asyncio.gather(*[page(n)() for n in range(300) if n > 7])", 0),
    "tasks in a list": ("ts = [asyncio.create_task(page(n)()) for n in range(300)]\nawait asyncio.gather(*ts)", 300),
    "tasks awaited with a timeout": (
        "ts = [asyncio.create_task(page(n)()) for n in range(300)]\nawait asyncio.wait(ts, timeout=5)",
        0,
    ),
    "a function": ("async def both():\n    await page(1)()\n    await page(2)()\n\nawait both()\nawait both()", 4),
    "a recursive function": ("async def again():\n    await page(1)()\n    await again()\n\nawait again()", 1),
    "a function that may return early": (
        f"async def maybe():\n    if {PAYLOAD}:\n        return\n    await page(1)()\n\nawait maybe()\nawait page(2)()",
        1,
    ),
    "a raise that a handler catches": (
        "try:\n    raise ValueError\nexcept ValueError:\n    await page(1)()\nawait page(2)()",
        2,
    ),
    "a raise that leaves a finally": ("try:\n    raise ValueError\nfinally:\n    await page(1)()", 1),
    "the else of a while": (
        "while await page(1)():\n    await page(2)()\nelse:\n    await page(3)()\n    await page(4)()",
        3,
    ),
    "a function that raises": (
        "async def fail():\n    await page(1)()\n    raise ValueError\n\nawait fail()\nawait page(2)()",
        1,
    ),
    "a function that never returns": (
        "async def forever():\n    while True:\n        await page(1)()\n\nawait forever()\nawait page(2)()",
        0,
    ),
    "a break in a finally": (
        "while True:\n    try:\n        await page(1)()\n        break\n    finally:\n        await page(2)()",
        2,
    ),
}


@pytest.mark.parametrize(("body", "count"), COUNTS.values(), ids=COUNTS)
def test_minimum_step_counts(body: str, count: int) -> None:
    assert count_steps(body) == count


@pytest.mark.slow
def test_nested_loop_counts_are_capped() -> None:
    loops = "".join(f"{'    ' * depth}for i{depth} in range(10**60):\n" for depth in range(80))
    source = PRELUDE + indent(f"{loops}{'    ' * 80}await page(1)()\n", " " * 8)
    (finding,) = [finding for finding in check_analysis(analyze_source(source, "entry.py")) if finding.code == "SG124"]
    assert "each run executes at least 1,000,000,000,000 steps" in finding.message


def test_more_than_any_plan_allows_is_an_error_at_the_loop() -> None:
    assert [str(f) for f in step_count_findings(LOOP.replace("300", "30_000"))] == [
        (
            "<string>:18:23: error: each run executes at least 30,000 steps, but the maximum is 25,000: the instance"
            " fails at step 25,001. Combine several steps into one, or split the work between several instances."
            " [SG124]"
        ),
    ]


def test_more_than_the_paid_default_is_a_warning() -> None:
    assert [str(f) for f in step_count_findings(LOOP.replace("300", "25_000"))] == [
        (
            "<string>:18:23: warning: each run executes at least 25,000 steps, but without `limits.steps` the paid plan"
            " allows 10,000: the instance fails at step 10,001. Set `limits.steps` in the workflow's configuration,"
            " up to 25,000. [SG124]"
        ),
    ]


def test_more_than_the_free_plan_is_a_note() -> None:
    assert [f.severity for f in step_count_findings(LOOP.replace("300", "10_000"))] == [Severity.NOTE]
    assert step_count_findings(LOOP.replace("300", "1_024")) == []


def test_loop_that_exceeds_the_limit_is_flagged() -> None:
    body = f"{LOOP}for b in range(200):\n    for c in range(200):\n        await page(c)()"

    assert [f.span.line for f in step_count_findings(body)] == [20]


def test_loop_in_a_function_is_flagged_at_its_location() -> None:
    body = "async def pages():\n    for number in range(30_000):\n        await page(number)()\n\nawait pages()"

    assert [f.span.line for f in step_count_findings(body)] == [19]


def project_with_limit(steps: int) -> dict[str, str]:
    entry = source(LOOP).replace("Example", "Orders")
    return {"entry.py": entry, "wrangler.toml": f"{CONFIGURATION}limits = {{ steps = {steps} }}\n"}


def test_more_than_the_configured_limit_is_an_error(tmp_path: Path) -> None:
    (finding,) = check_project(tmp_path, project_with_limit(299), "SG124")

    assert finding.message == (
        "each run executes at least 300 steps, but `limits.steps` allows 299: the instance fails at step 300."
    )
    assert finding.advice.startswith("Raise `limits.steps` (up to 25,000), combine several steps")
    assert finding.severity is Severity.ERROR


def test_step_that_exceeds_the_limit_without_a_loop(tmp_path: Path) -> None:
    entry = source("await page(1)()\nawait page(2)()\nawait page(3)()").replace("Example", "Orders")
    (finding,) = check_project(tmp_path, {**project_with_limit(2), "entry.py": entry}, "SG124")

    assert finding.span.line == 20


def test_exactly_the_configured_limit(tmp_path: Path) -> None:
    assert check_project(tmp_path, project_with_limit(300), "SG124") == []


def test_invalid_limit_is_flagged_at_its_location(tmp_path: Path) -> None:
    (finding,) = check_project(tmp_path, project_with_limit(25_001), "SG124")

    assert (finding.span.line, finding.span.column) == (10, 20)
    assert finding.message == "`limits.steps` is 25,001, but the maximum is 25,000."


def no_step_findings(text: str) -> list[str]:
    return [str(f) for f in check_analysis(analyze_source(text)) if f.code == "SG123"]


FLOW = """\
from workers import WorkflowEntrypoint


class Flow(WorkflowEntrypoint):
    async def run(self, event, step):
        {}
"""


def test_workflow_without_steps_is_flagged_at_its_name() -> None:
    assert no_step_findings(FLOW.format("return event")) == [
        (
            "<string>:4:7: error: `Flow` has no step that can run: its work is neither saved nor retried, and it has no"
            " graph. Do the work in functions decorated with `@step.do(...)`, and await a call of each. [SG123]"
        ),
    ]


def test_stored_but_uncalled_step_is_reported() -> None:
    source = FLOW.format(
        '@step.do("a")\n        async def load():\n            return 1\n        self.steps = {"a": load}'
    )
    (finding,) = check_analysis(analyze_source(source))
    assert (finding.code, finding.message) == ("SG004", "the step 'a' is never called directly.")


def test_other_rule_explains_the_missing_steps() -> None:
    source = FLOW.format('@step.do("a")\n        async def load():\n            return 1\n        load()')
    assert [f.code for f in check_analysis(analyze_source(source))] == ["SG201"]


def test_external_code_may_run_steps() -> None:
    assert no_step_findings(f"import runner\n{FLOW.format('await runner.go(step)')}") == []


def test_abstract_workflow_is_flagged_only_if_configured(tmp_path: Path) -> None:
    abstract = FLOW.format("raise NotImplementedError")

    assert no_step_findings(abstract) == []
    files = {"entry.py": abstract, "wrangler.toml": CONFIGURATION.replace('"Orders"', '"Flow"')}
    assert [f.span.line for f in check_project(tmp_path, files, "SG123")] == [4]


_TEMPLATE = """
from abc import ABC, abstractmethod
from workers import WorkflowEntrypoint

class Template(WorkflowEntrypoint, ABC):
    async def run(self, event, step):
        return await self.perform(step)

    {declaration}

class Flow(Template):
    async def {name}(self, step):
        return 1
"""


@pytest.mark.parametrize(
    "declaration",
    [
        "@abstractmethod\n    async def perform(self, step): ...",
        'async def perform(self, step):\n        """Perform."""\n        raise NotImplementedError',
        "async def perform(self, step):\n        raise NotImplementedError('perform')",
    ],
)
def test_only_classes_without_their_abstract_methods_count_as_abstract(declaration: str) -> None:
    flagged = no_step_findings(_TEMPLATE.format(declaration=declaration, name="perform"))

    assert [finding.split(":")[1] for finding in flagged] == [str(11 + declaration.count("\n"))]
    assert no_step_findings(_TEMPLATE.format(declaration=declaration, name="prepare")) == []


def test_a_mentioned_word_makes_no_class_abstract() -> None:
    assert len(no_step_findings(FLOW.format("return 'ABC'"))) == 1


@pytest.mark.slow
def test_private_class_counts_as_base_class() -> None:
    assert no_step_findings(FLOW.format("pass").replace("Flow(", "_Flow(")) == []
