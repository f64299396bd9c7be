"""The conditions of `raise` statements between steps, and which conditions imply each other."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Final, TypeAlias

from msgspec import Struct, field

from stepgraph.diff.branch_conditions import decisions, normal_decisions
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, FUNCTIONS, TRY_BLOCK, Tree
from stepgraph.model.details import RaiseCondition
from stepgraph.model.expressions import DEFINITIONS, conjunction, constant_truth, normal_tree, with_own_definitions

_MAX_CASES: Final = 1_000
"""The maximum number of combinations of values for which conditions are compared."""
_NO_JUMP: Final = "no_jump"
"""The test that no jump skips the `raise` at the end of a block."""
_DIGEST: Final = re.compile(r"x_[0-9a-f]+")
"""A name that stands for an expression whose definition is unknown."""

_Truth: TypeAlias = bool | None
"""The value of a condition, or None if its evaluation raises an exception."""


class CaughtRaise(Struct, frozen=True):
    """A `raise` statement that a handler may catch, and that has no node in the payload."""

    number: int
    """The number of the branch or block with the statement."""
    condition: RaiseCondition
    handler: int | None
    """The number of the handlers around it in its function, or None without any."""
    is_branch: bool = False
    """Whether the condition is that of a branch in the payload, at whose end the statement is."""


class RaiseConditions(Struct, frozen=True):
    """The conditions under which code between steps raises exceptions that handlers catch."""

    by_handler: Mapping[int | None, Sequence[RaiseCondition]]
    """The conditions by the number of the handlers in the new version; None for other handlers."""

    @classmethod
    def of_old(cls, matching: Matching, *, in_handlers: bool = False) -> RaiseConditions:
        """Return the conditions in the old version, with the names of the new one. Handlers: as in `caught_raises`."""
        return cls._of(matched(matching, each) for each in caught_raises(matching.old, in_handlers=in_handlers))

    @classmethod
    def of_new(cls, matching: Matching, *, in_handlers: bool = False) -> RaiseConditions:
        """Return the conditions in the new version. Handlers count as in `caught_raises`."""
        return cls._of(caught_raises(matching.new, in_handlers=in_handlers))

    @classmethod
    def _of(cls, raises: Iterable[CaughtRaise]) -> RaiseConditions:
        by_handler: defaultdict[int | None, list[RaiseCondition]] = defaultdict(list)
        for each in raises:
            by_handler[each.handler].append(each.condition)
        return cls(by_handler)

    def contain(self, raised: CaughtRaise) -> bool:
        """Return whether the version raises an exception whenever a statement of the other version does.

        This is certain for the same handlers, or for a statement with the same condition elsewhere.
        """
        condition = raised.condition
        if raised.handler is not None and _implies(condition, self.by_handler.get(raised.handler, ())):
            return True
        return bool(condition.text) and any(
            _have_equal_tests(condition, each) for conditions in self.by_handler.values() for each in conditions
        )


def caught_raises(tree: Tree, *, in_handlers: bool = False) -> Iterator[CaughtRaise]:
    """Yield the `raise` statements of a version that handlers may catch.

    With `in_handlers`, these include the statements in handlers, which an outer `try` may catch.
    """
    for number in sorted(tree.caught_raises.keys() | tree.final_raises.keys()):
        handler = handler_around(tree, number, in_handlers=in_handlers)
        is_branch = bool(tree[number].text("condition"))
        yield from (CaughtRaise(number, each, handler) for each in tree.caught_raises.get(number, ()))
        if number not in tree.final_raises:
            continue
        condition = branch_condition(tree, number) if tree[number].kind == BRANCH else RaiseCondition("", ("True",))
        if condition.tests and tree.final_raises[number]:
            condition = RaiseCondition(condition.text, (*condition.tests, _NO_JUMP))
        yield CaughtRaise(number, condition, handler, is_branch)


def branch_condition(tree: Tree, branch: int) -> RaiseCondition:
    """Return the condition under which a branch runs."""
    tests = decisions(tree, branch)
    text = tree[branch].text("condition")
    if not tests or not all(each.has_definitions for each in tests):
        return RaiseCondition(text)
    parts = tuple(part for part, _ in normal_decisions(tests))
    return RaiseCondition(text or conjunction([part.partition(DEFINITIONS)[0] for part in parts]), parts)


def handler_around(tree: Tree, number: int, *, in_handlers: bool = False) -> int | None:
    """Return the handler of the `try` whose body contains an element, or None outside of a `try`.

    Return None for elements in a handler, unless these count, too.
    """
    while number >= 0:
        element = tree[number]
        if element.slot == FUNCTIONS or (element.slot in {"catch_block", "finally_block"} and not in_handlers):
            return None
        if element.slot == TRY_BLOCK:
            return catch_block(tree, element.parent)
        number = element.parent
    return None


def catch_block(tree: Tree, number: int) -> int | None:
    """Return the block with the handlers of a `try`, or None without handlers."""
    return next((each for each in tree[number].children if tree[each].slot == "catch_block"), None)


def matched(matching: Matching, raised: CaughtRaise) -> CaughtRaise:
    """Return a `raise` statement of the old version with the handlers and names of the new one."""
    handler = None if raised.handler is None else matching.to_new[raised.handler]
    tests = tuple(map(matching.renamed_text, raised.condition.tests))
    condition = RaiseCondition(matching.renamed_text(raised.condition.text), tests)
    return CaughtRaise(raised.number, condition, handler, raised.is_branch)


def are_equal(first: RaiseCondition, second: RaiseCondition) -> bool:
    """Return whether two conditions are certainly true in the same cases."""
    return _implies(first, [second]) and _implies(second, [first])


def _implies(condition: RaiseCondition, alternatives: Sequence[RaiseCondition]) -> bool:
    """Return whether one of some alternatives is certainly true if a condition is.

    An exception of the evaluation counts as true, because it has the same effect.
    """
    if any(_have_equal_tests(condition, each) for each in alternatives):
        return True
    atoms = _Atoms()
    first = atoms.conjunction(condition.tests)
    own_values = dict(atoms.values)
    others = [atoms.conjunction(each.tests) for each in alternatives if condition.tests and each.tests]
    if atoms.number_of_cases() > _MAX_CASES:
        others = [each for each in others if own_values.keys() >= {*_names(each)}]
        atoms.values = own_values
    if not others or atoms.number_of_cases() > _MAX_CASES:
        return False
    cases = (dict(zip(atoms.values, case, strict=True)) for case in product(*atoms.values.values()))
    return all(
        _truth(first, case) is False or any(_truth(each, case) is not False for each in others) for case in cases
    )


def _have_equal_tests(first: RaiseCondition, second: RaiseCondition) -> bool:
    """Return whether two conditions have the same tests, or the same text if these are unknown."""
    return first.tests == second.tests if first.tests and second.tests else first.text == second.text


class _Formula(Struct, frozen=True):
    """A condition as a boolean function of its atoms."""

    operator: str
    """`and`, `or` or `not`; for an atom, its text."""
    operands: tuple[_Formula, ...] = ()


class _Atoms(Struct):
    """The parts of conditions that are no conjunctions, disjunctions or negations."""

    values: dict[str, tuple[_Truth, ...]] = field(default_factory=dict)
    """The possible values of each atom, by its text with definitions."""

    def number_of_cases(self) -> int:
        """Return the number of combinations of the values."""
        return prod(map(len, self.values.values()))

    def conjunction(self, tests: Sequence[str]) -> _Formula:
        """Return the conjunction of tests as a function of atoms."""
        return _Formula("and", tuple(map(self._formula, tests)))

    def _formula(self, test: str) -> _Formula:
        code, _, definitions = test.partition(DEFINITIONS)
        tree = normal_tree(code)
        return self._atom(test, ast.Name(code)) if tree is None else self._formula_of(tree, definitions)

    def _formula_of(self, tree: ast.expr, definitions: str) -> _Formula:
        match tree:
            case ast.BoolOp(op=operator, values=operands):
                word = "and" if isinstance(operator, ast.And) else "or"
                return _Formula(word, tuple(self._formula_of(each, definitions) for each in operands))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _Formula("not", (self._formula_of(operand, definitions),))
            case _:
                return self._atom(with_own_definitions(ast.unparse(tree), definitions), tree)

    def _atom(self, text: str, tree: ast.expr) -> _Formula:
        truth = constant_truth(text)
        values: tuple[_Truth, ...] = (True, False, None) if _may_raise(tree) else (True, False)
        self.values[text] = values if truth is None else (truth,)
        return _Formula(text)


def _names(formula: _Formula) -> Iterator[str]:
    """Yield the texts of the atoms of a formula."""
    if not formula.operands:
        yield formula.operator
    for each in formula.operands:
        yield from _names(each)


def _may_raise(tree: ast.expr) -> bool:
    """Return whether the evaluation of an atom may raise an exception, which prevents the evaluation of the others."""
    match tree:
        case ast.Constant():
            return False
        case ast.Name(id=name):
            return not name.isidentifier() or _DIGEST.fullmatch(name) is not None
        case ast.Compare(left=left, ops=[ast.Is() | ast.Eq()], comparators=[right]):
            return _may_raise(left) or _may_raise(right)
        case _:
            return True


def _truth(formula: _Formula, case: Mapping[str, _Truth]) -> _Truth:
    """Return the value of a condition in a case, evaluated from left to right as Python does."""
    if not formula.operands:
        return case[formula.operator]
    if formula.operator == "not":
        value = _truth(formula.operands[0], case)
        return None if value is None else not value
    neutral = formula.operator == "and"
    values = (_truth(each, case) for each in formula.operands)
    return next((each for each in values if each is not neutral), neutral)
