"""Run the benchmarks of stepgraph: `python -m benchmarks [table|growth|peers|watch|serve|lsp] [--rounds N]`.

`table` compares commands with a lower bound for their work, `growth` fits the exponents of growing inputs, `peers`
installs a comparable tool and times both, `watch` times the runs of `--watch` after an edit, `serve` times the picture
of `stepgraph serve` in a browser after an edit, and `lsp` times the language server after a keystroke.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.growth import print_growth
from benchmarks.lsp import print_lsp
from benchmarks.peers import print_peers
from benchmarks.serve import print_serve
from benchmarks.table import print_table
from benchmarks.watch import print_watch


def main() -> None:
    """Run the benchmark that the arguments select."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=str(__doc__).partition(":")[0])
    names = ("table", "growth", "peers", "watch", "serve", "lsp")
    parser.add_argument("benchmark", nargs="?", choices=names, default="table")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.benchmark == "growth":
            print_growth(options.rounds)
        elif options.benchmark == "peers":
            print_peers(Path(folder), options.rounds)
        elif options.benchmark == "watch":
            print_watch(Path(folder), options.rounds)
        elif options.benchmark == "serve":
            print_serve(Path(folder), options.rounds)
        elif options.benchmark == "lsp":
            print_lsp(Path(folder), options.rounds)
        else:
            print_table(Path(folder), options.rounds)


if __name__ == "__main__":
    main()
