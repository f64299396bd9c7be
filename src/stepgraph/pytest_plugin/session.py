"""What a session of pytest knows of the project that is tested."""

from __future__ import annotations

from typing import Final

import pytest

from stepgraph.testing import WorkflowGraphs

_GRAPHS: Final = pytest.StashKey[WorkflowGraphs]()


def graphs(config: pytest.Config) -> WorkflowGraphs:
    """Return the graphs of the project, the same throughout a session."""
    return config.stash.setdefault(_GRAPHS, WorkflowGraphs(config.rootpath))
