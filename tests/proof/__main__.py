"""Print the results of the proof as tables: `python -m tests.proof --seeds 100`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

from tests.proof.executions import executions
from tests.proof.malformed_input import malformed_input
from tests.proof.random_programs import random_programs
from tests.proof.table import CountTable

SECTIONS: Mapping[str, Callable[[int], CountTable]] = {
    "executions": executions,
    "random programs": random_programs,
    "malformed input": malformed_input,
}
"""Maps the name of a section to a function that computes its table for a number of seeds."""


def main() -> int:
    """Print the table of each section."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="seeds per section (default: 100)")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="this section only; may be repeated")
    arguments = parser.parse_args()
    for name in arguments.only or SECTIONS:
        table = SECTIONS[name](arguments.seeds)
        sys.stdout.write("\n".join([f"## {name.capitalize()}", "", *table.lines(), "", ""]))
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
