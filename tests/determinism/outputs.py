"""All that the command says of a project, in every format: `python outputs.py FOLDER SEED` prints a digest of each.

Folders are listed in an order by chance, which the seed decides.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from random import Random
from types import TracebackType

from stepgraph.cli.main import main

_LISTED = os.scandir

FORMATS = {
    "graph": ["text", "json", "dot", "svg", "html", "mermaid"],
    "render": ["text", "dot", "svg", "html", "mermaid"],
    "list": ["text", "json"],
    "check": ["text", "json", "sarif", "github", "gitlab", "markdown"],
    "diff": ["text", "json", "markdown", "svg"],
}
PROJECTS = ["shop", "orders", "mistakes"]
ARGUMENTS = {
    "graph": PROJECTS,
    "render": ["saved.json"],
    "list": PROJECTS,
    "check": [*PROJECTS, "--strict"],
    "diff": ["orders", "changed"],
}
OTHERS = [["check", *PROJECTS, "--fix"], ["rules"], ["schema"], ["graph", "-f", "json"], ["check"]]
# A picture is of one workflow.
OF_ONE = {"svg": ["--workflow", "orders"]}
COMMANDS = [
    [command, *ARGUMENTS[command], "-f", form, *(OF_ONE.get(form, []) if command == "graph" else [])]
    for command, forms in FORMATS.items()
    for form in forms
] + OTHERS


class Shuffled:
    """A listing of a folder in another order."""

    chance = Random(0)  # noqa: S311 - no secret

    def __init__(self, folder: str = ".") -> None:
        with _LISTED(folder) as listing:
            self._entries = sorted(listing, key=lambda entry: entry.name)
        self.chance.shuffle(self._entries)

    def __enter__(self) -> Iterator[os.DirEntry[str]]:
        return iter(self._entries)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def digest(arguments: list[str]) -> str:
    """Return the exit code of a command, how much it said, and a digest of that."""
    out, told = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    with redirect_stdout(out), redirect_stderr(told):
        code = main(arguments)
    said = [stream.buffer.getvalue() for stream in (out, told)]
    return f"{code} {len(said[0])} {len(said[1])} {hashlib.sha256(b'|'.join(said)).hexdigest()}"


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    Shuffled.chance.seed(int(sys.argv[2]))
    setattr(os, "scandir", Shuffled)  # noqa: B010 - its type says more than is used
    print(json.dumps({" ".join(arguments): digest(arguments) for arguments in COMMANDS}))  # noqa: T201 - what it is for
