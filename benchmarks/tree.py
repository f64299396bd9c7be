"""How long `stepgraph` takes on a tree of 10,000 files, against what it cannot do without.

    python benchmarks/tree.py [ROUNDS]

Ten of the files have a workflow of 20 steps. The floor is importing LibCST and parsing these ten; for a tree without
workflows, starting Python and searching it once. Each pair runs in turn, as processes; the medians are printed.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from startup import seconds, workflow

FILES = 10_000
FILE_BYTES = 11_800
WORKFLOWS = 10
ROUNDS = 9

_PARSE = """\
import gc, sys
import libcst
gc.disable()
for path in sys.argv[1:]:
    libcst.parse_module(open(path, "rb").read())
"""

_SEARCH = """\
import os, sys
found, folders = 0, [sys.argv[1]]
while folders:
    for entry in os.scandir(folders.pop()):
        if entry.is_dir():
            folders.append(entry.path)
        else:
            descriptor = os.open(entry.path, os.O_RDONLY)
            found += b"WorkflowEntrypoint" in os.read(descriptor, 1 << 20)
            os.close(descriptor)
"""


def plant(tree: Path, workflows: int) -> list[Path]:
    """Write the tree, and return the files with workflows."""
    line = "def function_{n}(first, second):\n    return [first + second for _ in range(10)]\n\n\n"
    found: list[Path] = []
    for number in range(FILES):
        path = tree / f"package_{number // 100}" / f"module_{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        if workflows and number % (FILES // workflows) == 0:
            path.write_text(workflow(20).replace("class W", f"class Workflow{number}"), encoding="utf-8")
            found.append(path)
        else:
            text = "".join(line.format(n=f"{number}_{n}") for n in range(FILE_BYTES // len(line)))
            path.write_text(text, encoding="utf-8")
    return found


def compare(name: str, tool: list[str], floor: list[str], rounds: int) -> None:
    """Print how long two commands take, and their ratio."""
    seconds(tool), seconds(floor)  # the first runs fill caches
    pairs = [(seconds(tool), seconds(floor)) for _ in range(rounds)]
    took, least, ratio = (statistics.median(values) for values in zip(*((t, f, t / f) for t, f in pairs), strict=True))
    print(f"{name:<44} {took * 1000:6.0f} ms   floor {least * 1000:6.0f} ms   ratio {ratio:5.2f}")


def main(rounds: int) -> None:
    """Print the comparisons."""
    stepgraph = [sys.executable, "-m", "stepgraph"]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "with"
        found = [str(path) for path in plant(tree, WORKFLOWS)]
        floor = [sys.executable, "-c", _PARSE, *found]
        compare(
            f"{FILES:,} files, {WORKFLOWS} workflows", [*stepgraph, "graph", "-f", "json", str(tree)], floor, rounds
        )
        plain = Path(folder) / "without"
        plant(plain, 0)
        # Nothing to analyse is an exit code of its own; the shell's is not measured with it.
        none = [
            sys.executable,
            "-c",
            f"import sys; from stepgraph.cli.main import main; main(['list', {str(plain)!r}])",
        ]
        compare(f"{FILES:,} files, no workflow", none, [sys.executable, "-c", _SEARCH, str(plain)], rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
