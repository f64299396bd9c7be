"""Hostile files in the place of cache entries: `python -m tests.hostile.cache_entries COUNT [FIRST]`.

Each file follows from its number. The command has to answer as without a cache, without reading the entry as one,
waiting for it, or touching what it links to.
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
from tests.hostile.mutations import mutated

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
class Counts:
    """How many files were tried, of which kinds, and the numbers of those that were not counted as absent."""

    inputs: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    believed: list[int] = field(default_factory=list)
    different: list[int] = field(default_factory=list)
    hangs: list[int] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Scene:
    """A directory with a source, its cache, and a file outside of both."""

    folder: Path
    cache: Path
    outside: Path
    expected: dict[tuple[str, ...], tuple[int, str]]
    entries: dict[tuple[str, ...], tuple[str, bytes]]


def scene(folder: Path) -> Scene:
    """Return a scene in an empty directory, which becomes the working directory."""
    work, cache, outside = folder / "work", folder / "cache", folder / "outside"
    work.mkdir()
    outside.write_text("secret\n", encoding="utf-8")
    (work / "entry.py").write_text(_SOURCE, encoding="utf-8")
    os.chdir(work)
    os.environ["STEPGRAPH_CACHE_DIR"] = str(cache)
    os.environ["GIT_CEILING_DIRECTORIES"] = str(folder)
    made = Scene(work, cache, outside, {}, {})
    for command in COMMANDS:
        made.expected[command] = run((*command, "--no-cache"))
        run(command)
        (entry,) = cache.glob("*.json")
        made.entries[command] = (entry.name, entry.read_bytes())
        shutil.rmtree(cache)
    return made


def _mutation(path: Path, content: bytes, chance: Random, _: Scene) -> None:
    while (changed := mutated(chance, content, [content])) == content:
        pass
    path.write_bytes(changed)


def _bare_json(path: Path, content: bytes, chance: Random, _: Scene) -> None:
    body = content[content.index(b"{") :]
    forged = [
        body,
        b"{}",
        b"[]",
        b"null",
        mutated(chance, body, [body]),
        b"[" * 100_000,
        body.replace(b"SG205", b"SG999"),
    ]
    path.write_bytes(chance.choice(forged))


def _cut(path: Path, content: bytes, chance: Random, _: Scene) -> None:
    path.write_bytes(content[: chance.randrange(len(content))])


def _other_key(path: Path, content: bytes, chance: Random, scene: Scene) -> None:
    others = [other for _, other in scene.entries.values() if other != content]
    path.write_bytes(chance.choice(others))


def _sparse(path: Path, content: bytes, chance: Random, _: Scene) -> None:
    path.write_bytes(content)
    os.truncate(path, len(content) + chance.choice([1, 10**6, 2**34]))


def _link(path: Path, content: bytes, chance: Random, scene: Scene) -> None:
    copy = scene.cache / "copy"
    copy.write_bytes(content)
    targets = [
        str(copy),
        str(scene.outside),
        "/dev/zero",
        "/etc/passwd",
        "/proc/self/environ",
        path.name,
        "missing",
        ".",
    ]
    path.symlink_to(chance.choice(targets))


def _pipe(path: Path, _content: bytes, _chance: Random, _: Scene) -> None:
    os.mkfifo(path)


def _socket(path: Path, _content: bytes, _chance: Random, scene: Scene) -> None:
    # The path of a socket has to be short.
    os.chdir(scene.cache)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(scene.folder)


def _directory(path: Path, content: bytes, chance: Random, _: Scene) -> None:
    path.mkdir()
    if chance.randrange(2):
        (path / path.name).write_bytes(content)


def _device(path: Path, _content: bytes, _chance: Random, _: Scene) -> None:
    with suppress(PermissionError):
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))


def _writable(path: Path, content: bytes, chance: Random, _: Scene) -> None:
    path.write_bytes(content)
    path.chmod(0o600 | chance.choice([0o20, 0o02, 0o22, 0o66, 0o77]))


def _writable_directory(path: Path, content: bytes, chance: Random, scene: Scene) -> None:
    path.write_bytes(content)
    scene.cache.chmod(0o700 | chance.choice([0o20, 0o02, 0o77, 0o1077]))


def _foreign(path: Path, content: bytes, chance: Random, scene: Scene) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    os.chown(chance.choice([path, scene.cache]), _FOREIGN, _FOREIGN)


_Kind = Callable[[Path, bytes, Random, Scene], None]
_KINDS: Final[dict[str, tuple[_Kind, int]]] = {
    "mutation": (_mutation, 40),
    "bare JSON": (_bare_json, 10),
    "cut off": (_cut, 10),
    "entry of another key": (_other_key, 4),
    "too large": (_sparse, 4),
    "symbolic link": (_link, 10),
    "pipe": (_pipe, 5),
    "socket": (_socket, 3),
    "directory": (_directory, 4),
    "device": (_device, 3),
    "writable by others": (_writable, 5),
    "directory writable by others": (_writable_directory, 5),
    **({"of another user": (_foreign, 8)} if os.geteuid() == 0 else {}),
}


def tried(count: int, first: int = 0) -> Counts:
    """Return what becomes of so many hostile files, from a number on."""
    counts = Counts()
    before, environment = Path.cwd(), dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        made = scene(Path(folder))
        try:
            for number in range(first, first + count):
                _try(number, made, counts)
        finally:
            os.chdir(before)
            os.environ.clear()
            os.environ.update(environment)
    return counts


def _try(number: int, made: Scene, counts: Counts) -> None:
    chance = Random(number)  # noqa: S311 - no secret
    command = chance.choice(COMMANDS)
    name, content = made.entries[command]
    shutil.rmtree(made.cache, ignore_errors=True)
    made.cache.mkdir(mode=0o700)
    (kind,) = chance.choices(list(_KINDS), [weight for _, weight in _KINDS.values()])
    _KINDS[kind][0](made.cache / name, content, chance, made)
    counts.inputs += 1
    counts.kinds[kind] += 1
    hung: list[int] = []

    def interrupt(*_: object) -> None:
        hung.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(_PATIENCE_SECONDS)
    with (
        mock.patch("stepgraph.cli.caching.analyze_graphs", side_effect=analyze_graphs) as analyze,
        mock.patch("stepgraph.cli.caching.check_sources", side_effect=check_sources) as check,
    ):
        answer = run(command)
    signal.alarm(0)
    if hung:
        counts.hangs.append(number)
        return
    if not (analyze.called or check.called):
        counts.believed.append(number)
    if answer != made.expected[command]:
        counts.different.append(number)
    if made.outside.read_bytes() != b"secret\n" or [path.name for path in made.folder.iterdir()] != ["entry.py"]:
        counts.writes.append(number)


def main(arguments: list[str]) -> int:
    """Try hostile files, print the counts, and return whether one was not counted as absent."""
    count, *first = map(int, arguments)
    counts = tried(count, *first)
    print(f"{counts.inputs:,} files: " + ", ".join(f"{kind} {n:,}" for kind, n in counts.kinds.most_common()))  # noqa: T201
    bad = {"believed": counts.believed, "different": counts.different, "hangs": counts.hangs, "writes": counts.writes}
    for name, numbers in bad.items():
        print(f"{name} {len(numbers):,}", *numbers[:20])  # noqa: T201 - what it is for
    return int(any(bad.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
