"""The same graph, the same bytes."""

import os
import subprocess
import sys

SCRIPT = """
import sys
from stepgraph.render.dot.document import render_dot
from stepgraph.render.mermaid.drawing import render_mermaid
from stepgraph.render.mermaid.document import mermaid_document
from stepgraph.render.outline.outline import render_outline
from tests.render.graphs import ORDERS
outputs = [render_dot(ORDERS), render_outline(ORDERS, colour=True), mermaid_document(render_mermaid(ORDERS).pieces)]
sys.stdout.buffer.write("".join(outputs).encode())
"""


def rendered(hash_seed: str) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, check=True).stdout


def test_the_hash_seed_does_not_matter() -> None:
    assert rendered("1") == rendered("2")
