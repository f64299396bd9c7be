"""The same graph gives the same picture, whatever the order of sets."""

from __future__ import annotations

import os
import subprocess
import sys

SEEDS = range(10)
SCRIPT = """
import hashlib
from stepgraph.render.svg.document import render_svg
from tests.svg.examples import examples
pictures = [render_svg(graph).text for graph in examples().values()]
print(hashlib.sha256("".join(pictures).encode()).hexdigest())
"""


def started(hash_seed: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE, text=True)


def test_ten_hash_seeds_give_the_same_bytes() -> None:
    processes = [started(seed) for seed in SEEDS]
    digests = {process.communicate()[0] for process in processes}
    assert {process.returncode for process in processes} == {0}
    assert len(digests) == 1
