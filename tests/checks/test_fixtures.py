"""Test that the workflows in `fixtures` have no findings and run to their end on the published SDK."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import pytest

from stepgraph import WorkflowAnalysis, analyze_paths
from stepgraph.api import check_analysis
from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.settings import Settings
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.source_analysis import apply_settings
from tests.execution.random_outcomes import random_durations
from tests.execution.runner import Execution, Options, execute
from tests.execution.stub_values import StubValue
from tests.execution.values import PyValue
from tests.fixtures.files import FIXTURES

# The fixtures and the root folders of their modules.
PROJECTS: Final = {"orders": "", "shop": "src", "dag": "src", "gallery": ""}


class Binding:
    """A binding with fixed responses for some methods, and stubs for all others."""

    def __init__(self, **answers: PyValue) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> PyValue:
        if name.startswith("__") or name == "constructor":
            raise AttributeError(name)

        async def answer() -> PyValue:
            return self._answers[name]

        return lambda *_arguments: answer() if name in self._answers else StubValue(name)


# Inputs of workflows that compute, branch or loop with their payload.
INVOICE: Final = {"document": "i-1.pdf", "order_number": 7, "supplier": "acme@example.com"}
APPROVERS: Final = [{"name": "Ada", "mail": "ada@example.com", "on_leave": leave} for leave in (True, False)]
HOME: Final = {"parcel": 1, "address": "Main Street 1", "asking_price": 400_000, "listed": False, "photos": []}
APPLICATION: Final = {"id": 1, "amount": 300_000, "further_collateral": True, "language": "de", "parts": 2}
OPTIONS: Final[dict[str, Options]] = {
    "InvoiceApprovalWorkflow": {
        "payload": {"invoice": INVOICE},
        "env": {
            "SCANNER": Binding(read={"iban": "DE00", "total": 100, "due": 1_798_761_600_000}),
            "ORDERS": Binding(find={"approvers": APPROVERS}),
            "BANK": Binding(balance={"available": 1000}),
        },
    },
    "MortgageApplicationWorkflow": {
        "payload": {"application": {**APPLICATION, "applicant": StubValue("applicant")}, "property": HOME},
        "env": {"DOCUMENTS": Binding(missing=[]), "RULES": Binding(score=700)},
    },
    "NightlyEtlWorkflow": {
        "payload": {"day": "2026-07-01"},
        "env": {"SOURCES": Binding(page={"chunks": [{"number": 1, "rows": []}], "next": None})},
    },
    "RefundWorkflow": {
        "env": {"BILLING": Binding(invoice={"id": 1, "way": "credit", "customer": 7, "total": 10, "iban": "DE00"})},
    },
    # A later launch would exceed the maximum sleep.
    "UserOnboardingWorkflow": {"answers": lambda *_: {"accepts_news": False}},
}


@cache
def workflows(folder: str) -> tuple[WorkflowAnalysis, ...]:
    return analyze_paths([FIXTURES / folder]).workflows


def run_to_end(folder: str, workflow: WorkflowAnalysis, seed: int) -> Execution:
    assert workflow.subject is not None
    options: Options = {
        "mode": "legacy" if workflow.subject.program.mode is DependencyMode.LEGACY else "implicit",
        "takes": random_durations(seed, max_seconds=10),
        **OPTIONS.get(workflow.class_name, {}),
    }
    sources = modules(FIXTURES / folder / PROJECTS[folder], Path(workflow.path))
    return execute(sources, workflow.class_name, **options)


def modules(folder: Path, entry: Path) -> dict[str, str]:
    """Map the names of the modules below a folder to their source, the entry module first."""
    paths = [entry, *sorted(path for path in folder.rglob("*.py") if path != entry)]
    return {module_name(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths}


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.slow
@pytest.mark.parametrize("folder", PROJECTS)
def test_fixtures_have_no_findings(folder: str) -> None:
    analysis = analyze_paths([FIXTURES / folder])
    findings = apply_settings(analysis, check_analysis(analysis), Settings()).findings
    assert [str(finding) for finding in findings if finding.severity is not Severity.NOTE] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("folder", PROJECTS)
def test_fixtures_run_to_their_end(folder: str, seed: int) -> None:
    # The workflows are no parameters, because each collection of the tests would analyze them.
    runs = {workflow.class_name: run_to_end(folder, workflow, seed) for workflow in workflows(folder)}
    assert runs
    assert {name: run.error for name, run in runs.items() if run.error is not None} == {}
    assert {name: run.warnings for name, run in runs.items() if run.warnings} == {}
    assert [name for name, run in runs.items() if not run.started] == []
