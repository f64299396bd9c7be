"""The files that can change the result of a run, and the changes between two scans of them.

Each scan follows the rules of the search: hidden and excluded directories and virtual environments are skipped, and
links that lead out of the repository are not followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from enum import Enum
from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.project.file_selection import read_selection
from stepgraph.project.folders import folder_of, path_from, prefix_of, real_path, with_ancestors
from stepgraph.project.reading import list_entries
from stepgraph.project.root import SETTINGS_NAMES, Root, link_leading_out, root_of
from stepgraph.project.search import is_skipped, search_folder
from stepgraph.project.sources import Sources

FileState: TypeAlias = tuple[int, ...]
"""The properties of a file that indicate a change of its content or its permissions."""

FolderIdentity: TypeAlias = tuple[int, int]
"""The device and the inode of a directory."""


class ChangeKind(Enum):
    """The kind of a change. The values are parts of messages."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class FileChange(Struct, frozen=True):
    """A change of a file, or of a directory if the path ends with a slash."""

    path: str
    kind: ChangeKind


class Snapshot(Struct, frozen=True):
    """The watched directories and files at one time, by path."""

    folders: dict[str, FolderIdentity] = field(default_factory=dict)
    files: dict[str, FileState] = field(default_factory=dict)

    def changes_to(self, later: Snapshot) -> tuple[FileChange, ...]:
        """Return the changes between this and a later snapshot of the same scope, sorted by path."""
        return tuple(
            FileChange(path, kind)
            for path in sorted(self.files.keys() | later.files.keys())
            if (kind := _change_kind(self.files.get(path), later.files.get(path))) is not None
        )

    def changes_in(self, later: Snapshot, since: int) -> tuple[FileChange, ...]:
        """Return the changes to a later snapshot of another scope.

        A file that only the later snapshot contains is new if this snapshot contains its directory, and otherwise
        changed. It is omitted if it last changed before `since`, in nanoseconds since the epoch.
        """
        changes: list[FileChange] = []
        for path, state in sorted(later.files.items()):
            if path in self.files:
                if self.files[path] != state:
                    changes.append(FileChange(path, ChangeKind.CHANGED))
            elif not path.endswith("/") and max(state[:2]) >= since:
                is_new = folder_of(path) in self.folders
                changes.append(FileChange(path, ChangeKind.ADDED if is_new else ChangeKind.CHANGED))
        removed = (path for path in sorted(self.files.keys() - later.files.keys()) if not os.path.lexists(path))
        return (*changes, *(FileChange(path, ChangeKind.REMOVED) for path in removed))


def _change_kind(old: FileState | None, new: FileState | None) -> ChangeKind | None:
    if old == new:
        return None
    return ChangeKind.ADDED if old is None else ChangeKind.REMOVED if new is None else ChangeKind.CHANGED


class WatchScope(Struct, frozen=True):
    """The part of the file system whose changes can change the result of a run."""

    searched: tuple[str, ...]
    """The directories that are searched with their subdirectories."""
    modules: tuple[str, ...]
    """The prefixes of directories whose modules, settings and subdirectories are relevant."""
    settings: tuple[str, ...]
    """The prefixes of directories in which only settings are relevant."""
    files: frozenset[str]
    """The paths of files in these directories that are relevant under any name."""
    roots: tuple[Root, ...]
    """Nothing outside of these is watched."""
    output: str | None = None
    """The real path of the output file, which is not relevant."""

    def scan(self) -> Snapshot:
        """Return the current state of all relevant files."""
        snapshot = Snapshot()
        # A link may have replaced a searched directory.
        for path in (path for path in self.searched if os.path.isdir(path) and self._contains(path)):
            for prefix in search_folder(path, read_selection(path).selection).folders:
                self._scan_folder(prefix, snapshot, with_modules=True, with_folders=False)
        for prefix in self.modules:
            self._scan_folder(prefix, snapshot, with_modules=True, with_folders=True)
        for prefix in self.settings:
            self._scan_folder(prefix, snapshot, with_modules=False, with_folders=False)
        return snapshot

    def _scan_folder(self, prefix: str, snapshot: Snapshot, *, with_modules: bool, with_folders: bool) -> None:
        """Add a directory and its relevant files to the snapshot, unless it is outside the roots."""
        if prefix in snapshot.folders or not self._contains(prefix):
            return
        with suppress(OSError):  # it was just removed, or it is not readable
            status = os.stat(prefix or ".")
            entries = list_entries(prefix)
            snapshot.folders[prefix] = (status.st_dev, status.st_ino)
            for entry in entries:
                path = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if with_folders and not is_skipped(prefix, entry.name):
                        snapshot.files[f"{path}/"] = (entry.inode(),)
                elif entry.name in SETTINGS_NAMES or path in self.files or (with_modules and _is_module(entry.name)):
                    self._scan_file(path, snapshot)

    def _scan_file(self, path: str, snapshot: Snapshot) -> None:
        """Add a file to the snapshot. The target of a link counts only inside the roots."""
        if self._is_output(path):
            return
        with suppress(OSError):
            status = os.lstat(path)
            snapshot.files[path] = _state(status)
            if os.path.islink(path) and self._contains(path):
                snapshot.files[path] += _state(os.stat(path))

    def _is_output(self, path: str) -> bool:
        if self.output is None or os.path.basename(path) != os.path.basename(self.output):
            return False
        return real_path(path) == self.output

    def _contains(self, path: str) -> bool:
        return any(root.contains(path) for root in self.roots)


def _is_module(name: str) -> bool:
    return name.endswith(".py")


def _state(status: os.stat_result) -> FileState:
    # Programs that restore the time of the modification cannot set the time of the change.
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_mode)


def scope_of(
    paths: Sequence[str], sources: Sources | None = None, files: Iterable[str] = (), output: str | None = None
) -> WatchScope:
    """Return the scope of a run with these paths.

    `sources` and `files` are the sources and the files of the last run. `output` is the output file.
    """
    links = {path: link for path in paths if "\0" not in path and (link := link_leading_out(path)) is not None}
    named = [path for path in paths if "\0" not in path and path not in links]
    searched = tuple(path for path in named if os.path.isdir(path))
    # Links that lead out are not followed, but a change of the link itself is relevant.
    relevant_files = frozenset((*files, *(path_from("", link) for link in links.values())))
    folders_of_named = [prefix_of(path) if path in searched else folder_of(path) for path in named]
    modules = [folder for path, folder in zip(named, folders_of_named, strict=True) if path not in searched]
    modules += () if sources is None else _listed_folders(sources)
    modules += map(folder_of, sorted(relevant_files))
    settings = [ancestor for folder in folders_of_named for ancestor in with_ancestors(folder)]
    # The state of a link includes that of its target, so it suffices to watch the directory of the target.
    settings += (folder_of(real_path(path)) for path in sorted(relevant_files) if os.path.islink(path))
    return WatchScope(
        searched,
        tuple(dict.fromkeys(modules)),
        tuple(dict.fromkeys(settings)),
        relevant_files,
        tuple(dict.fromkeys(map(root_of, (*named, *map(os.path.dirname, links.values()))))),
        None if output is None else real_path(output),
    )


def _listed_folders(sources: Sources) -> Iterator[str]:
    """Yield the directories in which imported modules were searched."""
    for files in {id(module.project.files): module.project.files for module in sources.modules}.values():
        yield from files.listings
