"""Run the benchmarks of stepgraph: `python -m benchmarks [BENCHMARK] [--rounds N] [--input NAME] [--markdown]`.

`table` compares commands with a lower bound for their work, `profile` prints the largest shares of their time, `growth`
fits the exponents of growing inputs, `peers` installs comparable tools and times all of them, `watch` times the runs of
`--watch` after an edit, `serve` times the picture of `stepgraph serve` in a browser after an edit, `lsp` times the
language server after a keystroke, and `page` times large pages in a browser.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.growth import print_growth
from benchmarks.lsp import print_lsp
from benchmarks.page import print_page
from benchmarks.peers import print_peers
from benchmarks.rows import INPUTS
from benchmarks.serve import print_serve
from benchmarks.shares import print_shares
from benchmarks.table import print_table
from benchmarks.watch import print_watch

NAMES = ("table", "profile", "growth", "peers", "watch", "serve", "lsp", "page")


def main() -> None:
    """Run the benchmark that the arguments select."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=str(__doc__).partition(":")[0])
    parser.add_argument("benchmark", nargs="?", choices=NAMES, default="table")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each command (default: 7)")
    parser.add_argument("--input", action="append", choices=INPUTS, help="an input of table or profile; repeatable")
    parser.add_argument("--markdown", action="store_true", help="print the rows of table or peers as Markdown")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["STEPGRAPH_CACHE_DIR"] = str(Path(folder, "cache"))
        inputs = Path(folder, "inputs")
        inputs.mkdir()
        _run(options.benchmark, inputs, options.rounds, options.input or tuple(INPUTS), markdown=options.markdown)


def _run(name: str, folder: Path, rounds: int, inputs: Sequence[str], *, markdown: bool) -> None:
    if name == "table":
        print_table(folder, rounds, inputs, markdown=markdown)
    elif name == "profile":
        print_shares(folder, rounds, inputs)
    elif name == "growth":
        print_growth(folder, rounds)
    elif name == "peers":
        print_peers(folder, rounds, markdown=markdown)
    elif name == "watch":
        print_watch(folder, rounds)
    elif name == "serve":
        print_serve(folder, rounds)
    elif name == "lsp":
        print_lsp(folder, rounds)
    else:
        print_page(folder, rounds)


if __name__ == "__main__":
    main()
