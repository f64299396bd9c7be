"""Extract the files of a revision from git's object database into a temporary directory.

Objects are read unchanged: `git archive` would honor attributes and run the filters of the repository. Trees may be
crafted by an attacker, so entries are counted and measured before they are read, no file is overwritten, and nothing is
written through a link. The working tree and the index are not used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, Final

from msgspec import Struct

from stepgraph.limits import (
    DEEPEST_FOLDER,
    MEGABYTE,
    REVISION_BYTES,
    SCANNED_BYTES,
    TREE_BYTES,
    TREE_ENTRIES,
    TREE_FILES,
    TREE_FOLDERS,
    TREE_LINKS,
)
from stepgraph.model.note import InputError, Problem
from stepgraph.phrases import system_reason
from stepgraph.project.folders import path_below
from stepgraph.project.git import READING_SECONDS, Git, Revision, TooLargeError, start_git
from stepgraph.project.root import is_configuration_name
from stepgraph.project.temporary import TemporaryFolder, temporary_folder

_READ_NAMES: Final = frozenset({"pyproject.toml", "pyvenv.cfg"})
_LINK_MODE: Final = "120000"
_FILE_MODES: Final = frozenset({"100644", "100755", "100664"})
_REPOSITORY_MARKER: Final = ".git"
_MAX_LINK_BYTES: Final = 4_096
_MAX_PATH_BYTES: Final = 65_536
_CHUNK_BYTES: Final = 1 << 20
_SIZE_LINE: Final = 128
_REQUESTED_OBJECTS: Final = 50
"""The number of objects requested at once. If the requests did not fit into a pipe, of 4 KB on some systems, both sides
could block on full pipes."""

OnSkipped = Callable[[Problem], object]


class _Entry(Struct, frozen=True):
    """A file or symbolic link in a tree."""

    mode: str
    """The mode in octal digits, such as `100644`."""
    object: str
    """The object id of its content."""
    path: str
    """The path relative to the root of the tree."""


class RevisionFolder:
    """A temporary directory with the files of one revision, which those of another revision can replace.

    With `paths`, it contains only the files at these paths and in these directories, relative to the root.
    """

    def __init__(self, folder: TemporaryFolder, on_skipped: OnSkipped, paths: Sequence[str] = ()) -> None:
        """Prepare the directory, which must be empty."""
        self._folder = folder
        self._on_skipped = on_skipped
        self._paths = paths
        self._entries: list[_Entry] = []
        # This ends upward searches like a repository. Because `.git` is an empty file, git is not run inside the
        # directory.
        folder.write_file(_REPOSITORY_MARKER, [b""])

    @property
    def path(self) -> str:
        """The path of the directory, with forward slashes."""
        return self._folder.path.replace(os.sep, "/")

    def switch(self, revision: Revision) -> bool:
        """Write the files of a revision and remove others, and return whether a file has changed.

        Raises InputError if git fails, if writing fails, or if the files exceed a limit on their number or size. The
        directory cannot be used after an error.
        """
        with _writing_errors(revision.label):
            return self._switch(_RevisionWriter(revision, self._folder, self._on_skipped, self._paths))

    def _switch(self, writer: _RevisionWriter) -> bool:
        before, after = self._entries, writer.entries()
        if before == after:
            return False
        if any(entry.mode == _LINK_MODE for entry in (*before, *after)):
            # Links are resolved together, and may lead to any file.
            removed, added = before, after
        else:
            removed, added = _missing_in(after, before), _missing_in(before, after)
        for entry in removed:
            self._folder.remove_file(entry.path)
        self._entries = after
        writer.write(added)
        return True


def _missing_in(excluded_entries: Sequence[_Entry], entries: Sequence[_Entry]) -> list[_Entry]:
    """Return the entries that are not among the excluded ones."""
    excluded = frozenset(excluded_entries)
    return [entry for entry in entries if entry not in excluded]


@contextmanager
def revision_folder(revision: Revision, on_skipped: OnSkipped = lambda _: None) -> Iterator[str]:
    """Extract the files that an analysis needs from a revision. The temporary directory exists for the block.

    `on_skipped` is called with a problem for each file that this system cannot store. Raises InputError if git fails,
    if writing fails, or if the files exceed a limit on their number or size.
    """
    with switchable_folder(revision.label, on_skipped) as folder:
        folder.switch(revision)
        yield folder.path


def path_in_revision(folder: str, revision: Revision, path: str) -> str | None:
    """Return the path of a file or directory of the working tree in a `revision_folder`, or None if it is missing."""
    relative = path_below(revision.root, path)
    extracted = folder if relative == "." else f"{folder}/{relative}"
    return extracted if relative is not None and os.path.lexists(extracted) else None


@contextmanager
def switchable_folder(
    label: str, on_skipped: OnSkipped = lambda _: None, paths: Sequence[str] = ()
) -> Iterator[RevisionFolder]:
    """Make an empty temporary directory for revisions. It exists for the block.

    Raises InputError, with `label` in its message, if it cannot be made.
    """
    with ExitStack() as stack:
        with _writing_errors(label):
            folder = RevisionFolder(stack.enter_context(temporary_folder()), on_skipped, paths)
        yield folder


@contextmanager
def _writing_errors(label: str) -> Iterator[None]:
    """Convert an OSError of the block to an InputError."""
    try:
        yield
    except OSError as error:
        message = f"its files cannot be written to a temporary directory: {system_reason(error)}."
        raise InputError(Problem(label, message)) from None


class _RevisionWriter(Struct, frozen=True):
    """Writes the files of a revision to a directory."""

    revision: Revision
    folder: TemporaryFolder
    on_skipped: OnSkipped
    paths: Sequence[str] = ()
    """The files and directories to write, or nothing for all."""

    def entries(self) -> list[_Entry]:
        """Return the entries of the revision that this system can store."""
        entries = [entry for entry in self._entries() if self._is_storable(entry)]
        link_count = sum(entry.mode == _LINK_MODE for entry in entries)
        if len(entries) - link_count > TREE_FILES or link_count > TREE_LINKS:
            raise self._limit_error(f"{TREE_FILES:,} Python files and configurations, or {TREE_LINKS:,} symbolic links")
        return entries

    def write(self, entries: Sequence[_Entry]) -> None:
        """Write entries of the revision, which must include all links if there are any."""
        files = [entry for entry in entries if entry.mode != _LINK_MODE]
        links = [entry for entry in entries if entry.mode == _LINK_MODE]
        sizes = self._sizes(entries)
        self._check_sizes(files, sizes)
        links = [entry for entry in links if sizes[entry.object] <= _MAX_LINK_BYTES]
        self._make_folders([*files, *links], frozenset(entry.path for entry in links))
        for entry, chunks in self._contents(files, sizes):
            with self._rejecting_duplicates(entry):
                self.folder.write_file(entry.path, chunks)
        self._write_links({entry: b"".join(chunks) for entry, chunks in self._contents(links, sizes)})

    def _entries(self) -> Iterator[_Entry]:
        """Yield the entries that an analysis may read, and all symbolic links."""
        listing = ("ls-tree", "-r", "-z", "--full-tree", self.revision.commit, "--", *self.paths)
        git = self._git("--literal-pathspecs", *listing)
        for number, line in enumerate(self._lines(git)):
            if number >= TREE_ENTRIES:
                git.stop()
                raise self._limit_error(f"{TREE_ENTRIES:,} files")
            head, _, path = line.partition(b"\t")
            mode, _, identity = head.decode("ascii").split(" ")
            entry = _Entry(mode, identity, os.fsdecode(path))
            if _is_read(entry) and stays_inside(entry.path):
                yield entry
        if not git.succeeded:
            raise InputError(Problem(self.revision.label, "git cannot list its files."))

    def _lines(self, git: Git) -> Iterator[bytes]:
        """Yield the output of git, split at null bytes."""
        incomplete_line = b""
        try:
            for chunk in git.read_chunks(max_bytes=TREE_BYTES, seconds=READING_SECONDS):
                *lines, incomplete_line = (incomplete_line + chunk).split(b"\0")
                yield from lines
                # Appending chunk by chunk would take quadratic time for an endless path.
                if len(incomplete_line) > _MAX_PATH_BYTES:
                    raise self._limit_error(f"{_MAX_PATH_BYTES:,} bytes in a path")
        except TooLargeError:
            raise self._limit_error(f"{TREE_BYTES // MEGABYTE} MB of paths") from None

    def _is_storable(self, entry: _Entry) -> bool:
        if os.name == "nt" and windows_cannot_hold(entry.path, self.folder.path):
            message = "skipped, because Windows does not support its name."
            self.on_skipped(Problem(f"{self.revision.label}:{entry.path}", message))
            return False
        if is_too_long(entry.path):
            raise self._entry_error(entry, "its path is too long.")
        return True

    def _sizes(self, entries: Sequence[_Entry]) -> dict[str, int]:
        """Return the size in bytes of each object, by object id. Raises InputError if an object is missing."""
        objects = list(dict.fromkeys(entry.object for entry in entries))
        if not objects:
            return {}
        git = self._git("cat-file", "--batch-check", reads_input=True)
        names = "".join(f"{name}\n" for name in objects).encode()
        output = git.read_output(names, _SIZE_LINE * len(objects), READING_SECONDS) or b""
        sizes: dict[str, int] = {}
        for line in output.splitlines():
            match line.split():
                case [name, b"blob", size]:
                    sizes[name.decode()] = int(size)
        missing = next((entry for entry in entries if entry.object not in sizes), None)
        if missing is not None and output:
            raise self._entry_error(missing, "its content is not in this repository.", "Fetch it with git.")
        if missing is not None:
            raise InputError(Problem(self.revision.label, "git cannot read its files."))
        return sizes

    def _check_sizes(self, files: Sequence[_Entry], sizes: dict[str, int]) -> None:
        large = next((entry for entry in files if sizes[entry.object] > SCANNED_BYTES), None)
        if large is not None:
            raise self._entry_error(large, f"larger than {SCANNED_BYTES // MEGABYTE} MB, so it is not read.")
        if sum(sizes[entry.object] for entry in files) > REVISION_BYTES:
            raise self._limit_error(f"{REVISION_BYTES // MEGABYTE} MB of Python files and configurations")

    def _make_folders(self, entries: Sequence[_Entry], links: frozenset[str]) -> None:
        """Make the parent directories of all entries. Raises InputError if one of them is a link."""
        for entry in entries:
            folder = entry.path.rpartition("/")[0]
            ancestor = folder
            while ancestor:
                if ancestor in links:
                    raise self._entry_error(
                        entry, "its parent directory is a symbolic link, which git does not support."
                    )
                ancestor = ancestor.rpartition("/")[0]
            with self._rejecting_duplicates(entry):
                self.folder.make_folder(folder)
            if self.folder.folder_count > TREE_FOLDERS:
                raise self._limit_error(f"{TREE_FOLDERS:,} directories")

    def _contents(self, entries: Sequence[_Entry], sizes: dict[str, int]) -> Iterator[tuple[_Entry, Iterator[bytes]]]:
        """Yield each entry with the chunks of its content, which must be consumed before the next entry."""
        if not entries:
            return
        git = self._git("cat-file", "--batch", reads_input=True)
        with git.time_limit(READING_SECONDS):
            for start in range(0, len(entries), _REQUESTED_OBJECTS):
                requested = entries[start : start + _REQUESTED_OBJECTS]
                try:
                    git.write_input("".join(f"{entry.object}\n" for entry in requested).encode())
                except BrokenPipeError:
                    raise InputError(Problem(self.revision.label, "git cannot read its files.")) from None
                for entry in requested:
                    yield entry, self._content(git.output, entry, sizes[entry.object])

    def _content(self, output: IO[bytes], entry: _Entry, size: int) -> Iterator[bytes]:
        if output.readline(_SIZE_LINE) != f"{entry.object} blob {size}\n".encode():
            raise self._entry_error(entry, "git cannot read its content.")
        while size:
            chunk = output.read(min(size, _CHUNK_BYTES))
            if not chunk:
                raise self._entry_error(entry, "git cannot read its content.")
            size -= len(chunk)
            yield chunk
        # Skip the line break after the content.
        output.read(1)

    def _write_links(self, contents: dict[_Entry, bytes]) -> None:
        """Make the links that lead into the directory, each directly to its final target."""
        tree = TreeLinks({entry.path: os.fsdecode(content) for entry, content in contents.items()})
        for entry in contents:
            try:
                target = tree.target(entry.path)
            except TooManyLinksError:
                raise self._limit_error("a million steps through its symbolic links") from None
            if target:
                with self._rejecting_duplicates(entry):
                    self.folder.write_link(entry.path, target)

    @contextmanager
    def _rejecting_duplicates(self, entry: _Entry) -> Iterator[None]:
        try:
            yield
        except FileExistsError:
            message = "duplicate path, or paths that differ only in case."
            raise self._entry_error(entry, message) from None

    def _git(self, *arguments: str, reads_input: bool = False) -> Git:
        git = start_git(self.revision.root, *arguments, reads_input=reads_input)
        if git is None:
            raise InputError(Problem(self.revision.label, "git cannot be started."))
        return git

    def _entry_error(self, entry: _Entry, message: str, advice: str = "") -> InputError:
        return InputError(Problem(f"{self.revision.label}:{entry.path}", message, advice))

    def _limit_error(self, limit: str) -> InputError:
        return InputError(Problem(self.revision.label, f"has more than {limit}, so it is not read."))


def _is_read(entry: _Entry) -> bool:
    name = entry.path.rpartition("/")[2]
    is_read = name.endswith(".py") or name in _READ_NAMES or is_configuration_name(name)
    return entry.mode == _LINK_MODE or (entry.mode in _FILE_MODES and is_read)


_MAX_FOLLOWED_LINKS: Final = 40
"""The maximum number of links on the path to one file, as in the Linux kernel."""

_MAX_STEPS: Final = 1_000_000
"""The maximum number of path components visited for all links together."""


class TooManyLinksError(Exception):
    """The links of a tree exceed the limit on visited path components."""


class TreeLinks:
    """Resolves the symbolic links of a tree. `links` maps the path of each link to its text."""

    def __init__(self, links: Mapping[str, str]) -> None:
        self._links = links
        self._steps = 0

    def target(self, path: str) -> str | None:
        """Return the final target of a link as a path without links, or None if it is outside the tree.

        The target may be missing. Raises TooManyLinksError if all calls together visit too many path components.
        """
        pending = path.split("/")[::-1]
        real: list[str] = []
        followed = 0
        while pending:
            self._steps += 1
            if self._steps > _MAX_STEPS:
                raise TooManyLinksError
            part = pending.pop()
            if part == "..":
                if not real:
                    return None
                real.pop()
            elif part not in ("", "."):
                link = self._links.get("/".join([*real, part]))
                if link is None:
                    real.append(part)
                    continue
                followed += 1
                if followed > _MAX_FOLLOWED_LINKS or link.startswith("/") or "\\" in link or "\0" in link:
                    return None
                pending += link.split("/")[::-1]
        return "/".join(real)


_GIT: Final = ".git"
_FORBIDDEN_PARTS: Final = frozenset({"", ".", "..", _GIT})
_MAX_PORTABLE_PATH_BYTES: Final = 1_024
_INVALID_ON_WINDOWS: Final = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ](?:/|$)')
# Device names of Windows, which ignores everything after the first dot.
_DEVICES: Final = re.compile(r"(?:^|/)(?:con|prn|aux|nul|(?:com|lpt)[0-9¹²³])(?:[./]|$)", re.IGNORECASE)
_MAX_WINDOWS_PATH_LENGTH: Final = 259


def stays_inside(path: str) -> bool:
    """Return whether a path is inside its directory and outside `.git`. Crafted trees may contain other paths."""
    return _FORBIDDEN_PARTS.isdisjoint(part.casefold() for part in path.split("/"))


def is_too_long(path: str) -> bool:
    """Return whether a path exceeds the length or depth that every system supports."""
    return len(path.encode("utf-8", "surrogateescape")) > _MAX_PORTABLE_PATH_BYTES or path.count("/") > DEEPEST_FOLDER


def windows_cannot_hold(path: str, folder: str) -> bool:
    """Return whether Windows cannot store a file at a path inside a directory."""
    invalid = _INVALID_ON_WINDOWS.search(path) or _DEVICES.search(path)
    return invalid is not None or len(folder) + 1 + len(path) > _MAX_WINDOWS_PATH_LENGTH
