"""Write the output of the commands shown in the README and on the page on checking anew: `python docs/refresh.py`.

A block of output stands between a fence and is preceded by a comment with its command:

    <!-- stepgraph graph fixtures/orders/entry.py -->
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/check.md")

# What `stepgraph check` ends with where it found something.
_FINDINGS = 1

_EXAMPLE = re.compile(r"(<!-- stepgraph (?P<arguments>.+?) -->\n```text\n)(?P<output>.*?)(```)", re.DOTALL)


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


if __name__ == "__main__":
    for page in PAGES:
        path = ROOT / page
        path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
