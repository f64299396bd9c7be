"""How long `stepgraph graph` takes on a file of 20 steps, against importing what it cannot do without.

    python benchmarks/startup.py [ROUNDS]

Runs both as processes, in turn, and prints the median of each and of their ratio, pair by pair: the machine's speed
drifts, the ratio does not.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15
FLOOR = "import libcst, pydantic"

_HEAD = """\
from workers import WorkflowEntrypoint, fetch


class W(WorkflowEntrypoint):
    async def run(self, event, step):
"""
_STEP = """\
        @step.do("step {n}", config={{"retries": {{"limit": 3, "delay": "5 seconds"}}}})
        async def step_{n}():
            return await fetch("https://example.com/{n}")

        await step_{n}()

"""


def workflow(steps: int) -> str:
    """Return the source of a workflow of that many steps."""
    return _HEAD + "".join(_STEP.format(n=n) for n in range(steps))


def seconds(command: list[str]) -> float:
    """Return the wall time of a command. Raises CalledProcessError if it fails."""
    # As installed: with what was compiled before.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - began


def main(rounds: int) -> None:
    """Print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        entry = Path(folder) / "entry.py"
        entry.write_text(workflow(20), encoding="utf-8")
        tool = [sys.executable, "-m", "stepgraph", "graph", str(entry), "--format", "json"]
        floor = [sys.executable, "-c", FLOOR]
        seconds(tool), seconds(floor)  # the first runs fill caches
        pairs = [(seconds(tool), seconds(floor)) for _ in range(rounds)]
    print(f"stepgraph graph, 20 steps   {statistics.median(t for t, _ in pairs) * 1000:6.0f} ms")
    print(f"{FLOOR:<25}   {statistics.median(f for _, f in pairs) * 1000:6.0f} ms")
    print(f"ratio                       {statistics.median(t / f for t, f in pairs):6.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
