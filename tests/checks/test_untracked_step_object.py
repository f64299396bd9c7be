"""Test step objects that are stored where they cannot be tracked, or wrapped in other objects."""

from __future__ import annotations

import pytest

from stepgraph.api import analyze_source, check_analysis

_STORED = """
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        KEEPING
        self.declare()

        @step.do()
        async def total(rows):
            return rows

        await total()

    def declare(self):
        @self.kept.do()
        async def rows():
            return [1]
"""


@pytest.mark.parametrize("keeping", ['self.__dict__ = {"kept": step}'])
def test_untracked_step_object_may_declare_steps(keeping: str) -> None:
    findings = check_analysis(analyze_source(_STORED.replace("KEEPING", keeping)))

    assert [finding.code for finding in findings] == ["SG004"]


@pytest.mark.parametrize(
    "keeping",
    [
        "self.kept = step",
        'setattr(self, "kept", step)',
        'self.__dict__["kept"] = step',
        'vars(self)["kept"] = step',
        "self.__dict__.update(kept=step)",
        'self.__dict__ |= {"kept": step}',
    ],
)
def test_tracked_step_object(keeping: str) -> None:
    assert list(check_analysis(analyze_source(_STORED.replace("KEEPING", keeping)))) == []


_WRAPPED = """
from workers import WorkflowEntrypoint


class Logging:
    def __init__(self, step):
        self._step = step

    def __getattr__(self, name):
        BODY


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        step = Logging(step)

        @step.do("charge")
        async def charge():
            return 1

        await charge()
        await step.sleep("rest", "10s")
"""


@pytest.mark.parametrize(
    "body",
    [
        "return getattr(self._step, name)",
        '"""Everything else is the step\'s."""\n        return getattr(self._step, name)',
    ],
)
def test_wrapper_that_delegates_is_a_step_object(body: str) -> None:
    findings = check_analysis(analyze_source(_WRAPPED.replace("BODY", body)))

    assert [finding.code for finding in findings] == ["SG109"]


@pytest.mark.parametrize(
    "body",
    [
        "return getattr(self._step, name + 's')",
        "return getattr(self._step, self)",
        "return getattr(self.missing, name)",
    ],
)
def test_other_delegation_is_unknown(body: str) -> None:
    findings = check_analysis(analyze_source(_WRAPPED.replace("BODY", body)))

    assert "SG109" not in [finding.code for finding in findings]
