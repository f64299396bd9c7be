"""What a session of pytest knows of the project that is tested."""

from __future__ import annotations

from typing import Final

import pytest

from stepgraph.model.note import InputError
from stepgraph.project.settings_file import find_settings
from stepgraph.testing import WorkflowGraphs

_GRAPHS: Final = pytest.StashKey[WorkflowGraphs]()


def graphs(config: pytest.Config) -> WorkflowGraphs:
    """Return the graphs of the project, the same throughout a session."""
    return config.stash.setdefault(_GRAPHS, WorkflowGraphs(config.rootpath))


def is_set(config: pytest.Config) -> bool:
    """Whether `snapshot` is set in the project's `[tool.stepgraph]`. Raises pytest.UsageError for a wrong value."""
    try:
        fields = find_settings([config.rootpath])
    except InputError as error:
        raise pytest.UsageError(str(error)) from None
    if fields is None:
        return False
    value = fields.flag("snapshot")
    if fields.problems:
        raise pytest.UsageError(str(fields.problems[0]))
    return value or False
