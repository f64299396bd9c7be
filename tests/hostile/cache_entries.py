"""Replace cache entries with hostile files: `python -m tests.hostile.cache_entries COUNT [FIRST]`.

The number of a trial is the seed of its file. The command must treat the file as a cache miss: it must print the same
output as without a cache, must not block, and must not change the target of a link.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final
from unittest import mock

from stepgraph.source_analysis import analyze_graphs, check_sources
from tests.hostile.fuzzing import run
from tests.hostile.mutations import mutate

COMMANDS: Final = (("check", "entry.py", "-f", "json"), ("graph", "entry.py", "-f", "mermaid"))
_PATIENCE_SECONDS: Final = 60
_FOREIGN: Final = 12345
_SOURCE: Final = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("pause", "5 min")
        await step.sleep("rest", "1 hour")
"""


@dataclass(slots=True)
class CacheEntryCounts:
    """Totals of the trials, and the numbers of those that failed."""

    inputs: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    trusted: list[int] = field(default_factory=list)
    """The command used the file as a cache entry."""
    different: list[int] = field(default_factory=list)
    """The command printed a different output."""
    hangs: list[int] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)
    """The command changed a file outside the cache."""


@dataclass(slots=True)
class Workspace:
    """A directory with a source, its cache, a file outside both, and the output and cache entry of each command."""

    folder: Path
    cache: Path
    outside: Path
    expected: dict[tuple[str, ...], tuple[int, str]]
    entries: dict[tuple[str, ...], tuple[str, bytes]]


def prepare_workspace(folder: Path) -> Workspace:
    """Create a workspace in an empty directory, and make it the working directory."""
    work, cache, outside = folder / "work", folder / "cache", folder / "outside"
    work.mkdir()
    outside.write_text("secret\n", encoding="utf-8")
    (work / "entry.py").write_text(_SOURCE, encoding="utf-8")
    os.chdir(work)
    os.environ["STEPGRAPH_CACHE_DIR"] = str(cache)
    os.environ["GIT_CEILING_DIRECTORIES"] = str(folder)
    workspace = Workspace(work, cache, outside, {}, {})
    for command in COMMANDS:
        workspace.expected[command] = run((*command, "--no-cache"))
        run(command)
        (entry,) = cache.glob("*.json")
        workspace.entries[command] = (entry.name, entry.read_bytes())
        shutil.rmtree(cache)
    return workspace


def _mutation(path: Path, content: bytes, rng: Random, _: Workspace) -> None:
    while (changed := mutate(rng, content, [content])) == content:
        pass
    path.write_bytes(changed)


def _bare_json(path: Path, content: bytes, rng: Random, _: Workspace) -> None:
    body = content[content.index(b"{") :]
    forged = [
        body,
        b"{}",
        b"[]",
        b"null",
        mutate(rng, body, [body]),
        b"[" * 100_000,
        body.replace(b"SG205", b"SG999"),
    ]
    path.write_bytes(rng.choice(forged))


def _cut(path: Path, content: bytes, rng: Random, _: Workspace) -> None:
    path.write_bytes(content[: rng.randrange(len(content))])


def _entry_of_another_key(path: Path, content: bytes, rng: Random, workspace: Workspace) -> None:
    others = [entry for _, entry in workspace.entries.values() if entry != content]
    path.write_bytes(rng.choice(others))


def _sparse(path: Path, content: bytes, rng: Random, _: Workspace) -> None:
    path.write_bytes(content)
    os.truncate(path, len(content) + rng.choice([1, 10**6, 2**34]))


def _link(path: Path, content: bytes, rng: Random, workspace: Workspace) -> None:
    copy = workspace.cache / "copy"
    copy.write_bytes(content)
    targets = [
        str(copy),
        str(workspace.outside),
        "/dev/zero",
        "/etc/passwd",
        "/proc/self/environ",
        path.name,
        "missing",
        ".",
    ]
    path.symlink_to(rng.choice(targets))


def _pipe(path: Path, _content: bytes, _rng: Random, _: Workspace) -> None:
    os.mkfifo(path)


def _socket(path: Path, _content: bytes, _rng: Random, workspace: Workspace) -> None:
    # The path of a socket is limited to about 100 bytes.
    os.chdir(workspace.cache)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)
    os.chdir(workspace.folder)


