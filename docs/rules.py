"""Write the page on the rules anew: `python docs/rules.py`; with `--check`, fail if it is out of date."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from stepgraph.checks.catalogue import RULES
from stepgraph.report.explained.page import rules_page

PAGE = Path(__file__).resolve().parent / "rules.md"


def main(arguments: list[str] | None = None, page: Path = PAGE) -> int:
    """Write the page, or check it, and return the exit code: 1 if it was checked and is out of date."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition(":")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if the page is out of date")
    check: bool = parser.parse_args(arguments).check
    current = page.is_file() and page.read_bytes() == rules_page(RULES).encode()
    if not current and not check:
        page.write_bytes(rules_page(RULES).encode())
    if not current:
        sys.stdout.write(f"{'out of date' if check else 'changed'}: docs/{page.name}\n")
    return int(check and not current)


if __name__ == "__main__":
    sys.exit(main())
