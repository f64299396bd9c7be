"""Whether a file holds what would be written to it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from enum import Enum
from typing import Final

from stepgraph.cli.command_error import CommandError
from stepgraph.cli.exit_code import ExitCode
from stepgraph.cli.output_file import refusal
from stepgraph.cli.streams import encode, tell
from stepgraph.model.note import InputError
from stepgraph.project.reading import check_named, read_named, unreadable

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
