"""Patterns in `.gitignore` that take git exponential time do not change silently which files are analyzed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.repositories import git, needs_git
from tests.hostile.conftest import Command

pytestmark = needs_git

ORDERS = """from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", "5 minutes")
"""


def test_slow_patterns_are_an_error(folder: Path, stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.project.git._DEFAULT_SECONDS", 1.0)
    monkeypatch.setattr("stepgraph.project.git._timed_out", set())
    git("init", "--quiet")
    deep = folder.joinpath(*"a" * 40)
    deep.mkdir(parents=True)
    (deep / "orders.py").write_text(ORDERS, encoding="utf-8")
    (folder / ".gitignore").write_text(f"{'**/' * 30}x\n", encoding="utf-8")
    result = stepgraph("check")
    assert result.code == 2
    assert result.out.startswith(".: error[SG001]: files that git ignores are not skipped: git did not finish in time")


def test_patterns_are_reported_once_for_all_files(
    folder: Path, stepgraph: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stepgraph.project.git._timed_out", {str(folder.resolve())})
    git("init", "--quiet")
    for name in ("a.py", "b.py", "wrangler.toml"):
        Path(name).write_text(ORDERS if name.endswith(".py") else "", encoding="utf-8")
    assert stepgraph("list").err.count("files that git ignores are not skipped") == 1


@pytest.mark.parametrize("arguments", [["graph", "-f", "json"], ["list", "-f", "json"]])
def test_dates_that_are_not_those_of_commits_are_reported(
    arguments: list[str], folder: Path, stepgraph: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", "--quiet")
    (folder / "orders.py").write_text(ORDERS, encoding="utf-8")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "add")
    monkeypatch.setattr("stepgraph.project.git._timed_out", {str(folder.resolve())})
    result = stepgraph(*arguments, "orders.py", "--no-cache")
    assert '"created_on": "1970-01-01T00:00:00Z"' in result.out
    assert result.err.startswith("orders.py: its dates are not those of its commits: git did not finish in time")
