"""The values that the branches of an `if` assign to a variable, which equal those of a conditional expression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.definitions.bound_values import only_value
from stepgraph.syntax.definitions.name_replacement import Numbers, in_parentheses
from stepgraph.syntax.definitions.normal_values import expression_text, normal_test_text, parse_value
from stepgraph.syntax.definitions.variable_changes import BlockStatement
from stepgraph.syntax.definitions.variable_definitions import VariableDefinitions
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import ancestors_of, expressions_below, statements

_MAX_VALUES: Final = 4
"""The maximum number of values of a variable. More would make long definitions."""


class AssignedValue(Struct, frozen=True):
    """A value that a statement assigns."""

    value: cst.BaseExpression
    statement: cst.CSTNode

    def expression(
        self, definitions: VariableDefinitions, function: int, numbers: Numbers, attribute: str
    ) -> cst.BaseExpression:
        """Return the value, as `VariableDefinitions.numbered` does."""
        return definitions.assigned(self.value, self.statement, function, numbers, attribute)


class ChosenValue(Struct, frozen=True):
    """A value that a condition selects."""

    choice: cst.If
    first: PossibleValue
    """The value if the condition is true."""
    second: PossibleValue

    def expression(
        self, definitions: VariableDefinitions, function: int, numbers: Numbers, attribute: str
    ) -> cst.BaseExpression:
        """Return a conditional expression without a negated condition, as `VariableDefinitions.numbered` does."""
        text, first, second = normal_test_text(definitions.module.text(self.choice.test)), self.first, self.second
        match parse_value(text):
            case cst.UnaryOperation(operator=cst.Not(), expression=operand):
                text, first, second = expression_text(operand), second, first
        # The numbers follow the order of the parts.
        body = first.expression(definitions, function, numbers, attribute)
        with definitions.expansion.reading_at(SourcePlace(definitions.module, self.choice)):
            test = definitions.numbered(text, self.choice, function, numbers)
        orelse = second.expression(definitions, function, numbers, attribute)
        return cst.IfExp(test=in_parentheses(test), body=in_parentheses(body), orelse=in_parentheses(orelse))


PossibleValue: TypeAlias = AssignedValue | ChosenValue


def chosen_value(
    name: str, binders: Sequence[cst.CSTNode], blocks: Sequence[BlockStatement], module: SourceModule
) -> ChosenValue | None:
    """Return the value that an `if` assigns to a variable in each branch, perhaps except for an assignment before it.

    `binders` are all assignments that reach a use of the variable, in source order, and `blocks` the statements with
    blocks around them that do not contain the use. Return None if other statements decide the value.
    """
    if not 1 < len(binders) <= _MAX_VALUES or not all(isinstance(each, cst.If) for each in blocks):
        return None
    enclosing = [each for each in ancestors_of(module.parents, binders[-1]) if each in blocks]
    outermost = enclosing[-1] if enclosing else None
    if not isinstance(outermost, cst.If):
        return None
    default = _default(name, binders[0], outermost, module)
    chosen = _of_if(name, outermost, default, frozenset(map(id, blocks)))
    if chosen is None:
        return None
    used = {id(each) for each in _statements_of(chosen)}
    is_whole = used == {*map(id, binders), *map(id, blocks)}
    return chosen if is_whole and not any(_uses(name, each) for each in _expressions_of(chosen)) else None


def _default(name: str, binder: cst.CSTNode, choice: cst.If, module: SourceModule) -> AssignedValue | None:
    """Return the value of an assignment in the block with an `if`."""
    value = only_value(name, [binder])
    block = module.parents[id(choice)]
    is_beside = any(each is block for each in islice(ancestors_of(module.parents, binder), 2))
    return AssignedValue(value, binder) if value is not None and is_beside else None


def _of_if(name: str, choice: cst.If, default: PossibleValue | None, choices: frozenset[int]) -> ChosenValue | None:
    """Return the value of a variable after an `if`. `choices` are the identities of those that decide it."""
    first = _of_block(name, choice.body, default, choices)
    match choice.orelse:
        case cst.If() as inner:
            second: PossibleValue | None = _of_if(name, inner, default, choices)
        case cst.Else(body=body):
            second = _of_block(name, body, default, choices)
        case _:
            second = default
    return None if first is None or second is None else ChosenValue(choice, first, second)


def _of_block(
    name: str, block: cst.BaseSuite, default: PossibleValue | None, choices: frozenset[int]
) -> PossibleValue | None:
    """Return the value of a variable after a block, of which one statement may assign it."""
    value = default
    for statement in statements(block):
        if isinstance(statement, cst.If) and id(statement) in choices:
            value = _of_if(name, statement, value, choices)
        elif (assigned := only_value(name, [statement])) is not None:
            value = AssignedValue(assigned, statement)
    return value


def _statements_of(value: PossibleValue) -> Iterator[cst.CSTNode]:
    match value:
        case AssignedValue(statement=statement):
            yield statement
        case ChosenValue(choice=choice, first=first, second=second):
            yield choice
            yield from (*_statements_of(first), *_statements_of(second))


def _expressions_of(value: PossibleValue) -> Iterator[cst.BaseExpression]:
    match value:
        case AssignedValue(value=assigned):
            yield assigned
        case ChosenValue(choice=choice, first=first, second=second):
            yield choice.test
            yield from (*_expressions_of(first), *_expressions_of(second))


def _uses(name: str, expression: cst.BaseExpression) -> bool:
    return any(isinstance(each, cst.Name) and each.value == name for each in expressions_below(expression))
