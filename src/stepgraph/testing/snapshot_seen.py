"""Telling a snapshot of syrupy without importing that."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion
    from typing_extensions import TypeIs


def is_snapshot(value: object) -> TypeIs[SnapshotAssertion]:
    """Whether a value is a snapshot, which only there can be where syrupy is imported."""
    module = sys.modules.get("syrupy.assertion")
    return module is not None and isinstance(value, module.SnapshotAssertion)
