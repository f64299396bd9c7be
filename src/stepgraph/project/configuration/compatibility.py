"""The runtime features that the compatibility date and flags of a project select.

The dates from which flags are enabled by default follow workerd's `compatibility-date.capnp`.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from msgspec import Struct


class DependencyMode(Enum):
    """How a step declares the steps that it depends on."""

    IMPLICIT = "implicit"
    """By the names of its parameters."""
    LEGACY = "legacy"
    """In `depends=[...]`."""


_IMPLICIT_DATE: Final = "2026-02-25"
_IMPLICIT_FLAG: Final = "python_workflows_implicit_dependencies"
_WORKFLOWS_DATE: Final = "2025-09-20"
PYTHON_314_DATE: Final = "2026-09-08"
"""The compatibility date from which Workers run Python 3.14."""

_PYTHON_314_FLAGS: Final = frozenset(
    {"python_workers_20260610", "python_workers_20260817", "python_workers_314", "python_workers_development"}
)
_NO_PYTHON_314: Final = "no_python_workers_314"


class Compatibility(Struct, frozen=True):
    """The compatibility settings of a configuration."""

    date: str | None = None
    """The compatibility date, or None if it is missing or invalid."""
    flags: tuple[str, ...] = ()
    position: tuple[int, int] = (1, 1)
    """The line and column, from 1, of the flags or, without flags, of the main module."""

    @property
    def mode(self) -> DependencyMode | None:
        """The dependency mode of steps, or None if neither the date nor a flag decides it."""
        if f"no_{_IMPLICIT_FLAG}" in self.flags:
            return DependencyMode.LEGACY
        if _IMPLICIT_FLAG in self.flags:
            return DependencyMode.IMPLICIT
        if self.date is None:
            return None
        return DependencyMode.IMPLICIT if self.date >= _IMPLICIT_DATE else DependencyMode.LEGACY

    @property
    def is_before_python_314(self) -> bool:
        """Whether Python is older than 3.14. False without a compatibility date or flag."""
        if not _PYTHON_314_FLAGS.isdisjoint(self.flags):
            return False
        return _NO_PYTHON_314 in self.flags or (self.date is not None and self.date < PYTHON_314_DATE)

    @property
    def has_python(self) -> bool:
        """Whether a flag enables Python. No compatibility date enables it by default."""
        return "python_workers" in self.flags

    @property
    def disables_workflows(self) -> bool:
        """Whether a flag disables Python workflows."""
        return "disable_python_workflows" in self.flags

    @property
    def is_too_old_for_workflows(self) -> bool:
        """Whether the date is too old for Python workflows, and no flag enables them."""
        is_old = self.date is not None and self.date < _WORKFLOWS_DATE
        return is_old and "python_workflows" not in self.flags
