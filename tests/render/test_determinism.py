"""The same graph, the same bytes."""

import os
import subprocess
import sys

SCRIPT = """
import sys
from stepgraph.render.dot import render_dot
from stepgraph.render.outline import render_outline
from tests.render.graphs import ORDERS
sys.stdout.buffer.write((render_dot(ORDERS) + render_outline(ORDERS, colour=True)).encode())
"""


def rendered(hash_seed: str) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, check=True).stdout


def test_the_hash_seed_does_not_matter() -> None:
    assert rendered("1") == rendered("2")
