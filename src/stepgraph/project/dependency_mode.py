"""How a step says which others it needs, which follows from the runtime that a project is deployed to."""

from __future__ import annotations

from enum import Enum


class DependencyMode(Enum):
    """By the names of its parameters, or in `depends=[...]`."""

    IMPLICIT = "implicit"
    LEGACY = "legacy"
