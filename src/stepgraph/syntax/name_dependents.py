"""Dependencies between the names of a module or class body, and the statements that evaluate some names.

The workflows of a module ask the same questions about its body, and the modules that it imports. Each question takes
linear time, so the answers are stored with the module.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final, TypeVar

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.body_names import StatementNames, names_of_statements
from stepgraph.syntax.module import SourceModule, once_per_node

Answer = TypeVar("Answer")

_ASSIGNMENTS: Final = (cst.Assign, cst.AnnAssign, cst.AugAssign)
_MAX_ANSWERS: Final = 8
"""The maximum number of stored answers to each question. A workflow asks up to four."""


class NameDependents(Struct, dict=True):
    """Answers questions about the names in a body."""

    statements: Sequence[StatementNames]
    """The names in each top-level statement of the body."""
    _dependents: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)
    """Answers of `dependents`, by their argument, oldest first."""
    _affected: dict[frozenset[str], tuple[StatementNames, ...]] = field(default_factory=dict)
    """Answers of `affected`, by their argument, oldest first."""

    def dependents(self, names: Iterable[str]) -> frozenset[str]:
        """Return `names` and the names whose definitions mention them directly or indirectly.

        A dependent assignment or call also makes the variables that it mentions dependent, because it may store them.
        """
        key = frozenset(names)
        answer = self._dependents.get(key)
        if answer is None:
            answer = self._find_dependents(key)
            _store(self._dependents, key, answer)
        return answer

    def affected(self, names: frozenset[str]) -> tuple[StatementNames, ...]:
        """Return the statements that evaluate one of the names or import modules."""
        answer = self._affected.get(names)
        if answer is None:
            answer = tuple(item for item in self.statements if item.imports or not item.evaluated.isdisjoint(names))
            _store(self._affected, names, answer)
        return answer

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The names that plain and annotated assignments bind."""
        assignments = (item for item in self.statements if isinstance(item.statement, cst.Assign | cst.AnnAssign))
        return tuple(name for item in assignments for name in item.bound)

    def _find_dependents(self, names: frozenset[str]) -> frozenset[str]:
        dependent = set(names)
        pending = list(dependent)
        while pending:
            for item in self._statements_by_name.get(pending.pop(), ()):
                stored = item.evaluated & self._variables if _may_store(item) else frozenset[str]()
                added = (item.bound | stored) - dependent
                dependent |= added
                pending += added
        return frozenset(dependent)

    @cached_property
    def _statements_by_name(self) -> dict[str, list[StatementNames]]:
        """The statements that mention each name."""
        by_name: dict[str, list[StatementNames]] = {}
        for item in self.statements:
            for name in item.mentioned:
                by_name.setdefault(name, []).append(item)
        return by_name

    @cached_property
    def _variables(self) -> frozenset[str]:
        """The names that assignments bind."""
        assignments = (item for item in self.statements if isinstance(item.statement, _ASSIGNMENTS))
        return frozenset(name for item in assignments for name in item.bound)


def _store(answers: dict[frozenset[str], Answer], key: frozenset[str], answer: Answer) -> None:
    if len(answers) == _MAX_ANSWERS:
        del answers[next(iter(answers))]
    answers[key] = answer


def _may_store(item: StatementNames) -> bool:
    return isinstance(item.statement, (*_ASSIGNMENTS, cst.Expr))


@once_per_node
def name_dependents(owner: cst.Module | cst.ClassDef, module: SourceModule) -> NameDependents:
    """Return the object that answers questions about the body of a module or class."""
    return NameDependents(names_of_statements(owner, module))
