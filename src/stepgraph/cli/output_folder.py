"""The folder that `-o` names: a file for each workflow, each written whole or not at all, and only if it changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from stepgraph.cli.output_file import OutputFile, failure, prepare_output, refusal
from stepgraph.cli.streams import tell
from stepgraph.cli.up_to_date import State, state_of
from stepgraph.project.writing import WriteError, check_folder, make_folder

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
