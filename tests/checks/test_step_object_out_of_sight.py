"""The step object where it is kept in ways that cannot be followed, and where it stands behind another object."""

from __future__ import annotations

import pytest

from stepgraph.api import analyze_source, check_analysis

_KEPT = """
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
def test_where_the_step_object_is_lost_a_parameter_may_name_a_step_that_is_not_seen(keeping: str) -> None:
    findings = check_analysis(analyze_source(_KEPT.replace("KEEPING", keeping)))

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
def test_where_the_step_object_is_followed_nothing_is_missing(keeping: str) -> None:
    assert list(check_analysis(analyze_source(_KEPT.replace("KEEPING", keeping)))) == []


_BEHIND = """
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
def test_an_object_that_hands_on_to_the_step_object_is_one(body: str) -> None:
    findings = check_analysis(analyze_source(_BEHIND.replace("BODY", body)))

    assert [finding.code for finding in findings] == ["SG109"]


@pytest.mark.parametrize(
    "body",
    [
        "return getattr(self._step, name + 's')",
        "return getattr(self._step, self)",
        "return getattr(self.missing, name)",
    ],
)
def test_what_is_handed_on_otherwise_is_not_guessed(body: str) -> None:
    findings = check_analysis(analyze_source(_BEHIND.replace("BODY", body)))

    assert "SG109" not in [finding.code for finding in findings]
