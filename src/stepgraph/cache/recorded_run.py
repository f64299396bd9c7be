"""The output of an earlier run of the same command, repeated while the inputs of that run are unchanged.

A record lists the inputs with their properties: the files and directories that the run looked at, also missing ones.
Equal properties mean an unchanged file: programs cannot set the time of the last change (`ctime`), and a run is
recorded only if its inputs did not change during the run or shortly before it.

This module imports only modules that Python loads at startup, because a repeated run should take no longer than
starting Python. The output is marshaled like Python's own compiled modules, in a directory that only the user can write
to.
"""

from __future__ import annotations

import marshal
import os
import sys

from stepgraph.cache.private_files import (
    is_outside,
    is_private_folder,
    read_private_file,
    replace_private_file,
)
from stepgraph.project.folders import real_path
from stepgraph.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final, TextIO, TypeAlias

    RunKey: TypeAlias = tuple[
        int,
        str,
        tuple[str, tuple[int, ...], str, str],
        tuple[str, int, int],
        tuple[str, ...],
        tuple[bool, bool],
        int,
        tuple[tuple[str, str], ...],
    ]
    """The inputs of a command besides files: the versions of the record format and of stepgraph; the version, options
    and environment of Python (LibCST is in this environment), and the directory of the package; the working directory;
    the arguments; whether standard output and standard error are terminals; the terminal width; environment variables.
    """

STATE_FIELDS: Final = ("st_ctime_ns", "st_mtime_ns", "st_size", "st_ino")
"""The fields of `os.stat_result` that are the state of a file. All of them are 0 for a missing file."""

RECORD_SUFFIX: Final = ".run"
_FORMAT: Final = 3
_SEPARATOR: Final = "\0"
_CHECKSUM_BYTES: Final = 4
_MAX_RECORD_BYTES: Final = 16 * 1024 * 1024
_VARIABLES: Final = frozenset(
    {
        *("APPDATA", "CI", "CLICOLOR_FORCE", "COLUMNS", "ConEmuANSI", "ANSICON", "FORCE_COLOR", "GITLAB_CI", "HOME"),
        *(
            "LOCALAPPDATA",
            "NO_COLOR",
            "PATH",
            "SOURCE_DATE_EPOCH",
            "TEAMCITY_VERSION",
            "TERM",
            "TF_BUILD",
        ),
        *("USERPROFILE", "WT_SESSION"),
    }
)
_PREFIXES: Final = ("CLOUDFLARE_", "GITHUB_", "GIT_", "PYTHON", "STEPGRAPH_", "XDG_")


class Footprint:
    """The files and directories that a run has looked at. Relative paths are those of its working directory."""

    def __init__(self, paths: Sequence[str], states: bytes, real_paths: Mapping[str, str]) -> None:
        self.paths = paths
        """The paths of files, links and listed directories, also of those that do not exist."""
        self.states = states
        """The states of the paths, as unsigned numbers of 64 bits: `STATE_FIELDS` for each path."""
        self.real_paths = real_paths
        """The real paths of directories and links, by path."""

    def is_unchanged(self) -> bool:
        """Return whether all files and directories are unchanged."""
        lstat = os.lstat
        numbers = iter(memoryview(self.states).cast("Q"))
        # This loop takes most of the time of a repeated run in a large tree, so it calls no function but `lstat`.
        for path, changed, modified, size, inode in zip(self.paths, numbers, numbers, numbers, numbers, strict=True):
            try:
                now = lstat(path)
            except (OSError, ValueError):
                if inode or changed:
                    return False
                continue
            if now.st_ctime_ns != changed or now.st_mtime_ns != modified or now.st_size != size or now.st_ino != inode:
                return False
        return all(real_path(path) == real for path, real in self.real_paths.items())


class RecordedRun:
    """A run of a command, whose output depends on its key and its footprint only."""

    def __init__(self, code: int, parts: Sequence[tuple[bool, bytes]], footprint: Footprint) -> None:
        self.code = code
        """The exit code."""
        self.parts = parts
        """The output in the order of writing: whether a part is on standard error, and its bytes."""
        self.footprint = footprint


def run_key(arguments: Sequence[str]) -> RunKey:
    """Return the key of a command with these arguments in this process. Raises OSError without a working directory."""
    terminals = (_is_terminal(sys.stdout), _is_terminal(sys.stderr))
    columns = os.get_terminal_size(1).columns if terminals[0] else 0
    variables = sorted(pair for pair in os.environ.items() if decides_output(pair[0]))
    installation = (sys.version, tuple(sys.flags), sys.prefix, os.path.dirname(os.path.abspath(__file__)))
    here = os.stat(".")
    place = (os.getcwd(), here.st_dev, here.st_ino)
    return (_FORMAT, __version__, installation, place, tuple(arguments), terminals, columns, tuple(variables))


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def decides_output(variable: str) -> bool:
    """Return whether an environment variable can change the output of a command."""
    return variable in _VARIABLES or variable.startswith(_PREFIXES)


def load_run(folder: str, key: RunKey) -> RecordedRun | None:
    """Return the recorded run with a key, if its footprint is unchanged."""
    try:
        if not is_private_folder(folder):
            return None
        content = read_private_file(_path(folder, key), _MAX_RECORD_BYTES)
        if _checksum(content[_CHECKSUM_BYTES:]) != content[:_CHECKSUM_BYTES]:
            return None  # damaged, as after a power failure
        record = marshal.loads(memoryview(content)[_CHECKSUM_BYTES:])  # noqa: S302 - a private file
        recorded_key, code, parts, paths, states, real_paths = record
        if recorded_key != key or not is_outside(folder, _named_paths(key)):
            return None
        outputs = tuple([(bool(is_message), bytes(memoryview(output))) for is_message, output in parts])
        run = RecordedRun(int(code), outputs, Footprint(str.split(paths, _SEPARATOR), states, real_paths))
        return run if run.footprint.is_unchanged() else None
    except (OSError, ValueError, EOFError, TypeError, AttributeError):
        return None  # unreadable, or written by another version in development


def store_run(folder: str, key: RunKey, run: RecordedRun) -> None:
    """Record a run, unless its record is too large. Ignores write errors."""
    footprint = run.footprint
    names = _SEPARATOR.join(footprint.paths)
    record = (key, run.code, tuple(run.parts), names, footprint.states, dict(footprint.real_paths))
    try:
        content = marshal.dumps(record)
        if len(content) + _CHECKSUM_BYTES <= _MAX_RECORD_BYTES and is_outside(folder, _named_paths(key)):
            replace_private_file(_path(folder, key), _checksum(content) + content)
    except (OSError, ValueError):
        return


def _path(folder: str, key: RunKey) -> str:
    # Equal checksums do not matter: the key is compared.
    name = _checksum(repr(key).encode("utf-8", "surrogateescape")).hex()
    return os.path.join(folder, f"{name}{RECORD_SUFFIX}")


def _checksum(content: bytes) -> bytes:
    # Imported here because a process without a cache directory needs no checksums.
    from zlib import crc32

    return crc32(content).to_bytes(_CHECKSUM_BYTES, "big")


def _named_paths(key: RunKey) -> list[str]:
    """Return the working directory, and the arguments of a command that are paths or values of options with paths."""
    values = [argument.partition("=")[2] or argument for argument in key[4] if argument]
    return [".", *(value for value in values if os.path.lexists(value))]