def _directory(path: Path, content: bytes, rng: Random, _: Workspace) -> None:
    path.mkdir()
    if rng.randrange(2):
        (path / path.name).write_bytes(content)


def _device(path: Path, _content: bytes, _rng: Random, _: Workspace) -> None:
    with suppress(PermissionError):
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))


def _writable(path: Path, content: bytes, rng: Random, _: Workspace) -> None:
    path.write_bytes(content)
    path.chmod(0o600 | rng.choice([0o20, 0o02, 0o22, 0o66, 0o77]))


def _writable_directory(path: Path, content: bytes, rng: Random, workspace: Workspace) -> None:
    path.write_bytes(content)
    workspace.cache.chmod(0o700 | rng.choice([0o20, 0o02, 0o77, 0o1077]))


def _owned_by_another_user(path: Path, content: bytes, rng: Random, workspace: Workspace) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    os.chown(rng.choice([path, workspace.cache]), _FOREIGN, _FOREIGN)


_Kind = Callable[[Path, bytes, Random, Workspace], None]
_KINDS: Final[dict[str, tuple[_Kind, int]]] = {
    "mutation": (_mutation, 40),
    "bare JSON": (_bare_json, 10),
    "cut off": (_cut, 10),
    "entry of another key": (_entry_of_another_key, 4),
    "too large": (_sparse, 4),
    "symbolic link": (_link, 10),
    "pipe": (_pipe, 5),
    "socket": (_socket, 3),
    "directory": (_directory, 4),
    "device": (_device, 3),
    "writable by others": (_writable, 5),
    "directory writable by others": (_writable_directory, 5),
    **({"of another user": (_owned_by_another_user, 8)} if os.geteuid() == 0 else {}),
}


def run_trials(count: int, first: int = 0) -> CacheEntryCounts:
    """Run `count` trials, from the number `first` on."""
    counts = CacheEntryCounts()
    before, environment = Path.cwd(), dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        workspace = prepare_workspace(Path(folder))
        try:
            for number in range(first, first + count):
                _try_entry(number, workspace, counts)
        finally:
            os.chdir(before)
            os.environ.clear()
            os.environ.update(environment)
    return counts


def _try_entry(number: int, workspace: Workspace, counts: CacheEntryCounts) -> None:
    rng = Random(number)  # noqa: S311 - not for cryptography
    command = rng.choice(COMMANDS)
    name, content = workspace.entries[command]
    shutil.rmtree(workspace.cache, ignore_errors=True)
    workspace.cache.mkdir(mode=0o700)
    (kind,) = rng.choices(list(_KINDS), [weight for _, weight in _KINDS.values()])
    _KINDS[kind][0](workspace.cache / name, content, rng, workspace)
    counts.inputs += 1
    counts.kinds[kind] += 1
    hung: list[int] = []

    def interrupt(*_: object) -> None:
        hung.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(_PATIENCE_SECONDS)
    with (
        mock.patch("stepgraph.cli.analysis.analyze_graphs", side_effect=analyze_graphs) as analyze,
        mock.patch("stepgraph.cli.analysis.check_sources", side_effect=check_sources) as check,
    ):
        answer = run(command)
    signal.alarm(0)
    if hung:
        counts.hangs.append(number)
        return
    if not (analyze.called or check.called):
        counts.trusted.append(number)
    if answer != workspace.expected[command]:
        counts.different.append(number)
    if workspace.outside.read_bytes() != b"secret\n" or [path.name for path in workspace.folder.iterdir()] != [
        "entry.py"
    ]:
        counts.writes.append(number)


def main(arguments: list[str]) -> int:
    """Run trials, print the counts, and return 1 if one failed."""
    count, *first = map(int, arguments)
    counts = run_trials(count, *first)
    print(f"{counts.inputs:,} files: " + ", ".join(f"{kind} {n:,}" for kind, n in counts.kinds.most_common()))  # noqa: T201
    bad = {"trusted": counts.trusted, "different": counts.different, "hangs": counts.hangs, "writes": counts.writes}
    for name, numbers in bad.items():
        print(f"{name} {len(numbers):,}", *numbers[:20])  # noqa: T201 - a script
    return int(any(bad.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
