"""The severity and the confidence of findings."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """The effect of a finding on a deployment."""

    ERROR = "error"
    """The code fails at run time."""
    WARNING = "warning"
    """The code behaves unexpectedly."""
    INFORMATION = "information"
    """A remark on correct code."""


class Confidence(StrEnum):
    """The certainty that flagged code is wrong."""

    HIGH = "high"
    """The fault follows from the code."""
    MEDIUM = "medium"
    """The fault depends on the author's intention."""
