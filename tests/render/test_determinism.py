"""Equal graphs produce equal bytes in every format, independently of the order of sets."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SEEDS = range(10)
SCRIPT = """
import hashlib
from stepgraph.render.flow.dot import render_dot
from stepgraph.render.html.page import Page, render_page
from stepgraph.render.flow.mermaid_document import mermaid_document
from stepgraph.render.flow.mermaid_document import render_mermaid
from stepgraph.render.outline import render_outline
from stepgraph.render.svg.drawing import render_svg
from tests.svg.examples import examples

graphs = examples()
drawn = {
    "dot": [render_dot(graph) for graph in graphs.values()],
    "html": [render_page([Page(graph, name) for name, graph in graphs.items()])],
    "mermaid": [mermaid_document(render_mermaid(graph).pieces) for graph in graphs.values()],
    "outline": [render_outline(graph, color=True) for graph in graphs.values()],
    "svg": [render_svg(graph).text for graph in graphs.values()],
}
for form, texts in drawn.items():
    print(form, hashlib.sha256("".join(texts).encode()).hexdigest())
"""


def started(hash_seed: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_ten_hash_seeds_give_the_same_bytes() -> None:
    processes = [started(seed) for seed in SEEDS]
    digests = {process.communicate()[0] for process in processes}
    assert {process.returncode for process in processes} == {0}
    (lines,) = digests
    assert [line.split()[0] for line in lines.splitlines()] == ["dot", "html", "mermaid", "outline", "svg"]
