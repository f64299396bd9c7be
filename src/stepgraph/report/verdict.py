"""What a check comes to."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from stepgraph.checks.severity import Severity


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


class FailOn(StrEnum):
    """From which severity on a finding fails the check. Information never does."""

    ERROR = "error"
    WARNING = "warning"

    def fails(self, severity: Severity) -> bool:
        """Tell whether a finding of this severity fails the check."""
        return severity in _FAILING[self]


_FAILING: Final = {
    FailOn.ERROR: frozenset({Severity.ERROR}),
    FailOn.WARNING: frozenset({Severity.ERROR, Severity.WARNING}),
}

UNREADABLE_CODES: Final = frozenset({"SG001", "SG002", "SG003"})
"""The rules on inputs that cannot be read, are not Python, or are no configuration."""
