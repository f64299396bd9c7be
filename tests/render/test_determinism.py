"""Equal graphs produce equal bytes in every format, independently of the order of sets."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.effort import sample
from tests.text_formats import TEXT_DRAWINGS

SEEDS = sample(range(10), 2)
SCRIPT = """
import hashlib
from stepgraph.cli.console import Look
from stepgraph.cli.formats import FormatOptions
from tests.text_formats import TEXT_DRAWINGS
from stepgraph.drawing.workflow import DrawnWorkflow
from stepgraph.subject import Subject
from tests.svg.examples import examples

subjects = [Subject(DrawnWorkflow(name=name, class_name=name, graph=graph), str) for name, graph in examples().items()]
options = FormatOptions(Look(color=True))
for name, form in TEXT_DRAWINGS.items():
    documents = [subjects] if form.allows_multiple_workflows else [[subject] for subject in subjects]
    text = "".join(form.write(document, options).text for document in documents)
    print(name, hashlib.sha256(text.encode()).hexdigest())
"""


def started(hash_seed: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_hash_seeds_give_the_same_bytes() -> None:
    processes = [started(seed) for seed in SEEDS]
    digests = {process.communicate()[0] for process in processes}
    assert {process.returncode for process in processes} == {0}
    (lines,) = digests
    assert [line.split()[0] for line in lines.splitlines()] == list(TEXT_DRAWINGS)
