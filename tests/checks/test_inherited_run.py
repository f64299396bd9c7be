"""Test workflows that inherit `run` from a class that is not a `WorkflowEntrypoint`."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_paths, analyze_source, check_analysis
from stepgraph.checks.diagnostic import Finding
from tests.checks.projects import CONFIGURATION, check_project

MIXIN = """
from workers import WorkflowEntrypoint

class Billing{bases}:
    async def run(self, event, step):
        @step.do("charge")
        async def charge():
            return 10

        await charge()
"""


def unwrapped_run_findings(source: str) -> list[Finding]:
    """Return the findings on unwrapped `run` methods."""
    return [finding for finding in check_analysis(analyze_source(source)) if finding.code == "SG126"]


def test_base_that_defines_run_is_flagged() -> None:
    source = (
        MIXIN.format(bases="") + "class Named:\n    pass\n\nclass Orders(Named, Billing, WorkflowEntrypoint): pass\n"
    )
    (finding,) = unwrapped_run_findings(source)

    line = source.splitlines()[finding.span.line - 1]
    assert line[finding.span.column - 1 : finding.span.end_column - 1] == "Billing"
    assert finding.message == (
        "`Orders` inherits `run` from `Billing`, which does not derive from `WorkflowEntrypoint`: `run` gets"
        " JavaScript's event and step objects, and `step.do(...)` fails."
    )
    assert finding.advice == (
        "Derive `Billing` from `WorkflowEntrypoint`, or define `run` in `Orders` and await `super().run(event, step)`."
    )


def test_intermediate_class_does_not_help() -> None:
    source = (
        MIXIN.format(bases="") + "class Between(Billing): pass\n\nclass Orders(Between, WorkflowEntrypoint): pass\n"
    )

    assert [finding.message.split(",")[0] for finding in unwrapped_run_findings(source)] == [
        "`Orders` inherits `run` from `Billing`"
    ]


def test_class_is_flagged_if_its_bases_are_unpacked() -> None:
    source = MIXIN.format(bases="") + "bases = (Billing, WorkflowEntrypoint)\n\nclass Orders(*bases): pass\n"
    (finding,) = unwrapped_run_findings(source)

    line = source.splitlines()[finding.span.line - 1]
    assert line[finding.span.column - 1 : finding.span.end_column - 1] == "Orders"


def test_mixin_of_another_module(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": CONFIGURATION,
        "billing.py": MIXIN.format(bases=""),
        "entry.py": "from workers import WorkflowEntrypoint\n\nfrom billing import Billing\n\n\n"
        "class Orders(Billing, WorkflowEntrypoint):\n    pass\n",
    }
    (finding,) = check_project(tmp_path, files, "SG126")

    assert (Path(finding.span.path).name, finding.span.line) == ("entry.py", 6)


ORDERS = "class Orders(Billing, WorkflowEntrypoint): pass\n"


@pytest.mark.parametrize(
    ("bases", "rest"),
    [
        ("(WorkflowEntrypoint)", "class Orders(Billing): pass\n"),
        ("(WorkflowEntrypoint)", "class Between(Billing): pass\n\nclass Orders(Between): pass\n"),
        ("", "class Orders(Billing, WorkflowEntrypoint):\n    run = Billing.run\n"),
        ("", ORDERS + "\nOrders.run = Billing.run\n"),
        ("", "class Wrapping(type): pass\n\nclass Orders(Billing, WorkflowEntrypoint, metaclass=Wrapping): pass\n"),
        ("", "from elsewhere import Flow\n\nclass Orders(Flow, Billing, WorkflowEntrypoint): pass\n"),
        ("", "from elsewhere import deployed\n\n@deployed\n" + ORDERS),
        ("(__import__('elsewhere').Flow)", ORDERS),
    ],
)
def test_wrapped_or_possibly_wrapped_run(bases: str, rest: str) -> None:
    assert unwrapped_run_findings(MIXIN.format(bases=bases) + rest) == []


def test_init_subclass_may_wrap_run() -> None:
    hook = "    def __init_subclass__(cls):\n        cls.run = wrapped(cls.run)\n"

    assert unwrapped_run_findings(MIXIN.format(bases="") + hook + ORDERS) == []


BASE = """
from workers import WorkflowEntrypoint

class Flow(WorkflowEntrypoint):
    async def run(self, event, step):
        {body}
"""
DERIVED = """
from base import Flow

class Orders(Flow):
    async def run(self, event, step):
        await super().run({"order": event["payload"]}, step)
        await step.sleep("rest", "1 hour")
"""


@pytest.mark.parametrize("body", ["print(event['order'])", "event['seen'] = True", "return None"])
def test_base_class_that_is_not_deployed(body: str, tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text(BASE.format(body=body), encoding="utf-8")
    (tmp_path / "orders.py").write_text(DERIVED, encoding="utf-8")

    assert [finding.code for finding in check_analysis(analyze_paths([tmp_path]))] == []
    (tmp_path / "orders.py").unlink()
    assert [finding.code for finding in check_analysis(analyze_paths([tmp_path]))] != []
