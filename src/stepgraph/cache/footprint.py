"""The footprint of an analysis: everything in the file system that affects its result."""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.analysis import Analysis
from stepgraph.cache.entry import installation_files
from stepgraph.cache.recorded_run import STATE_FIELDS, Footprint
from stepgraph.project.folders import folder_of, prefix_of, real_path, with_parents
from stepgraph.project.git import has_temporary_failures, repository_files
from stepgraph.project.reading import has_unsaved_files, list_entries
from stepgraph.project.root import CONFIGURATION_NAMES
from stepgraph.project.sources import STANDARD_INPUT, Sources

FileState: TypeAlias = tuple[int, ...]
"""The values of `STATE_FIELDS` of a file."""

_MISSING: Final[FileState] = (0,) * len(STATE_FIELDS)
_MASK: Final = (1 << 64) - 1
_PROBED_NAMES: Final = (".git", ".gitignore", "__init__.py", "pyproject.toml", *CONFIGURATION_NAMES)
"""The names that are looked for in directories and their ancestors."""

_LINK_SUFFIXES: Final = (".py", ".toml", ".json", ".jsonc")
"""The suffixes of the names of links to files that a run may read. Names of packages contain no dot."""

_QUIET_NANOSECONDS: Final = 2_000_000_000
"""The time before a run in which nothing may have changed. File systems round times to up to two seconds."""


class RunStart(Struct, frozen=True):
    """The start of a run."""

    time: int
    """The time in nanoseconds since 1970."""
    monotonic: int
    """The time of the monotonic clock in nanoseconds, read after `time`."""
    folder: str
    """The working directory, which the option -C changes afterwards."""


def footprint_of(
    paths: Sequence[str], sources: Sources, analysis: Analysis, others: Iterable[str], start: RunStart
) -> Footprint | None:
    """Return the footprint of an analysis of `paths` in a run.

    `others` are other files that decide about the output, such as a baseline. Returns None for standard input, after a
    failure of git, and if a file changed during the run, or so shortly before it that a second change could leave its
    time unchanged. If the clock was set back during the run, changes during the run cannot be noticed.
    """
    if STANDARD_INPUT in paths or has_unsaved_files() or has_temporary_failures():
        return None
    listed = dict.fromkeys([*sources.folders, *_listed_folders(sources)])
    files = dict.fromkeys([*analysis.files, *analysis.inputs.files, *others])
    looked_at = [
        *(prefix or "." for prefix in listed),
        *files,
        *_links_in(listed),
        *_ignore_files(listed),
        *_probed_paths(paths),
        *(path or "." for path in sources.packages.inputs),
        *repository_files(),
        *installation_files(),
    ]
    states = {path: _state(path) for path in looked_at if "\0" not in path}
    # A link that leads nowhere or out of the project is not followed, but its targets may change.
    links = [path for path in states if os.path.islink(path)]
    states |= {target: _state(target) for target in map(real_path, links) if "\0" not in target}
    if clock_was_set_back(start) or any(changed >= start.time - _QUIET_NANOSECONDS for changed, *_ in states.values()):
        return None
    folders = {folder_of(path) or "." for path in files} - sources.folders.keys()
    real_paths = {path: real_path(path) for path in (*paths, *links, *sorted(folders))}
    # The next run compares the files before it changes the working directory.
    folder = "" if os.getcwd() == start.folder else os.getcwd()
    names = tuple(os.path.join(folder, path) for path in states)
    real = {os.path.join(folder, path): target for path, target in real_paths.items()}
    return Footprint(names, array("Q", chain.from_iterable(states.values())).tobytes(), real)


def clock_was_set_back(start: RunStart) -> bool:
    """Return whether the clock was set back since the start of a run, by more than a change may precede the run."""
    elapsed = time.monotonic_ns() - start.monotonic
    return time.time_ns() - start.time < elapsed - _QUIET_NANOSECONDS


def _state(path: str) -> FileState:
    try:
        status = os.lstat(path)
    except (OSError, ValueError):
        return _MISSING
    return tuple(getattr(status, field) & _MASK for field in STATE_FIELDS)


def _listed_folders(sources: Sources) -> Iterator[str]:
    """Yield the directories in which imported modules were searched."""
    for module in sources.modules:
        yield from module.project.files.listings


def _links_in(folders: Iterable[str]) -> Iterator[str]:
    """Yield the links in directories that may lead to a module, a package or a configuration."""
    for folder in folders:
        with suppress(OSError):
            for entry in list_entries(folder):
                if entry.is_symlink() and ("." not in entry.name or entry.name.endswith(_LINK_SUFFIXES)):
                    yield folder + entry.name


def _ignore_files(folders: Iterable[str]) -> Iterator[str]:
    """Yield the files with patterns of git in directories. The states of the directories cover missing ones."""
    return (path for folder in folders if os.path.lexists(path := f"{folder}.gitignore"))


def _probed_paths(paths: Sequence[str]) -> Iterator[str]:
    """Yield the paths that were looked for in the directories of named paths, and in their ancestors."""
    folders: dict[str, None] = {os.getcwd(): None}
    for path in paths:
        real = real_path(path)
        folders[real if os.path.isdir(real) else os.path.dirname(real)] = None
        folders[os.path.abspath(prefix_of(path) if os.path.isdir(path) else folder_of(path) or ".")] = None
    ancestors = dict.fromkeys(ancestor for folder in folders for ancestor in with_parents(folder))
    yield from (os.path.join(ancestor, name) for ancestor in ancestors for name in _PROBED_NAMES)
