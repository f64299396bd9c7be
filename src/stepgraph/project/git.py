"""Run git with a time limit and without programs that the repository configures, and look up revisions."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Final

from msgspec import Struct

from stepgraph.limits import GIT_OUTPUT_BYTES
from stepgraph.project.folders import real_path, repository_root
from stepgraph.project.git_folders import (
    HEAD,
    MAX_STATE_BYTES,
    OPENED_FILES,
    blocking_file,
    current_commit,
    git_folders,
    head_files,
)
from stepgraph.project.reading import list_entries, read_start

# Variables that are removed. Git sets the first group for its hooks: with them, git would use the hook's repository for
# every file. Those of the second group replace files of the repository, and the last ones change the meaning of paths.
_REMOVED_VARIABLES = frozenset(
    {
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"),
        *("GIT_CONFIG", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE"),
        *("GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_LITERAL_PATHSPECS"),
    }
)

# These settings disable locks, fetching, transports that start programs, replaced objects and password prompts, and a
# write of the output after each commit.
_GIT_VARIABLES: Final = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_FLUSH": "0",
}

# Time limits. Walking a history and reading many files take longer than other commands.
_DEFAULT_SECONDS: Final = 10.0
HISTORY_SECONDS: Final = 30.0
READING_SECONDS: Final = 60.0
COUNTED_COMMITS: Final = ("--full-history", "--no-merges", "HEAD", "--")
"""Arguments of `git rev-list` for the commits that count for the dates of files, to be followed by their names.

