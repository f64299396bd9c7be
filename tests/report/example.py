"""A workflow with a finding of each severity."""

from __future__ import annotations

from stepgraph.analysis import Analysis
from stepgraph.api import analyze_source
from stepgraph.checks.diagnostic import Severity
from stepgraph.model.span import Span
from stepgraph.report.report import FingerprintedFinding, Report, SourceFile, workflow_summary
from tests.report.reports import OTHER_RULE, RULE, finding

PATH = "src/orders.py"
SOURCE = '''\
import asyncio

from workers import WorkflowEntrypoint

from billing import settle


class OrderWorkflow(WorkflowEntrypoint):
    """An order, from its payment to the courier."""

    async def run(self, event, step):
        order = event["payload"]["order"]

        @step.do("charge card")
        async def charge(amount):
            return await self.env.BILLING.charge(order["customer"], amount)

        await charge(order["total"])
        await charge(
            order["total"] + sum(item["price"] * item["count"] for item in order["items"] if item["count"] > 0),
        )
        await step.sleep("請求書 grace period", "5 min")
        await settle(
            step,
            order,
        )


class Empty(WorkflowEntrypoint):
    async def run(self, event, step):
        return None
'''


def example() -> Report:
    """Return a report with real and invented findings."""
    analysis = analyzed()
    return Report(
        findings=(
            FingerprintedFinding(
                finding(
                    "the step 'charge card' is called with `order[\"total\"]`, and the SDK refuses arguments.",
                    "Call it without arguments: let its function read the value from around it, or return it from a"
                    " step.",
                    at=Span(PATH, 18, 22, 18, 36),
                ),
                "3f2a",
            ),
            FingerprintedFinding(
                finding(
                    "the step 'charge card' is called with `order[\"total\"] + sum(...)`, and the SDK refuses"
                    " arguments.",
                    "Call it without arguments: let its function read the value from around it, or return it from a"
                    " step.",
                    at=Span(PATH, 20, 13, 20, 112),
                )
            ),
            FingerprintedFinding(
                finding(
                    "`5 min` is 5 milliseconds: the engine takes a unit that it does not know for milliseconds.",
                    "Write `5 minutes`.",
                    code="SG205",
                    severity=Severity.WARNING,
                    at=Span(PATH, 22, 49, 22, 56),
                )
            ),
            FingerprintedFinding(
                finding(
                    "`settle` is not known, and is given the step object, so steps that it runs are missing.",
                    "",
                    code="SG004",
                    severity=Severity.NOTE,
                    at=Span(PATH, 23, 15, 26, 10),
                )
            ),
        ),
        workflows=tuple(map(workflow_summary, analysis.workflows)),
        rules=(RULE, OTHER_RULE),
        version="1.2.3",
        files={PATH: SourceFile(tuple(SOURCE.split("\n")), PATH)},
    )


def analyzed() -> Analysis:
    """Return the analysis of the workflow."""
    return analyze_source(SOURCE, PATH)
