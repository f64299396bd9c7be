"""What the plugin costs a session of pytest that does not use it: with it, and with `-p no:stepgraph`.

    python benchmarks/plugin.py [ROUNDS]

Runs both as processes, in turn, and prints the shortest and the median time of each, and of their difference. It is the
time of the processor that counts, of the shortest sessions: whatever else goes on makes sessions longer, never shorter.
The plugin has to be installed.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import entry_points
from pathlib import Path

ROUNDS = 60
MOST = 5.0
"""Milliseconds."""


def milliseconds(arguments: list[str], folder: str) -> float:
    """Return the time that the processor takes for a session of pytest. Raises CalledProcessError if it fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def main(rounds: int) -> int:
    """Print the medians, and return the exit code: 1 if the plugin costs more than it may."""
    if not entry_points(group="pytest11", name="stepgraph"):
        sys.exit("The plugin is not installed: pip install -e .")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_nothing.py").write_text("def test_nothing(): ...\n", encoding="utf-8")
        Path(folder, "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = ''\n", encoding="utf-8")
        without = ["-p", "no:stepgraph"]
        milliseconds([], folder), milliseconds(without, folder)  # the first runs fill caches
        pairs = [(milliseconds([], folder), milliseconds(without, folder)) for _ in range(rounds)]
    loaded, disabled = [one for one, _ in pairs], [other for _, other in pairs]
    cost = min(loaded) - min(disabled)
    print("                       shortest  median")
    print(f"pytest, one test       {min(loaded):6.1f}  {statistics.median(loaded):6.1f} ms")
    print(f"with -p no:stepgraph   {min(disabled):6.1f}  {statistics.median(disabled):6.1f} ms")
    print(f"difference             {cost:6.1f}  {statistics.median(one - other for one, other in pairs):6.1f} ms")
    print(f"at most                {MOST:6.1f} ms")
    return int(cost > MOST)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
