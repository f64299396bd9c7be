"""The pytest plugin: the fixture `workflow_graph`, snapshots of graphs, and a test for each workflow of a project.

Every pytest session imports this module if the package is installed. It therefore imports only pytest, and its hooks
import other modules when they have work to do.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from stepgraph.pytest_plugin.snapshot_tests import WorkflowSnapshots
    from stepgraph.testing import WorkflowGraphs

_OPTION = "workflow_snapshots"
_WORD = b"stepgraph"
_SETTING = b"snapshot"
_MAX_BYTES = 1_000_000
"""The size of a file that is searched for the setting. A larger one is read, and refused, like all settings."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and the settings."""
    group = parser.getgroup("stepgraph", "version graphs of Cloudflare Workflows")
    group.addoption(
        "--workflow-snapshots",
        action="store_true",
        default=False,
        dest=_OPTION,
        help="Compare each workflow of the project with its snapshot, as `snapshot = true` in [tool.stepgraph] does.",
    )
    parser.addini(
        "workflow_snapshots_directory",
        "Directory that contains __snapshots__ for --workflow-snapshots (default: the test directory).",
        default="",
    )
    parser.addini(
        "workflow_snapshots_format",
        "Snapshot format of --workflow-snapshots: json, outline, mermaid, dot or svg.",
        default="json",
    )


@pytest.fixture(scope="session")
def workflow_graph(pytestconfig: pytest.Config) -> Generator[WorkflowGraphs, None, None]:
    """The graphs of workflows, selected by file, by name, by both, or by class. No workflow is executed."""
    from stepgraph.pytest_plugin.selection import graphs

    yield graphs(pytestconfig)
    # At its end, pytest collects garbage several times, which takes long with syntax trees in memory.
    graphs(pytestconfig).release()


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Collect the workflows together with the directory of their snapshots."""
    if _is_on(session.config):
        from stepgraph.pytest_plugin.selection import select

        select(session.config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> WorkflowSnapshots | None:
    """Collect the workflows from the file that represents them."""
    if not _is_on(parent.config):
        return None
    from stepgraph.pytest_plugin.selection import owner

    if file_path != owner(parent.config):
        return None
    from stepgraph.pytest_plugin.snapshot_tests import WorkflowSnapshots

    return WorkflowSnapshots.from_parent(parent, path=file_path)


@pytest.hookimpl(wrapper=True)
def pytest_assertrepr_compare(left: object, right: object) -> Generator[None, list[Any], list[Any]]:
    """Explain the difference between a graph and its snapshot."""
    results = yield
    if "stepgraph.testing.snapshots" not in sys.modules:
        return results
    from stepgraph.testing.difference import explain_comparison

    explanation = explain_comparison(left, right)
    return results if explanation is None else [explanation, *results]


_ENABLED = pytest.StashKey[bool]()


def _is_on(config: pytest.Config) -> bool:
    """Return whether the session has a test for each workflow."""
    if _ENABLED not in config.stash:
        config.stash[_ENABLED] = bool(config.getoption(_OPTION)) or _is_set(config)
    return config.stash[_ENABLED]


def _is_set(config: pytest.Config) -> bool:
    """Return whether the project's settings enable snapshots."""
    path = config.rootpath / "pyproject.toml"
    try:
        if not path.is_file():  # reading a pipe would block
            return False
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError:
        return False
    # A file without these words cannot have the setting and is not parsed.
    if len(content) <= _MAX_BYTES and (_WORD not in content or _SETTING not in content):
        return False
    from stepgraph.pytest_plugin.selection import is_set

    return is_set(config)