Without `--full-history`, git skips branches whose changes to a file were dropped by a merge, but only if the walk is
for this file alone. The files that a merge has changed are expensive to compute, so merges do not count.
"""
_CHUNK_BYTES: Final = 1 << 16
_SIGNAL_MILLISECONDS: Final = 500
"""The longest time between a signal and the call of its handler."""
_SAFE_SETTINGS: Final = ("-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit")

# The repositories where git exceeded its time limit. Git is not run there again.
_timed_out: set[str] = set()

# The repositories where git could not be started, for a reason that may be temporary.
_not_started: set[str] = set()

# The repositories where git was run.
_used_repositories: dict[str, None] = {}
_REFERENCES: Final = ("refs", "logs", "FETCH_HEAD", "ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD")
_FIXED_SELECTORS: Final = ("u", "upstream", "push")
_STATE_FILES: Final = (*OPENED_FILES, "reftable/tables.list", "info/grafts", "info/attributes")


class TooLargeError(Exception):
    """The output of git is larger than allowed."""


class Git:
    """A running git process, whose output is read once."""

    def __init__(self, process: subprocess.Popen[bytes], repository: str) -> None:
        self._process = process
        self._repository = repository

    @property
    def succeeded(self) -> bool:
        """Whether git exited with 0."""
        return self._process.returncode == 0

    def read_output(
        self, input_bytes: bytes | None = None, max_bytes: int = GIT_OUTPUT_BYTES, seconds: float | None = None
    ) -> bytes | None:
        """Send input to git and return its output, or None if it exceeds `max_bytes` or the time limit."""
        try:
            output = b"".join(self.read_chunks(input_bytes, max_bytes, seconds))
        except TooLargeError:
            return None
        return None if self._repository in _timed_out else output

    def read_chunks(
        self, input_bytes: bytes | None = None, max_bytes: int = GIT_OUTPUT_BYTES, seconds: float | None = None
    ) -> Iterator[bytes]:
        """Yield the output of git until the time limit. Raises TooLargeError after `max_bytes`."""
        with self.time_limit(seconds), self._writing_input(input_bytes):
            while chunk := self._read_chunk():
                max_bytes -= len(chunk)
                if max_bytes < 0:
                    raise TooLargeError
                yield chunk
            self._process.wait()

    def _read_chunk(self) -> bytes:
        """Return the next bytes of the output, or empty bytes at its end.

        A signal that arrives just before a blocking read does not interrupt it, so Ctrl-C would wait for the time
        limit. Waiting in short intervals lets Python run the handler.
        """
        descriptor = self.output.fileno()
        if sys.platform != "win32":
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            while not poll.poll(_SIGNAL_MILLISECONDS):
                pass
        return os.read(descriptor, _CHUNK_BYTES)

    @contextmanager
    def time_limit(self, seconds: float | None = None) -> Iterator[None]:
        """Kill git at the end of the block or at the time limit. Its output then ends."""
        limit = _DEFAULT_SECONDS if seconds is None else seconds
        timer = threading.Timer(0 if self._repository in _timed_out else limit, self._time_out)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            self.stop()

    def stop(self) -> None:
        """Kill git if it still runs, and close its streams."""
        self._kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        self._process.wait()

    @property
    def output(self) -> IO[bytes]:
        """The standard output of git."""
        if self._process.stdout is None:
            raise BrokenPipeError
        return self._process.stdout

    def write_input(self, input_bytes: bytes) -> None:
        """Write to the standard input of git. Raises BrokenPipeError if git has exited."""
        if self._process.stdin is None:
            raise BrokenPipeError
        self._process.stdin.write(input_bytes)
        self._process.stdin.flush()

    @contextmanager
    def _writing_input(self, input_bytes: bytes | None) -> Iterator[None]:
        """Write to git in a thread while its output is read, because otherwise both sides could block on full pipes."""
        if input_bytes is None:
            yield
            return
        writer = threading.Thread(target=self._write, args=(input_bytes,))
        writer.start()
        try:
            yield
        finally:
            self._kill()
            writer.join()

    def _write(self, input_bytes: bytes) -> None:
        with suppress(OSError, ValueError):  # git may exit before it has read everything
            self.write_input(input_bytes)
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def _time_out(self) -> None:
        _timed_out.add(self._repository)
        self._kill()

    def _kill(self) -> None:
        """Kill git with its child processes, which would keep its output open."""
        if self._process.poll() is not None:
            return
        if sys.platform == "win32":
            self._process.kill()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def start_git(folder: str, *arguments: str, reads_input: bool = False) -> Git | None:
    """Start git at the root of the repository around `folder`. Paths in arguments and input are relative to the root.

    In a subdirectory, git would prefer a bare repository that was committed there (`HEAD`, `objects`, `refs`). Returns
    None if git cannot be started, if a file of the repository would block it, or if an earlier command exceeded the
    time limit in this repository.
    """
    repository = repository_root(folder) or real_path(folder)
    _used_repositories[repository] = None
    git = None if failure_reason(repository) else _git_program()
    if git is None:
        return None
    environment = {key: value for key, value in os.environ.items() if key not in _REMOVED_VARIABLES}
    # If `.git` is empty or damaged, git would use the repository around it.
    environment["GIT_CEILING_DIRECTORIES"] = os.path.dirname(repository)
    try:
        process = subprocess.Popen(  # noqa: S603 - git itself, not found in the repository, and nothing runs through a shell
            [git, "-C", repository, *_SAFE_SETTINGS, *arguments],
            stdin=subprocess.PIPE if reads_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, **_GIT_VARIABLES},
            process_group=None if sys.platform == "win32" else 0,
        )
    except OSError:
        _not_started.add(repository)
        return None
    return Git(process, repository)


def failure_reason(repository: str) -> str | None:
    """Return why git is not run in a repository, with advice, as sentences. Return None if it is run there."""
    if repository in _timed_out:
        return "git did not finish in time and was stopped. Run the command again if `git status` is fast."
    blocking = blocking_file(os.path.join(repository, ".git"))
    if blocking is None:
        return None
    return f"git is not run, because it would wait forever for `{blocking}`, which is not a file. Remove it."


def has_temporary_failures() -> bool:
    """Return whether git exceeded its time limit or could not be started, so that a later run may have more results."""
    return bool(_timed_out or _not_started)


def repository_files() -> Iterator[str]:
    """Yield the files that affect the output of git in the repositories where it was run.

    They identify the current commit, its history, the tracked files and the settings.
    """
    for repository in _used_repositories:
        git_folder = os.path.join(repository, ".git")
        yield git_folder
        for folder in git_folders(git_folder):
            yield from (os.path.join(folder, name) for name in _STATE_FILES)
        yield from head_files(git_folder)
        yield from _included_settings(repository)
    if _used_repositories:
        yield from _user_settings()
        if not has_git():
            yield from filter(os.path.isabs, os.get_exec_path())  # their states show that git was installed


def depends_on_time(name: str) -> bool:
    """Return whether the commit of a revision depends on the current time, as in `main@{yesterday}`."""
    selectors = (part.partition("}")[0] for part in name.split("@{")[1:])
    return not all(selector in _FIXED_SELECTORS or selector.removeprefix("-").isdecimal() for selector in selectors)


def reference_files() -> Iterator[str]:
    """Yield the files and directories with the branches and tags of the repositories where git was run.

    They decide which commits names stand for, also in expressions such as `main@{1}`.
    """
    for repository in _used_repositories:
        for folder in git_folders(os.path.join(repository, ".git")):
            pending = [os.path.join(folder, name) for name in _REFERENCES]
            while pending:
                path = pending.pop()
                yield path
                with suppress(OSError, ValueError):
                    pending += sorted(entry.path for entry in list_entries(path))


def history_id(root: str) -> str | None:
    """Return an identity of the history of the current commit in a repository, or None if it is unknown.

    It changes with the commit, and with the commits at which a shallow history ends.
    """
    git_folder = os.path.join(root, ".git")
    commit = current_commit(git_folder)
    if commit is None:
        return None
    _used_repositories[root] = None
    ends = [os.path.join(folder, name) for folder in git_folders(git_folder) for name in ("shallow", "info/grafts")]
    return "\0".join([root, commit, *(repr(read_start(path, MAX_STATE_BYTES)) for path in ends)])


def _user_settings() -> Iterator[str]:
    """Yield the files with the settings of the user and of the machine."""
    yield from filter(None, (os.environ.get("GIT_CONFIG_GLOBAL"), os.environ.get("GIT_CONFIG_SYSTEM")))
    yield "/etc/gitconfig"
    yield os.path.expanduser("~/.gitconfig")
    yield os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "git", "config")


def _included_settings(repository: str) -> Iterator[str]:
    """Yield the files that the settings of a repository include, also missing ones and those for other repositories."""
    settings = [*_user_settings(), *(os.path.join(each, "config") for each in git_folders(f"{repository}/.git"))]
    if not any(b"[include" in (read_start(path, MAX_STATE_BYTES) or b"").lower() for path in settings):
        return
    # Included files can include further ones, so git lists them all.
    listing = ("config", "--show-origin", "-z", "--type=path", "--get-regexp", r"^include(if\..*)?\.path$")
    fields = (_git_output(repository, *listing) or "").split("\0")
    for origin, setting in zip(fields[::2], fields[1::2], strict=False):
        folder = os.path.join(repository, os.path.dirname(origin.removeprefix("file:")))
        yield os.path.join(folder, setting.partition("\n")[2])


def has_git() -> bool:
    """Return whether git is on PATH."""
    return _git_program() is not None


def _git_program() -> str | None:
    """Return the path of git. Relative entries of PATH are skipped, because they may lead into the repository."""
    name = "git.exe" if os.name == "nt" else "git"
    candidates = (os.path.join(folder, name) for folder in os.get_exec_path() if os.path.isabs(folder))
    return next((file for file in candidates if os.path.isfile(file) and os.access(file, os.X_OK)), None)


DEFAULT_BRANCHES: Final = ("main", "master", "origin/main", "origin/master")
_NAMESPACES: Final = ("refs/heads", "refs/remotes", "refs/tags")
_MAX_NAMES: Final = 10_000
_MERGE_BASE: Final = "..."


class Revision(Struct, frozen=True):
    """A commit of a repository."""

    root: str
    """The root directory of the repository."""
    commit: str
    """The object id of the commit."""
    label: str
    """The prefix of paths in the commit, as in `main:src/entry.py`."""
    title: str
    """The name of the revision in messages."""


def revision_of(root: str, name: str) -> Revision | None:
    """Resolve a branch, a tag or an expression such as `HEAD~1`. Return None for an unknown name.

    `A...B` is the merge base of two revisions. An empty side means HEAD.
    """
    if _MERGE_BASE in name:
        first, _, second = name.partition(_MERGE_BASE)
        return merge_base(root, first or HEAD, second or HEAD)
    commit = _commit(root, name)
    return None if commit is None else Revision(root, commit, name, name)


def merge_base(root: str, first: str, second: str) -> Revision | None:
    """Return the merge base of two revisions, or None if a name is unknown or they have no common ancestor."""
    commits = _commit(root, first), _commit(root, second)
    output = None if None in commits else _git_output(root, "merge-base", *filter(None, commits))
    if not output:
        return None
    commit = output.split()[0]
    return Revision(root, commit, commit[:12], f"the merge base of {first} and {second}")


def default_branch(root: str) -> str | None:
    """Return the default branch of `origin` or else the first of `DEFAULT_BRANCHES` that exists, if any."""
    origin_branch = (_git_output(root, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD") or "").strip()
    names = (origin_branch, *DEFAULT_BRANCHES)
    return next((name for name in names if name and _commit(root, name) is not None), None)


def last_commits(root: str, paths: Sequence[str], limit: int) -> list[tuple[Revision, int]]:
    """Return the last commits that changed one of the paths, newest first, with their times in seconds since 1970."""
    names = [os.path.relpath(real_path(path), root) for path in paths]
    listing = ("rev-list", "--timestamp", f"--max-count={limit}", HEAD, "--", *names)
    output = _git_output(root, "--literal-pathspecs", *listing, seconds=HISTORY_SECONDS) or ""
    lines = (line.split() for line in output.splitlines())
    return [(Revision(root, commit, commit[:12], f"commit {commit[:12]}"), int(seconds)) for seconds, commit in lines]


def revision_names(root: str) -> tuple[str, ...]:
    """Return the names of branches and tags, at most 10,000."""
    # Git shortens names by `refname:short` only if no other name is equal, which takes a minute for a million names.
    listing = ("for-each-ref", "--format=%(refname:lstrip=2)", f"--count={_MAX_NAMES}", *_NAMESPACES)
    return tuple((_git_output(root, *listing) or "").splitlines())


def is_shallow(root: str) -> bool:
    """Return whether the repository is a shallow clone."""
    return (_git_output(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"


def git_setting(root: str, name: str) -> str | None:
    """Return a setting of a repository, or None if it is not set."""
    output = _git_output(root, "config", "--get", name)
    return output.rstrip("\n") if output else None


def blob_id(root: str, path: str) -> str:
    """Return the object id of a file in the current commit, or an empty string if the commit lacks the file."""
    return (_git_output(root, "rev-parse", "--verify", "--quiet", f"{HEAD}:{path}") or "").strip()


def _commit(root: str, name: str) -> str | None:
    # Git would read the name as an option or as the exclusion of a revision, or cannot receive it.
    if not name or name.startswith(("-", "^")) or "\0" in name:
        return None
    output = _git_output(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return output.strip() if output else None


def _git_output(root: str, *arguments: str, seconds: float | None = None) -> str | None:
    """Return the output of git, or None if it fails or exceeds a time limit."""
    git = start_git(root, *arguments)
    output = None if git is None else git.read_output(seconds=seconds)
    if git is None or output is None or not git.succeeded:
        return None
    return output.decode("utf-8", "surrogateescape")
