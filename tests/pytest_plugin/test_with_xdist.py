"""Snapshots in the worker processes of xdist."""

from __future__ import annotations

import pytest

from tests.effort import only_in_long_runs
from tests.pytest_plugin.projects import CHANGED, ORDERS, REFUNDS, SETTINGS, TEST, snapshots, write

pytest_plugins = ["pytester"]


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-n", "2", *arguments)


@pytest.mark.slow
@only_in_long_runs
def test_snapshots_are_written_once_compared_and_removed(pytester: pytest.Pytester) -> None:
    files = {"pyproject.toml": SETTINGS, "src/entry.py": ORDERS, "src/refunds.py": REFUNDS}
    write(pytester.path, {**files, "tests/test_orders.py": TEST})
    result = run(pytester, "--snapshot-update")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["3 snapshots generated."])
    assert len(snapshots(pytester.path)) == 3

    write(pytester.path, {"src/entry.py": CHANGED})
    result = run(pytester)
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["~ step 'charge card': retries 3 → 7"])

    (pytester.path / "src/refunds.py").unlink()
    result = run(pytester, "--snapshot-update")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["2 snapshots updated. 1 unused snapshot deleted."])
    assert snapshots(pytester.path) == [
        "tests/__snapshots__/test_orders/test_orders.json",
        "tests/__snapshots__/workflows/OrderWorkflow.json",
    ]
