"""When the workflows are among what a session is asked to test.

They belong to a file that is there, so that their node ids can be given to pytest: `pyproject.toml::OrderWorkflow`. And
they are tested along with the folder that has their snapshots.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

import pytest

from stepgraph.escaping.log_lines import log_line

SITE: Final = "workflows"
"""The folder of the snapshots of workflows, in `__snapshots__`."""

# In bytes, on all file systems in use.
_LONGEST_NAME: Final = 255
_MOST_SHOWN: Final = 80
_CONFIGURATIONS: Final = ("wrangler.jsonc", "wrangler.json", "wrangler.toml")


def owner(config: pytest.Config) -> Path:
    """Return the file that the workflows are collected from. Raises pytest.UsageError if there is none."""
    root = config.rootpath
    candidates = [root / "pyproject.toml", config.inipath, *(root / name for name in _CONFIGURATIONS)]
    found = next((path for path in candidates if path is not None and path.is_file()), None)
    if found is None:
        raise pytest.UsageError(
            f"--workflow-snapshots: there is no pyproject.toml and no wrangler.jsonc in {log_line(str(root))}"
        )
    return found


def home(config: pytest.Config) -> Path:
    """Return the folder whose `__snapshots__` hold those of the workflows: as set, else the one folder of tests."""
    root = config.rootpath
    given = str(config.getini("workflow_snapshots_folder"))
    if given:
        return _folder_of_setting(root, given)
    named = [root / path for path in config.getini("testpaths")]
    folders = [path for path in (named if len(named) == 1 else [root / "tests"]) if path.is_dir()]
    usual = folders[0] if folders else root
    # Snapshots that were written before there was a folder of tests stay where they are.
    return root if _has_snapshots(root) and not _has_snapshots(usual) else usual


def _folder_of_setting(root: Path, name: str) -> Path:
    """Return the folder of that name. Raises pytest.UsageError where none can be."""
    folder = root / name
    reason = ""
    try:
        # A folder that is missing hides that the name of one in it is too long.
        if max(len(os.fsencode(part)) for part in folder.parts) > _LONGEST_NAME:
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
        shown = log_line(name[:_MOST_SHOWN])
        raise pytest.UsageError(f"workflow_snapshots_folder: `{shown}` cannot be used: {reason.lower()}.")
    return folder


def _has_snapshots(folder: Path) -> bool:
    return (folder / "__snapshots__" / SITE).is_dir()


def select(config: pytest.Config) -> None:
    """Add the workflows to what is collected, if the folder of their snapshots is, and they are not by themselves."""
    folders = [path for path in (config.invocation_params.dir / each for each in config.args) if path.is_dir()]
    around = [home(config), *home(config).parents]
    chosen = owner(config)
    if any(path in around for path in folders) and not any(path in chosen.parents for path in folders):
        config.args.append(str(chosen))
