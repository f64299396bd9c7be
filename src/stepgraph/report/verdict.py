"""What a check comes to."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What a check comes to, the same in every format. The command's exit code follows from it alone."""

    PASSED = "passed"
    """Workflows were checked, and nothing was found that fails the check."""
    FAILED = "failed"
    """Something was found that fails the check."""
    UNREADABLE = "unreadable"
    """An input could not be read, so that it was not checked."""
    NOTHING = "nothing"
    """There was nothing to check, which is no pass."""
