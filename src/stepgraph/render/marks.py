"""Marks that distinguish added, removed and changed nodes in a drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum


class MarkKind(Enum):
    """The kind of a mark."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"

    @property
    def sign(self) -> str:
        """The character for it in text without color."""
        return {"added": "+", "removed": "-", "changed": "~"}[self.value]


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark of a node, branch, block or function."""

    kind: MarkKind
    remark: str = ""
    """Text beside the node."""

    unwrapped: bool = False
    """Whether the node was removed while its contents remain; it is drawn without contents."""

    quiet: bool = False
    """Whether the sign is omitted, because an enclosing figure has it."""

    @property
    def words(self) -> str:
        """The mark in words."""
        return f"{self.kind.value}: {self.remark}" if self.remark else self.kind.value


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """The marks of a graph. They apply to these objects by identity, and not to equal ones."""

    marked: Sequence[tuple[Mapping[str, object], Mark]]
    _by_identity: dict[int, Mark] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_identity", {id(part): mark for part, mark in self.marked})

    def of(self, part: Mapping[str, object]) -> Mark | None:
        """Return the mark of a node, branch, block or function, if it has one."""
        return self._by_identity.get(id(part))
