"""Measure the overhead of the plugin in a pytest session that does not use it, compared with `-p no:stepgraph`.

    python benchmarks/plugin.py [ROUNDS]

Runs both sessions alternately, and prints the shortest and the median processor time of each and of the difference. The
limit applies to the shortest sessions, because other load on the machine only makes sessions longer. The plugin must be
installed.
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
MAXIMUM = 5.0
"""The maximum overhead in milliseconds."""


def milliseconds(arguments: list[str], folder: str) -> float:
    """Return the processor time of a pytest session. Raises CalledProcessError if it fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def main(rounds: int) -> int:
    """Print the times, and return the exit code: 1 if the overhead exceeds the maximum."""
    if not entry_points(group="pytest11", name="stepgraph"):
        sys.exit("The plugin is not installed: pip install -e .")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_nothing.py").write_text("def test_nothing(): ...\n", encoding="utf-8")
        Path(folder, "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = ''\n", encoding="utf-8")
        disabling = ["-p", "no:stepgraph"]
        milliseconds([], folder), milliseconds(disabling, folder)  # a warm-up, which fills caches
        pairs = [(milliseconds([], folder), milliseconds(disabling, folder)) for _ in range(rounds)]
    loaded, disabled = [with_plugin for with_plugin, _ in pairs], [without_plugin for _, without_plugin in pairs]
    differences = [loaded_time - disabled_time for loaded_time, disabled_time in pairs]
    cost = min(loaded) - min(disabled)
    print("                       shortest  median")
    print(f"pytest, one test       {min(loaded):6.1f}  {statistics.median(loaded):6.1f} ms")
    print(f"with -p no:stepgraph   {min(disabled):6.1f}  {statistics.median(disabled):6.1f} ms")
    print(f"difference             {cost:6.1f}  {statistics.median(differences):6.1f} ms")
    print(f"at most                {MAXIMUM:6.1f} ms")
    return int(cost > MAXIMUM)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
