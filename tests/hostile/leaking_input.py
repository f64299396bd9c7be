"""A trial that reads, prints and overwrites files outside the project, to test the audit of `trials`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.hostile.trials import OUTSIDE, SECRET, main


def prepare(_number: int, folder: Path) -> Callable[[], tuple[int, str]]:
    """Return a run that reads a file outside the project, overwrites another one, and prints the secret."""

    def run() -> tuple[int, str]:
        (folder / OUTSIDE / "leak.py").read_text(encoding="utf-8")
        (folder / OUTSIDE / "netrc").write_text("", encoding="utf-8")
        return 4, SECRET

    return run


if __name__ == "__main__":
    main("tests.hostile.leaking_input", prepare)
