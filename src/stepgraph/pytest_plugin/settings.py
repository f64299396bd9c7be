"""What the project's settings say to the plugin."""

from __future__ import annotations

import pytest

from stepgraph.model.note import InputError
from stepgraph.project.configuration.settings_file import find_settings


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
