"""The file or directory of `--output`."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Final, TypeVar

from msgspec import Struct

from stepgraph.cli.console import encode, tell
from stepgraph.cli.errors import CommandError, ExitCode
from stepgraph.cli.subject import Subject
from stepgraph.escaping.file_names import file_key, numbered, safe_stem
from stepgraph.model.note import InputError
from stepgraph.project.reading import check_named, read_named
from stepgraph.project.unreadable import unreadable
from stepgraph.project.writing import Target, WriteError, check_folder, make_folder, target_of


class OutputFile(Struct, frozen=True):
    """A file to write. What fails ends the command."""

    target: Target

    @property
    def name(self) -> str:
        """How it was named."""
        return self.target.name

    def write(self, text: str) -> None:
        """Write the file as UTF-8. Raises as `write_content`."""
        self.write_content(encode(text))

    def write_content(self, content: bytes) -> None:
        """Write the file. Raises CommandError if that fails; what was there before is then untouched."""
        try:
            self.target.write(content)
        except WriteError as error:
            raise failure(error) from None


def prepare_output(name: str, sources: Iterable[str]) -> OutputFile:
    """Return the file to write, before there is anything to write.

    Raises CommandError if it must not be written, such as one of the `sources`, or evidently cannot be.
    """
    try:
        return OutputFile(target_of(name, sources))
    except WriteError as error:
        raise failure(error) from None


def failure(error: WriteError) -> CommandError:
    """Return the end of a command that cannot write."""
    return CommandError(ExitCode.ERROR, str(error))


def refusal(name: str, message: str) -> CommandError:
    """Return the end of a command that cannot write, or read, the file or folder of that name."""
    return failure(WriteError(name, message))


# The dates of an answer of the API, as this package writes them. Those of a commit are not known before it is made.
_DATES: Final = re.compile(rb'^( +"(?:created_on|modified_on)": )"[^"]*"', re.MULTILINE)


class State(Enum):
    """What a file is compared with what would be written to it; the value says it of the file."""

    CURRENT = "is up to date"
    MISSING = "is missing"
    OUT_OF_DATE = "is out of date"


def state_of(path: str, text: str, *, with_dates: bool = True) -> State:
    """Return the state of the file for which `text` is meant. Line ends may be those of any system.

    Without `with_dates`, the dates in an answer of the API may differ. Raises CommandError if it cannot be read.
    """
    try:
        return _state(path, encode(text), with_dates=with_dates)
    except InputError as error:
        raise refusal(path, f"cannot be read: {error.problem.message}") from None


def _state(path: str, new: bytes, *, with_dates: bool) -> State:
    """Return the state of a file. Raises InputError if it cannot be read, CommandError if it is not a file."""
    # A link that leads out of the repository is refused before anything is asked about its target.
    check_named(path)
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return State.MISSING
    except OSError as error:
        raise InputError(unreadable(path, error)) from None
    if not stat.S_ISREG(status.st_mode):
        raise refusal(path, "is not a file, and cannot be compared with one.")
    # Line ends of another system are twice as long, and dates that differ are of one length.
    most = 2 * len(new)
    if status.st_size > most and os.access(path, os.R_OK):
        return State.OUT_OF_DATE
    same = _comparable(read_named(path, most), with_dates=with_dates) == _comparable(new, with_dates=with_dates)
    return State.CURRENT if same else State.OUT_OF_DATE


def check_files(texts: Mapping[str, str], command: str, *, with_dates: bool) -> None:
    """Tell which of the files of these paths are not current, and raise CommandError if there are any.

    `command` is what brings them up to date.
    """
    states = {path: state_of(path, text, with_dates=with_dates) for path, text in texts.items()}
    wanting = {path: state for path, state in states.items() if state is not State.CURRENT}
    for path, state in wanting.items():
        tell(f"{path} {state.value}: run `{command}`")
    if wanting:
        raise CommandError(ExitCode.FINDINGS)


def _comparable(content: bytes, *, with_dates: bool) -> bytes:
    unix = content.replace(b"\r\n", b"\n")
    return unix if with_dates else _DATES.sub(rb"\1", unix)


R = TypeVar("R")


def means_folder(name: str) -> bool:
    """Tell whether the name is that of a folder: one that is there, or one to be made, with a slash at its end."""
    return name.endswith(("/", os.sep)) or os.path.isdir(name)


def prepare_folder(name: str) -> None:
    """Raise CommandError if the folder evidently cannot be written to, or cannot be made."""
    _guarded(check_folder, name)
    nearest = os.path.realpath(name)
    while not os.path.lexists(nearest):
        nearest = os.path.dirname(nearest)
    if not os.path.isdir(nearest):
        raise refusal(name, f"cannot be a folder: {_relative(nearest, name)} is a file.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise refusal(name, "cannot be written: permission denied.")


def write_folder(name: str, texts: Mapping[str, str], sources: Iterable[str], *, quiet: bool) -> None:
    """Write a text to each of the files of these paths in the folder, which is made if it is not there.

    Names of files that were written are told. Those that have that text already are left alone, and so is all else in
    the folder. Raises CommandError if one of them must not be written, before any is, or cannot be.
    """
    folder = _guarded(make_folder, name)
    known = list(sources)
    files = [(_file_in(folder, path, known), text) for path, text in texts.items()]
    for file, text in files:
        if state_of(file.name, text) is State.CURRENT:
            continue
        file.write(text)
        if not quiet:
            tell(f"wrote {file.name}")


def _guarded(function: Callable[[str], R], name: str) -> R:
    try:
        return function(name)
    except WriteError as error:
        raise failure(error) from None


def _file_in(folder: str, path: str, sources: Iterable[str]) -> OutputFile:
    """Return a file in a folder of that real path."""
    file = prepare_output(path, sources)
    if os.path.islink(path) and os.path.dirname(os.path.realpath(path)) != folder:
        raise refusal(file.name, "is a link that leads out of the folder. Remove it, or name another folder.")
    return file


def path_in(folder: str, file_name: str) -> str:
    """Return the path of a file in a folder, with a slash between them, however the folder is written."""
    return folder + file_name if folder.endswith(("/", os.sep)) else f"{folder}/{file_name}"


def _relative(path: str, name: str) -> str:
    """Return a path as short as the name that it was found for."""
    return path if os.path.isabs(name) else os.path.relpath(path)


def file_stems(subjects: Sequence[Subject]) -> list[str]:
    """Return names of files, yet without suffix, in the order of the workflows.

    A workflow's name serves if it is the only one to give its file name. Else those that do are told apart by the names
    of their classes or, where that does not help, by numbers.
    """
    stems = [safe_stem(subject.name) for subject in subjects]
    keys = [file_key(stem) for stem in stems]
    unique = {key for key, number in Counter(keys).items() if number == 1}
    taken = set(unique)
    names: list[str] = []
    numbered_stems: dict[str, Iterator[str]] = {}
    for subject, stem, key in zip(subjects, stems, keys, strict=True):
        if key in unique:
            names.append(stem)
            continue
        longer = _with_class(stem, subject)
        # Names that were taken before are so still.
        candidates = numbered_stems.setdefault(longer, numbered(longer))
        name = next(each for each in candidates if file_key(each) not in taken)
        taken.add(file_key(name))
        names.append(name)
    return names


def _with_class(stem: str, subject: Subject) -> str:
    class_name = safe_stem(subject.class_name)
    return stem if file_key(class_name) == file_key(stem) else f"{stem}-{class_name}"
