"""What sets nodes apart from the others of a drawing: signs of what was added, removed and changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum


class MarkKind(Enum):
    """What a mark says."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"

    @property
    def sign(self) -> str:
        """The sign that says it where there is no colour."""
        return {"added": "+", "removed": "-", "changed": "~"}[self.value]


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark of a node, or of a part of one: of which kind, and what is said beside it.

    What is `hollow` held others that are elsewhere now: it is drawn without anything in it. One that is `quiet`
    has no sign, for what is around it has the same.
    """

    kind: MarkKind
    remark: str = ""
    unwrapped: bool = False
    quiet: bool = False

    @property
    def words(self) -> str:
        """The mark in words."""
        return f"{self.kind.value}: {self.remark}" if self.remark else self.kind.value


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """The marks of a graph's nodes, branches, blocks and functions: of these very objects, not of others like them."""

    marked: Sequence[tuple[Mapping[str, object], Mark]]
    _by_identity: dict[int, Mark] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_identity", {id(part): mark for part, mark in self.marked})

    def of(self, part: Mapping[str, object]) -> Mark | None:
        """Return the mark of a part, if it has one."""
        return self._by_identity.get(id(part))
