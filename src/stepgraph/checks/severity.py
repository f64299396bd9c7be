"""How bad a finding is, and how sure."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """What a finding means for a deployment."""

    ERROR = "error"
    """It fails at run time."""
    WARNING = "warning"
    """It does something else than it says."""
    INFORMATION = "information"
    """It is worth knowing, and no fault."""


class Confidence(StrEnum):
    """How sure it is that code which a rule flags is at fault."""

    HIGH = "high"
    """It follows from what is written."""
    MEDIUM = "medium"
    """It follows but for intentions that the code does not show."""
