"""Measure stepgraph: `python -m benchmarks [table|growth|peers] [--rounds N]`.

`table` compares commands with what they cannot do without, `growth` fits exponents, `peers` installs what one could use
instead and times both.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.growth import print_growth
from benchmarks.peers import print_peers
from benchmarks.table import print_table


def main() -> None:
    """Measure what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=str(__doc__).partition(":")[0])
    parser.add_argument("what", nargs="?", choices=("table", "growth", "peers"), default="table")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.what == "growth":
            print_growth(given.rounds)
        elif given.what == "peers":
            print_peers(Path(folder), given.rounds)
        else:
            print_table(Path(folder), given.rounds)


if __name__ == "__main__":
    main()
