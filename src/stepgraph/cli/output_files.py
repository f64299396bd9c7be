"""Write the file or directory of --output atomically, or compare it. Source files are never overwritten."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Final, TypeVar

from msgspec import Struct

from stepgraph.cli.console import CommandError, ExitCode, write_message
from stepgraph.escaping.file_names import file_key, numbered, safe_stem
from stepgraph.model.note import InputError
from stepgraph.project.folders import real_path
from stepgraph.project.reading import check_named, read_named, unreadable_problem
from stepgraph.project.root import SETTINGS_NAMES
from stepgraph.project.writing import Target, WriteError, check_folder, make_folder, target_of
from stepgraph.subject import Subject


class OutputFile(Struct, frozen=True):
    """A file to write."""

    target: Target

    @property
    def name(self) -> str:
        """The path as the user wrote it."""
        return self.target.name

    def write(self, content: bytes) -> None:
        """Write bytes. If this fails, the previous content remains, and CommandError is raised."""
        try:
            self.target.write(content)
        except WriteError as error:
            raise command_error(error) from None


def prepare_output(name: str, sources: Iterable[str]) -> OutputFile:
    """Return the file to write, before its content is computed.

    Raises CommandError if it is one of the `sources` or an existing file with settings, or evidently cannot be written.
    """
    try:
        target = target_of(name, sources)
    except WriteError as error:
        raise command_error(error) from None
    if os.path.basename(target.path) in SETTINGS_NAMES and os.path.lexists(target.path):
        raise path_error(name, "is a configuration file, so it is not overwritten. Name another file.")
    return OutputFile(target)


def command_error(error: WriteError) -> CommandError:
    """Return the error of a command for a failed write."""
    return CommandError(ExitCode.ERROR, str(error))


def path_error(name: str, message: str) -> CommandError:
    """Return the error of a command that cannot read or write a file or directory."""
    return command_error(WriteError(name, message))


# The dates in an API response, as this package writes them. The date of a commit is unknown before the commit.
_DATES: Final = re.compile(rb'^( +"(?:created_on|modified_on)": )"[^"]*"', re.MULTILINE)


class FileState(Enum):
    """The state of a file relative to its new content. The values are parts of messages."""

    CURRENT = "is up to date"
    MISSING = "is missing"
    OUT_OF_DATE = "is out of date"


class ContentComparison(Enum):
    """The differences between an existing file and its new content that count."""

    BYTES = "bytes"
    """All differences, for binary files."""

    TEXT = "text"
    """All differences except line endings."""

    TEXT_WITHOUT_DATES = "text without dates"
    """All differences except line endings and the dates in API responses."""


def file_state(path: str, content: bytes, comparison: ContentComparison) -> FileState:
    """Return the state of a file relative to its new content. Raises CommandError if the file cannot be read."""
    try:
        return _compare(path, content, comparison)
    except InputError as error:
        raise path_error(path, f"cannot be read: {error.problem.message}") from None


def _compare(path: str, new: bytes, comparison: ContentComparison) -> FileState:
    """Return the state of a file. Raises InputError for unreadable files, and CommandError for directories."""
    # This comes first, because a link out of the repository must not reveal anything about its target.
    check_named(path)
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return FileState.MISSING
    except OSError as error:
        raise InputError(unreadable_problem(path, error)) from None
    if not stat.S_ISREG(status.st_mode):
        raise path_error(path, "is not a regular file, so it cannot be compared.")
    # A larger file cannot be equal: Windows line endings are at most twice as long, and dates have a constant length.
    max_bytes = 2 * len(new)
    if status.st_size > max_bytes and os.access(path, os.R_OK):
        return FileState.OUT_OF_DATE
    is_equal = _comparable(read_named(path, max_bytes), comparison) == _comparable(new, comparison)
    return FileState.CURRENT if is_equal else FileState.OUT_OF_DATE


def check_up_to_date(contents: Mapping[str, bytes], command: str, comparison: ContentComparison) -> None:
    """Write a message for each outdated or missing file, then raise CommandError if any was written.

    `command` is the command that updates the files.
    """
    states = {path: file_state(path, content, comparison) for path, content in contents.items()}
    outdated = {path: state for path, state in states.items() if state is not FileState.CURRENT}
    for path, state in outdated.items():
        write_message(f"{path} {state.value}: run `{command}`")
    if outdated:
        raise CommandError(ExitCode.FINDINGS)


def _comparable(content: bytes, comparison: ContentComparison) -> bytes:
    if comparison is ContentComparison.BYTES:
        return content
    normalized = content.replace(b"\r\n", b"\n")
    return normalized if comparison is ContentComparison.TEXT else _DATES.sub(rb"\1", normalized)


R = TypeVar("R")


def is_folder_name(name: str) -> bool:
    """Return whether a name is a directory: an existing one, or a new one with a trailing slash."""
    return name.endswith(("/", os.sep)) or os.path.isdir(name)


def prepare_folder(name: str) -> None:
    """Raise CommandError if the directory evidently cannot be created or written."""
    _convert_errors(check_folder, name)
    nearest = real_path(name)
    while not os.path.lexists(nearest):
        nearest = os.path.dirname(nearest)
    if not os.path.isdir(nearest):
        raise path_error(name, f"cannot be created: {_relative(nearest, name)} is a file.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise path_error(name, "cannot be written: permission denied.")


def write_folder(
    name: str,
    contents: Mapping[str, bytes],
    sources: Iterable[str],
    comparison: ContentComparison,
    on_write: Callable[[str], object],
) -> None:
    """Write the contents to their paths in a directory, which is created if missing.

    `on_write` is called with each written path. Unchanged files are not written, and other files in the directory
    remain. Raises CommandError before the first write if a path must not be written, or if a write fails.
    """
    folder = _convert_errors(make_folder, name)
    source_paths = list(sources)
    files = [(_file_in(folder, path, source_paths), content) for path, content in contents.items()]
    for file, content in files:
        if file_state(file.name, content, comparison) is not FileState.CURRENT:
            file.write(content)
            on_write(file.name)


def _convert_errors(function: Callable[[str], R], name: str) -> R:
    try:
        return function(name)
    except WriteError as error:
        raise command_error(error) from None


def _file_in(folder: str, path: str, sources: Iterable[str]) -> OutputFile:
    """Return the output file at `path` in a directory with the real path `folder`."""
    file = prepare_output(path, sources)
    if os.path.islink(path) and os.path.dirname(real_path(path)) != folder:
        raise path_error(file.name, "is a link that leads out of the directory. Remove it, or name another directory.")
    return file


def path_in(folder: str, file_name: str) -> str:
    """Return the path of a file in a directory, joined with a slash."""
    return folder + file_name if folder.endswith(("/", os.sep)) else f"{folder}/{file_name}"


def _relative(path: str, name: str) -> str:
    """Return a path, relative if `name` is relative."""
    return path if os.path.isabs(name) else os.path.relpath(path)


def file_stems(subjects: Sequence[Subject]) -> list[str]:
    """Return unique file names without suffix, in the order of the workflows.

    A file name is the workflow's name if this is unique. Otherwise, the class name is added and, if necessary, a
    number.
    """
    stems = [safe_stem(subject.name) for subject in subjects]
    keys = [file_key(stem) for stem in stems]
    unique = {key for key, number in Counter(keys).items() if number == 1}
    used = set(unique)
    names: list[str] = []
    numbered_stems: dict[str, Iterator[str]] = {}
    for subject, stem, key in zip(subjects, stems, keys, strict=True):
        if key in unique:
            names.append(stem)
            continue
        longer = _with_class(stem, subject)
        # The iterator continues after the numbers that are already used.
        candidates = numbered_stems.setdefault(longer, numbered(longer))
        name = next(candidate for candidate in candidates if file_key(candidate) not in used)
        used.add(file_key(name))
        names.append(name)
    return names


def _with_class(stem: str, subject: Subject) -> str:
    class_name = safe_stem(subject.class_name)
    return stem if file_key(class_name) == file_key(stem) else f"{stem}-{class_name}"
