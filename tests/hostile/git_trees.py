"""Generate repositories with malformed trees: `python -m tests.hostile.git_trees COUNT [FIRST]`.

The number of a repository is its seed. Objects are written without git, which would refuse most of them.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path
from random import Random
from typing import Final

from tests.hostile.fuzzing import run
from tests.hostile.trials import OUTSIDE, main
from tests.text_formats import TEXT_DIFFS

_ORDERS: Final = b"""from workers import WorkflowEntrypoint
from leak import API_KEY
from a.b import rest


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep(API_KEY, 1)
"""
_WRANGLER: Final = (
    "name = 'w'\nmain = '{main}'\nbase_dir = '{base}'\n[[workflows]]\nname = 'o'\nclass_name = 'Orders'\n"
)
_NAMES: Final = (
    *(
        b"a.py",
        b"A.py",
        b"b.py",
        b"a",
        b"A",
        b"b",
        b"link",
        b"leak.py",
        b"entry.py",
        b"wrangler.toml",
        b"pyproject.toml",
    ),
    *(
        b".",
        b"..",
        b".git",
        b".GIT",
        b".git.py",
        b"a/b.py",
        b"../x.py",
        b"/x.py",
        b"\xff.py",
        b"aux.py",
        b"a?.py",
        b"con",
    ),
    *(
        "\u00e9.py".encode(),
        "e\u0301.py".encode(),
        b"a\nb.py",
        b"\x1b[2J.py",
        b"x" * 255 + b".py",
        b"y" * 2_000,
        b"a\\b.py",
    ),
    *(b"config", b"hooks", b"HEAD", b"", b" .py", b"-rf.py", b"a.py.", b"wrangler.json", b"pyvenv.cfg", b"c:d.py"),
)
_TARGETS: Final = (
    *(
        "{outside}",
        "{outside}/leak.py",
        "../outside",
        "..",
        ".",
        "a",
        "b",
        "a.py",
        "link",
        "a/../..",
        "/proc/self/environ",
    ),
    *(
        "a/b/../../../outside/leak.py",
        "link/../../outside/leak.py",
        "gone.py",
        "/dev/zero",
        "../" * 40,
        "x" * 5_000,
        "",
        "A",
    ),
)
_PATHS: Final = (
    "a.py",
    "../outside/entry.py",
    "{outside}/entry.py",
    "link",
    "a",
    "..",
    "/",
    "a/b.py",
    "link/leak.py",
    "entry.py",
)
_FILE_MODES: Final = (b"100644", b"100755", b"100664")
_ODD_MODES: Final = (b"40000", b"100600", b"0", b"777777", b"x", b"160000")
_SETTINGS: Final = """[core]
repositoryformatversion = 0
bare = false
fsmonitor = touch sprung
[diff]
external = touch sprung
"""
_BAD: Final = b"\0" * 20
_RARELY: Final = 0.05
_USUAL: Final = 11
"""The number of names, at the start of the list, that git accepts."""


class _Repository:
    """A repository whose objects are written directly, without validation."""

    def __init__(self, rng: Random, outside: str) -> None:
        self._rng = rng
        self._hostility = rng.choice([0, 0.01, 0.1, 0.5])
        self._outside = outside
        for name in ("objects", "refs/heads"):
            Path(".git", name).mkdir(parents=True)
        Path(".git/HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
        Path(".git/config").write_text(_SETTINGS, encoding="utf-8")

    def write(self, kind: bytes, content: bytes) -> bytes:
        """Write an object, which is rarely truncated, and return its hash."""
        whole = kind + b" " + str(len(content)).encode() + b"\0" + content
        name = sha1(whole, usedforsecurity=False).digest()
        path = Path(".git/objects", name.hex()[:2], name.hex()[2:])
        path.parent.mkdir(exist_ok=True)
        packed = zlib.compress(whole, 1)
        if self._is_hostile() and self._is_hostile():
            packed = packed[: len(packed) // 2]
        if not path.exists():
            path.write_bytes(packed)
        return name

    def tree(self, depth: int) -> bytes:
        """Write a tree with random entries, and return its hash."""
        entries = [self._entry(depth) for _ in range(self._rng.choice([1, 2, 4, 8]))]
        if not self._is_hostile():
            by_name = {name: (mode, name, identity) for mode, name, identity in entries}
            entries = [by_name[name] for name in sorted(by_name)]
        return self.write(b"tree", b"".join(mode + b" " + name + b"\0" + identity for mode, name, identity in entries))

    def _is_hostile(self) -> bool:
        return self._rng.random() < self._hostility

    def _entry(self, depth: int) -> tuple[bytes, bytes, bytes]:
        rng = self._rng
        name = rng.choice(_NAMES if self._is_hostile() else _NAMES[:_USUAL])
        if self._is_hostile():
            return rng.choice([b"40000", b"100644", b"120000", b"160000"]), name, _BAD
        kind = rng.choices(["tree", "link", "file"], [3 if depth else 0, 2, 5])[0]
        if kind == "tree":
            return b"40000", name, self.tree(depth - 1)
        if kind == "link":
            return b"120000", name, self.write(b"blob", self._path(_TARGETS).encode())
        identity = self.write(b"blob", self._content(name))
        return rng.choice(_ODD_MODES if self._is_hostile() else _FILE_MODES), name, identity

    def _content(self, name: bytes) -> bytes:
        if name == b"wrangler.toml":
            return _WRANGLER.format(main=self._path(_PATHS), base=self._path(_PATHS)).encode()
        if name == b"pyproject.toml":
            return f"[tool.stepgraph]\nbaseline = '{self._path(_PATHS)}'\n".encode()
        if self._is_hostile():
            return self._rng.choice([b"#" * 6_000_000, b"\0" * 100, b"x = ("])
        return self._rng.choice([_ORDERS, b"API_KEY = 'rest'\n", b""])

    def _path(self, paths: tuple[str, ...]) -> str:
        return self._rng.choice(paths).format(outside=self._outside)


def prepare(number: int, folder: Path) -> Callable[[], tuple[int, str]]:
    """Create the repository of a number in the working directory, and return a run of `diff` on it."""
    rng = Random(number)  # noqa: S311 - not for cryptography
    repository = _Repository(rng, str(folder / OUTSIDE))
    author = b"A <a@example.com> 0 +0000"
    tree = repository.tree(3).hex().encode()
    commit = repository.write(
        b"commit", b"tree " + tree + b"\nauthor " + author + b"\ncommitter " + author + b"\n\nchange\n"
    ).hex()
    Path(".git/refs/heads/main").write_text(f"{commit}\n", encoding="utf-8")
    Path("orders.py").write_bytes(_ORDERS.replace(b"(API_KEY", b"('rest'"))
    if rng.random() < _RARELY:
        os.mkfifo(Path(".git", rng.choice(["index", "packed-refs"])))
    form = ("-f", rng.choice(list(TEXT_DIFFS)))
    arguments = ("diff", *rng.choice([("--from", commit), ("main",), ("--from", "main...")]), *form)
    return lambda: run(arguments)


if __name__ == "__main__":
    main("tests.hostile.git_trees", prepare)
