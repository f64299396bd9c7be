"""What the operating system's refusals mean, in words for the person who named the file."""

from __future__ import annotations

import errno

from stepgraph.model.note import Problem


def unreadable(path: str, error: OSError) -> Problem:
    """Return the problem that `error`, met while reading `path`, is shown as."""
    message, advice = _meaning(error)
    return Problem(path, message, advice)


def _meaning(error: OSError) -> tuple[str, str]:
    if isinstance(error, FileNotFoundError):
        return "no such file or folder.", "Paths are relative to the working directory."
    if isinstance(error, PermissionError):
        return "permission denied.", "Make it readable, or leave it out."
    if isinstance(error, NotADirectoryError):
        return "no such file: a part of the path is not a folder.", ""
    if error.errno == errno.ELOOP:
        return "a symbolic link that leads back to itself.", "Name the file itself."
    if error.errno == errno.ENAMETOOLONG:
        return "the name is too long for the file system.", ""
    return f"{(error.strerror or type(error).__name__).lower()}.", ""
