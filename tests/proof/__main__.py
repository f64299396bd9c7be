"""Print what has been proved, in counts: `python -m tests.proof --seeds 100`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

from tests.proof.executions import executions
from tests.proof.input_nobody_meant import input_nobody_meant
from tests.proof.random_programs import random_programs
from tests.proof.table import Table

SECTIONS: Mapping[str, Callable[[int], Table]] = {
    "executions": executions,
    "random programs": random_programs,
    "input that nobody meant": input_nobody_meant,
}
"""Each by its name: how many seeds, to what they have shown."""


def main() -> int:
    """Print a table for each section."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many worlds, or programs, for each (default: 100)")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="this section only; may be repeated")
    arguments = parser.parse_args()
    for name in arguments.only or SECTIONS:
        table = SECTIONS[name](arguments.seeds)
        sys.stdout.write("\n".join([f"## {name.capitalize()}", "", *table.lines(), "", ""]))
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
