"""Test that messages shorten long names of steps."""

from __future__ import annotations

import pytest

from tests.checks.snippets import findings_in

_SHORT = f"'{'x' * 119}…'"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            'await step.do("x" * 300)(lambda: object())()',
            f"the step {_SHORT} returns an object, which the engine cannot store: the step fails.",
        ),
        (
            'step.do("x" * 300)(lambda: 1)()',
            f"""`step.do("x" * 300)(lambda: 1)()` is never awaited, so the step {_SHORT} never runs.""",
        ),
        (
            'await step.do("x" * 300)(lambda: 1)(2)',
            f"unexpected argument `2`: a step takes no arguments, so calling the step {_SHORT} fails with a TypeError.",
        ),
    ],
)
def test_long_name_is_shortened(body: str, message: str) -> None:
    assert message in [finding.message for finding in findings_in(body)]
