from __future__ import annotations

import pytest
import syrupy

# The sessions in this process share these modules. Otherwise each session would import its own, because `pytester`
# removes the modules that a session imports first, and the plugin would not recognize the graphs of the next one.
import stepgraph.testing.snapshots
import stepgraph.testing.workflow_graphs  # noqa: F401


@pytest.fixture(autouse=True)
def _separate_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Isolate the inner pytest session from this one."""
    monkeypatch.setattr(syrupy, "_syrupy", syrupy._syrupy)  # noqa: SLF001 - it is there for the last session
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)
