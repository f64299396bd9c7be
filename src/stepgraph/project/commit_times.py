"""When a file was committed, asked of git without running anything that its repository configures."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

# A history that takes longer is that of a repository which cannot answer, for one whose configuration is a pipe.
_PATIENCE_SECONDS = 30.0

# Set by git for its hooks: they would make it look at the hook's repository, whatever the file.
_OF_ANOTHER_REPOSITORY = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"}
)

# No locks are taken, nothing is fetched, no transport may start a program.
_HARMLESS = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_TERMINAL_PROMPT": "0",
}


@dataclass(frozen=True, slots=True)
class CommitTimes:
    """The earliest and the latest commit of a file, in seconds since 1970 (UTC)."""

    first: int
    last: int


def start_log(path: str) -> subprocess.Popen[bytes] | None:
    """Start git on the history of the file at `path`, for `read_log`. Returns None outside of a repository."""
    folder, name = os.path.split(os.path.realpath(path))
    git = _git_program()
    if git is None or not _in_repository(folder):
        return None
    # Plumbing: unlike `git log`, it heeds no configuration that shows signatures, follows renames or maps names.
    command = [git, "-C", folder, "-c", "core.fsmonitor=false", "rev-list", "--timestamp", "HEAD", "--", name]
    environment = {key: value for key, value in os.environ.items() if key not in _OF_ANOTHER_REPOSITORY}
    try:
        return subprocess.Popen(  # noqa: S603 - git itself, not found in the repository, and nothing runs through a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, **_HARMLESS},
        )
    except OSError:
        return None


def read_log(log: subprocess.Popen[bytes]) -> CommitTimes | None:
    """Return what the started git found; None for a file that was never committed, or where git cannot tell."""
    try:
        output, _ = log.communicate(timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        stop_log(log)
        return None
    times = [int(line.split()[0]) for line in output.splitlines()]
    return CommitTimes(min(times), max(times)) if times and log.returncode == 0 else None


def stop_log(log: subprocess.Popen[bytes]) -> None:
    """End a started git whose answer is not wanted any more."""
    log.kill()
    log.communicate()


def _in_repository(folder: str) -> bool:
    """Whether a folder above holds `.git`: starting git only to hear that there is none takes longer."""
    parent = os.path.dirname(folder)
    if os.path.lexists(os.path.join(folder, ".git")):
        return True
    return parent != folder and _in_repository(parent)


def _git_program() -> str | None:
    """Return git on PATH, never from a folder relative to where we are: that may be the repository's own."""
    name = "git.exe" if os.name == "nt" else "git"
    candidates = (os.path.join(folder, name) for folder in os.get_exec_path() if os.path.isabs(folder))
    return next((file for file in candidates if os.path.isfile(file) and os.access(file, os.X_OK)), None)
