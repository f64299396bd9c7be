"""What the page on testing shows is what happens."""

from __future__ import annotations

import re

import pytest

from docs.refresh import ROOT
from tests.pytest_plugin.projects import run, snapshots, write

pytest_plugins = ["pytester"]

PAGE = (ROOT / "docs/testing.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester) -> None:
    files = {"pyproject.toml": blocks("toml")[0], "src/entry.py": blocks("python")[0]}
    write(pytester.path, {**files, "tests/test_orders.py": blocks("python")[1]})


def test_the_examples_pass_once_their_snapshots_are_written(pytester: pytest.Pytester) -> None:
    run(pytester, "--snapshot-update").assert_outcomes(passed=2)
    run(pytester).assert_outcomes(passed=2)
    assert [path for path in snapshots(pytester.path) if path not in PAGE] == [
        "tests/__snapshots__/test_orders/test_the_order_is_paid_for_last.1.txt",
        "tests/__snapshots__/test_orders/test_the_order_is_paid_for_last.json",
    ]


def test_the_change_told_of_fails_as_shown(pytester: pytest.Pytester) -> None:
    run(pytester, "--snapshot-update")
    (source,) = blocks("python")[:1]
    turned = source.replace("await load()\n        await charge()", "await charge()\n        await load()")
    write(pytester.path, {"src/entry.py": turned.replace('"limit": 3', '"limit": 7')})
    result = run(pytester, "pyproject.toml")
    result.assert_outcomes(failed=1)
    assert blocks("text")[0] in "\n".join([*result.outlines, ""])
