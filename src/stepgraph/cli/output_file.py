"""The file that `-o` names: written whole or not at all, and never over a source."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from msgspec import Struct

from stepgraph.cli.command_error import CommandError
from stepgraph.cli.exit_code import ExitCode
from stepgraph.cli.leftovers import remove_leftovers, temporary_name
from stepgraph.cli.streams import encode


class OutputFile(Struct, frozen=True):
    """A file to write: as it was named, where it really is, and the permissions of the one that is there, if any.

    A symbolic link is written through: it stays, and the file that it leads to is replaced.
    """

    name: str
    target: str
    permissions: int | None

    def write(self, text: str) -> None:
        """Write the file as UTF-8. Raises as `write_bytes`."""
        self.write_bytes(encode(text))

    def write_bytes(self, content: bytes) -> None:
        """Write the file. Raises CommandError if that fails; what was there before is then untouched."""
        # In the same folder, for only within a file system can a file be replaced at once.
        folder = os.path.dirname(self.target)
        remove_leftovers(folder)
        temporary = os.path.join(folder, temporary_name())
        try:
            self._write_to(temporary, content)
            os.replace(temporary, self.target)
        except OSError as error:
            raise refusal(self.name, f"cannot be written: {reason(error)}.") from None
        finally:
            _remove(temporary)

    def _write_to(self, temporary: str, content: bytes) -> None:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if self.permissions is not None:
            os.chmod(temporary, self.permissions)


def prepare_output(name: str, sources: Iterable[str]) -> OutputFile:
    """Return the file to write, before there is anything to write.

    Raises CommandError if it must not be written (a folder, a device, one of the `sources`) or evidently cannot be.
    """
    target = os.path.realpath(name)
    folder = os.path.dirname(target)
    if not name or not os.path.isdir(folder):
        raise refusal(name, "cannot be written: there is no such folder. Make it first.")
    try:
        status = os.lstat(target)
    except FileNotFoundError:
        return OutputFile(name, target, None)
    except OSError as error:
        raise refusal(name, f"cannot be written: {reason(error)}.") from None
    _check_replaceable(name, target, status, sources)
    return OutputFile(name, target, stat.S_IMODE(status.st_mode))


def _check_replaceable(name: str, target: str, status: os.stat_result, sources: Iterable[str]) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise refusal(name, "is a folder, where a file is to be written. Name another one, or remove it.")
    if not stat.S_ISREG(status.st_mode):
        raise refusal(name, "is not a file that can be replaced. Leave out -o to write to standard output.")
    _check_no_source(name, status, sources)
    if not os.access(target, os.W_OK):
        raise refusal(name, "cannot be written: permission denied.")


def _check_no_source(name: str, status: os.stat_result, sources: Iterable[str]) -> None:
    if _is_standard_input(status) or any(_is_same_file(source, status) for source in sources):
        raise refusal(name, "is one of the sources, and is not written over. Name another file.")


def _is_standard_input(status: os.stat_result) -> bool:
    """Whether that very file is what standard input is read from: a source has no name then."""
    try:
        return os.path.samestat(os.fstat(0), status)
    except OSError:
        return False


def _is_same_file(source: str, status: os.stat_result) -> bool:
    """Whether the path leads to that very file, be it by another name, by a link, or in another case."""
    try:
        return os.path.samestat(os.stat(source), status)
    except (OSError, ValueError):
        return False


def reason(error: OSError) -> str:
    """Return what the system refused a file for, in words."""
    return "permission denied" if isinstance(error, PermissionError) else error.strerror or type(error).__name__


def refusal(name: str, message: str) -> CommandError:
    """Return the end of a command that cannot write, or read, the file or folder of that name."""
    return CommandError(ExitCode.ERROR, f"{name or repr(name)} {message}")


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # it has become the result, or was never there
