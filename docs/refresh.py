"""Write the output of the commands shown in the README and on other pages anew: `python docs/refresh.py`.

A block of output stands between a fence and is preceded by a comment with its command:

    <!-- stepgraph graph fixtures/orders/entry.py -->

A page that is followed from its beginning has comments on what is done in a new folder, one after another: a `file` to
write, a `change` of one, commands that are `done`, one to `run` whose output stands in the block, and one that `shows`
what is in it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/check.md")
FOLLOWED = "docs/tutorial.md"

# What `stepgraph check` ends with where it found something.
_FINDINGS = 1

_EXAMPLE = re.compile(r"(<!-- stepgraph (?P<arguments>.+?) -->\n```text\n)(?P<output>.*?)(```)", re.DOTALL)

_STEP = re.compile(
    r"(?P<head><!-- (?P<what>file|change|done|run|shows): (?P<of>.+?) -->\n```\w+\n)(?P<text>.*?)```", re.DOTALL
)


def refreshed(text: str) -> str:
    """Return a page with the output of each of its commands as it is now."""
    return _EXAMPLE.sub(lambda example: example[1] + output(example["arguments"]) + example[4], text)


def output(arguments: str) -> str:
    """Return what `stepgraph` prints, run in the root of the repository. Raises CalledProcessError if it fails."""
    command = [sys.executable, "-m", "stepgraph", *shlex.split(arguments)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603 - our own
    if run.returncode != _FINDINGS:
        run.check_returncode()
    return run.stdout.decode()


def followed(page: str, folder: Path) -> str:
    """Return a page with the output of each of its commands as it is now, done one after another in an empty folder.

    Raises ValueError where something is not shown that the page says is.
    """

    def done(step: re.Match[str]) -> str:
        what, of, text = step["what"], step["of"], step["text"]
        path = folder / of
        if what == "file":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif what == "change":
            path.write_text(_changed(path.read_text(encoding="utf-8"), text), encoding="utf-8")
        elif what == "done":
            for command in text.splitlines():
                _said(command, folder)
        else:
            said = _said(of, folder)
            if what == "shows" and text not in said:
                raise ValueError(f"{of} does not show {text}, but {said}")
            text = text if what == "shows" else said
        return f"{step['head']}{text}```"

    return _STEP.sub(done, page)


def _changed(text: str, diff: str) -> str:
    """Return a text with lines put in the place of others: those marked with a minus, and a plus."""
    lines = diff.splitlines(keepends=True)
    old, new = ("".join(line[1:] for line in lines if line.startswith(sign)) for sign in "-+")
    if text.count(old) != 1:
        raise ValueError(f"there is one place for {old}")
    return text.replace(old, new)


def _said(command: str, folder: Path) -> str:
    program, *arguments = shlex.split(command)
    # What this is run by may be tests too, which tell their own processes so.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    run = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-m", program, *arguments], cwd=folder, env=environment, capture_output=True, check=False
    )
    return (run.stdout + run.stderr).decode()


if __name__ == "__main__":
    for page in PAGES:
        path = ROOT / page
        path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
    with TemporaryDirectory() as scratch:
        path = ROOT / FOLLOWED
        path.write_text(followed(path.read_text(encoding="utf-8"), Path(scratch)), encoding="utf-8")
