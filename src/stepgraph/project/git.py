"""Asking git without running anything that the repository configures."""

from __future__ import annotations

import os
import subprocess
from typing import Final

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
    "GIT_TERMINAL_PROMPT": "0",
}


# A repository that takes longer does not answer at all, for one whose configuration is a pipe.
_PATIENCE_SECONDS: Final = 30.0


def start_git(folder: str, *arguments: str, reads_input: bool = False) -> subprocess.Popen[bytes] | None:
    """Start git in a folder, which is in a repository. Returns None where there is no git."""
    folder = os.path.realpath(folder)
    git = _git_program()
    if git is None:
        return None
    environment = {key: value for key, value in os.environ.items() if key not in _OF_ANOTHER_REPOSITORY}
    try:
        return subprocess.Popen(  # noqa: S603 - git itself, not found in the repository, and nothing runs through a shell
            [git, "-C", folder, "-c", "core.fsmonitor=false", *arguments],
            stdin=subprocess.PIPE if reads_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, **_HARMLESS},
        )
    except OSError:
        return None


def answer_of(git: subprocess.Popen[bytes], given: bytes | None = None) -> bytes | None:
    """Return what a started git prints, `given` something to read; None where it is not waited for any longer."""
    try:
        return git.communicate(given, timeout=_PATIENCE_SECONDS)[0]
    except subprocess.TimeoutExpired:
        stop_git(git)
        return None


def stop_git(git: subprocess.Popen[bytes]) -> None:
    """End a started git whose answer is not wanted any more."""
    git.kill()
    git.communicate()


def has_git() -> bool:
    """Tell whether there is a git to ask."""
    return _git_program() is not None


def _git_program() -> str | None:
    """Return git on PATH, never from a folder relative to where we are: that may be the repository's own."""
    name = "git.exe" if os.name == "nt" else "git"
    candidates = (os.path.join(folder, name) for folder in os.get_exec_path() if os.path.isabs(folder))
    return next((file for file in candidates if os.path.isfile(file) and os.access(file, os.X_OK)), None)
