"""A command that reads, tells and changes what it should not, so that its trial is seen to fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.hostile.trials import OUTSIDE, SECRET, main


def make(_number: int, folder: Path) -> Callable[[], tuple[int, str]]:
    """Return what opens a file outside and one of the system, and writes over another."""

    def run() -> tuple[int, str]:
        (folder / OUTSIDE / "leak.py").read_text(encoding="utf-8")
        (folder / OUTSIDE / "netrc").write_text("", encoding="utf-8")
        return 4, SECRET

    return run


if __name__ == "__main__":
    main("tests.hostile.careless", make)
