"""The runtime that a project is deployed to, as its configuration says: a date, and flags.

Which flag is implied from which date on is what workerd's `compatibility-date.capnp` says.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from msgspec import Struct


class DependencyMode(Enum):
    """By the names of its parameters, or in `depends=[...]`."""

    IMPLICIT = "implicit"
    LEGACY = "legacy"


_IMPLICIT_FROM: Final = "2026-02-25"
_IMPLICIT_FLAG: Final = "python_workflows_implicit_dependencies"
_WORKFLOWS_FROM: Final = "2025-09-20"


class Compatibility(Struct, frozen=True):
    """A date, None where there is none that is valid, and flags.

    `position` is where the flags stand, or the main module where there are none: line and column, from 1.
    """

    date: str | None = None
    flags: tuple[str, ...] = ()
    position: tuple[int, int] = (1, 1)

    @property
    def mode(self) -> DependencyMode | None:
        """How steps say which others they need; None where it is not known."""
        if f"no_{_IMPLICIT_FLAG}" in self.flags:
            return DependencyMode.LEGACY
        if _IMPLICIT_FLAG in self.flags:
            return DependencyMode.IMPLICIT
        if self.date is None:
            return None
        return DependencyMode.IMPLICIT if self.date >= _IMPLICIT_FROM else DependencyMode.LEGACY

    @property
    def has_python(self) -> bool:
        """Whether Python runs: no date implies it."""
        return "python_workers" in self.flags

    @property
    def refuses_workflows(self) -> bool:
        """Whether workflows in Python are switched off."""
        return "disable_python_workflows" in self.flags

    @property
    def lacks_workflows(self) -> bool:
        """Whether workflows in Python are yet to be switched on, which a date that is not known does not tell."""
        is_old = self.date is not None and self.date < _WORKFLOWS_FROM
        return is_old and "python_workflows" not in self.flags
