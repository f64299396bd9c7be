"""Print a digest of each output of the command in every format: `python outputs.py FOLDER SEED`.

Directories are listed in a random order, derived from the seed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from random import Random
from types import TracebackType

from stepgraph.cli import formats
from stepgraph.cli.formats import Content, Format
from stepgraph.cli.main import main

_LISTED = os.scandir


def text_formats(table: Mapping[str, Format[Content]]) -> list[str]:
    """Return the names of formats that need no optional packages."""
    return [name for name, form in table.items() if not form.is_binary]


FORMATS = {
    "graph": text_formats(formats.FORMATS),
    "render": text_formats(formats.DRAWINGS),
    "list": ["text", "json"],
    "check": list(formats.REPORT_FORMATS),
    "diff": text_formats(formats.DIFF_FORMATS),
}
PROJECTS = ["shop", "orders", "mistakes"]
ARGUMENTS = {
    "graph": PROJECTS,
    "render": ["saved.json"],
    "list": PROJECTS,
    "check": [*PROJECTS, "--strict"],
    "diff": ["orders", "changed"],
}
OTHER_COMMANDS = [["check", *PROJECTS, "--diff"], ["rules"], ["schema"], ["graph", "-f", "json"], ["check"]]
SINGLE_WORKFLOW = [name for name, form in formats.FORMATS.items() if not form.allows_multiple_workflows]
SELECTION = ["--workflow", "orders"]
COMMANDS = [
    [command, *ARGUMENTS[command], "-f", form, *(SELECTION if command == "graph" and form in SINGLE_WORKFLOW else [])]
    for command, forms in FORMATS.items()
    for form in forms
] + OTHER_COMMANDS


class ShuffledListing:
    """A replacement for `os.scandir` with a random order of entries."""

    rng = Random(0)  # noqa: S311 - not for cryptography

    def __init__(self, folder: str = ".") -> None:
        with _LISTED(folder) as listing:
            self._entries = sorted(listing, key=lambda entry: entry.name)
        self.rng.shuffle(self._entries)

    def __enter__(self) -> Iterator[os.DirEntry[str]]:
        return iter(self._entries)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def digest(arguments: list[str]) -> str:
    """Return the exit code of a command, the sizes of its output streams, and a hash of both."""
    out, err = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    streams = [stream.buffer.getvalue() for stream in (out, err)]
    return f"{code} {len(streams[0])} {len(streams[1])} {hashlib.sha256(b'|'.join(streams)).hexdigest()}"


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    ShuffledListing.rng.seed(int(sys.argv[2]))
    setattr(os, "scandir", ShuffledListing)  # noqa: B010 - the replacement has a narrower type
    print(json.dumps({" ".join(arguments): digest(arguments) for arguments in COMMANDS}))  # noqa: T201 - a script
