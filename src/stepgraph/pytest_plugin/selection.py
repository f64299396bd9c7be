"""Decide whether a session tests workflows, and select the file that they are collected from.

Workflows belong to an existing file, so that users can pass node ids such as `pyproject.toml::OrderWorkflow`. They are
collected together with the directory of their snapshots.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from stepgraph.escaping.plain_text import log_line
from stepgraph.model.note import InputError
from stepgraph.project.configuration.settings_file import find_settings

if TYPE_CHECKING:
    from stepgraph.testing import WorkflowGraphs

SITE: Final = "workflows"
"""The directory of the snapshots of workflows, in `__snapshots__`."""

# The limit on file names in bytes, which all common file systems share.
_MAX_NAME_LENGTH: Final = 255
_MAX_SHOWN_LENGTH: Final = 80
_CONFIGURATIONS: Final = ("wrangler.jsonc", "wrangler.json", "wrangler.toml")


def owner(config: pytest.Config) -> Path:
    """Return the file from which the workflows are collected. Raises pytest.UsageError if there is none."""
    root = config.rootpath
    candidates = [root / "pyproject.toml", config.inipath, *(root / name for name in _CONFIGURATIONS)]
    file = next((path for path in candidates if path is not None and path.is_file()), None)
    if file is None:
        raise pytest.UsageError(
            f"--workflow-snapshots: no pyproject.toml and no wrangler configuration in {log_line(str(root))}."
            " Run pytest in the directory of the Worker, or add an empty pyproject.toml."
        )
    return file


def home(config: pytest.Config) -> Path:
    """Return the parent of the workflows' `__snapshots__`: the setting, the directory of the tests, or the root."""
    root = config.rootpath
    setting = str(config.getini("workflow_snapshots_directory"))
    if setting:
        return _folder_of_setting(root, setting)
    named = [root / path for path in config.getini("testpaths")]
    folders = [path for path in (named if len(named) == 1 else [root / "tests"]) if path.is_dir()]
    usual = folders[0] if folders else root
    # Snapshots that were written before the directory of tests existed stay in use.
    return root if _has_snapshots(root) and not _has_snapshots(usual) else usual


def _folder_of_setting(root: Path, name: str) -> Path:
    """Return the directory that the setting names. Raises pytest.UsageError if it cannot be a directory."""
    folder = root / name
    reason = ""
    try:
        # If the parent is missing, the error does not show that a name is too long.
        if max(len(os.fsencode(part)) for part in folder.parts) > _MAX_NAME_LENGTH:
            reason = os.strerror(errno.ENAMETOOLONG)
        elif not stat.S_ISDIR(folder.stat().st_mode):
            reason = os.strerror(errno.ENOTDIR)
    except FileNotFoundError:
        return folder
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError as error:
        reason = str(error)
    if reason:
        shown = log_line(name[:_MAX_SHOWN_LENGTH])
        raise pytest.UsageError(f"workflow_snapshots_directory: `{shown}` cannot be used: {reason.lower()}.")
    return folder


def _has_snapshots(folder: Path) -> bool:
    return (folder / "__snapshots__" / SITE).is_dir()


def select(config: pytest.Config) -> None:
    """Add the file of the workflows to the arguments if their snapshots' directory is collected, but not the file."""
    folders = [path for path in (config.invocation_params.dir / each for each in config.args) if path.is_dir()]
    ancestors = [home(config), *home(config).parents]
    chosen = owner(config)
    if any(path in ancestors for path in folders) and not any(path in chosen.parents for path in folders):
        config.args.append(str(chosen))


def is_set(config: pytest.Config) -> bool:
    """Return whether `[tool.stepgraph]` sets `snapshot`. Raises pytest.UsageError for an invalid value."""
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


_GRAPHS: Final = pytest.StashKey["WorkflowGraphs"]()


def graphs(config: pytest.Config) -> WorkflowGraphs:
    """Return the graphs of the tested project, which are shared by all tests of a session."""
    # Imported here for a fast start, because `is_set` runs in sessions without graphs.
    from stepgraph.testing import WorkflowGraphs

    return config.stash.setdefault(_GRAPHS, WorkflowGraphs(config.rootpath))
