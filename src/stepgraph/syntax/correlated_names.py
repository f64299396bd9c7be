"""Tests that decide which of several values of a name the code uses.

These are type tests of the name, and tests of another name that is bound together with it, such as `kind` in
`for kind, argument in PLAN`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Final, NamedTuple

import libcst as cst

from stepgraph.syntax.bindings import bindings_of, parameters, target_names
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import all_nodes, ancestors_of, clauses_from, expressions_below

# Maximum number of nodes around a name that are searched for tests.
_MAX_ANCESTORS: Final = 500
_JUMPS: Final = (cst.Return, cst.Raise, cst.Continue, cst.Break)
_BOUNDS: Final = (cst.LessThan, cst.LessThanEqual, cst.GreaterThan, cst.GreaterThanEqual)


class _Tests(NamedTuple):
    """The names in the tests that decide whether code runs. The owner of an attribute ends with a dot."""

    names: frozenset[str]
    """All names in the tests."""
    compared: frozenset[str]
    """The names that the tests do not only test for truth, a missing value or a bound, but compare with others."""
    by_other_read: Mapping[str, AbstractSet[str]]
    """The names in the tests after which other code runs, by each name that this code reads."""


def is_decided_by_another(place: SourcePlace) -> bool:
    """Return whether a test of a name that is bound together with the one at `place` decides how code uses the value.

    Attributes of an object count as bound together. A test for truth, as in `if enabled`, only decides whether this
    code runs, unless the code that runs otherwise reads the name, too.
    """
    names, scope = _bound_together(place)
    key = _key(place)
    return bool(names) and any(
        not names.isdisjoint(tests.compared) or not names.isdisjoint(tests.by_other_read.get(key, ()))
        for tests in _tests_around(place, scope)
    )


def is_tested_with_another(place: SourcePlace) -> bool:
    """Return whether a test of a name that is bound together with the one at `place` decides if this code runs."""
    names, scope = _bound_together(place)
    return bool(names) and any(not names.isdisjoint(tests.names) for tests in _tests_around(place, scope))


def has_type_test(place: SourcePlace) -> bool:
    """Return whether the function around the name at `place` tests its type, as in `isinstance(x, str)`."""
    scope = place.module.scope_around(place.node)
    is_name = isinstance(place.node, cst.Name) and isinstance(scope, cst.FunctionDef | cst.Lambda)
    return is_name and scope is not None and place.text in place.module.once_for_code(scope, _type_tested_names)


def _type_tested_names(scope: cst.CSTNode) -> frozenset[str]:
    tested: set[str] = set()
    for node in all_nodes(scope):
        match node:
            case cst.Call(
                func=cst.Name(value="isinstance" | "type" | "callable"), args=[cst.Arg(value=cst.Name(value=name)), *_]
            ):
                tested.add(name)
    return frozenset(tested)


def _bound_together(place: SourcePlace) -> tuple[frozenset[str], cst.CSTNode | None]:
    """Return the other names that the binding of a name binds, and the function or comprehension that binds them."""
    if isinstance(place.node, cst.Attribute) and isinstance(place.node.value, cst.Name):
        return frozenset([f"{place.node.value.value}."]), None
    if not isinstance(place.node, cst.Name):
        return frozenset(), None
    name = place.node.value
    for ancestor in ancestors_of(place.module.parents, place.node):
        match ancestor:
            case cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.GeneratorExp():
                targets = (set(target_names(clause.target)) for clause in clauses_from(ancestor.for_in))
                names = next((each for each in targets if name in each), set())
            case cst.FunctionDef() | cst.Lambda():
                names = _names_bound_with(name, ancestor, place.module)
            case cst.ClassDef():
                return frozenset(), None
            case _:
                continue
        if name in names:
            return frozenset(names - {name}), ancestor
    return frozenset(), None


def _names_bound_with(name: str, function: cst.FunctionDef | cst.Lambda, module: SourceModule) -> set[str]:
    match bindings_of(function, module).binders.get(name, []):
        case [cst.Param()]:
            return {parameter.name.value for parameter in parameters(function.params)}
        case [cst.For(target=target)]:
            return set(target_names(target))
        case _:
            return set()


def _tests_around(place: SourcePlace, scope: cst.CSTNode | None) -> Iterator[_Tests]:
    """Yield the names in each test that decides whether the code at `place` runs, up to the function around it."""
    module, child = place.module, place.node
    for ancestor in islice(ancestors_of(module.parents, place.node), _MAX_ANCESTORS):
        match ancestor:
            case cst.If(test=test, body=body, orelse=orelse) | cst.IfExp(test=test, body=body, orelse=orelse):
                if test is not child:
                    yield _tests(test, body if orelse is child else orelse, module)
            case cst.While(test=test) if test is not child:
                yield _tests(test, None, module)
            case cst.Match(subject=subject) if subject is not child:
                names = module.once_for_code(subject, _names)
                yield _Tests(names, names, {})
            case cst.MatchCase(guard=cst.BaseExpression() as guard) if guard is not child:
                yield _tests(guard, None, module)
            case cst.BooleanOperation(left=left, right=right) if right is child:
                yield _tests(left, None, module)
            case cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.GeneratorExp():
                filters = (each.test for clause in clauses_from(ancestor.for_in) for each in clause.ifs)
                yield from (_tests(test, None, module) for test in filters)
            case cst.IndentedBlock():
                yield module.once_for_code(ancestor, _tests_before_jumps)
        if ancestor is scope or isinstance(ancestor, cst.FunctionDef | cst.Lambda):
            return
        child = ancestor


def _tests(test: cst.CSTNode, other: cst.CSTNode | None, module: SourceModule) -> _Tests:
    """Return the names in a test, after which other code may run."""
    names = module.once_for_code(test, _names)
    if isinstance(other, cst.If):  # an `elif` compares alternatives
        return _Tests(names, names, {})
    reads = frozenset[str]() if other is None else module.once_for_code(other, _names)
    return _Tests(names, module.once_for_code(test, _compared_names), dict.fromkeys(reads, names))


def _key(place: SourcePlace) -> str:
    """Return the name at `place`, or its owner with a dot, as in `_names`."""
    match place.node:
        case cst.Attribute(value=cst.Name(value=owner)):
            return f"{owner}."
        case _:
            return place.text


def _names(expression: cst.CSTNode) -> frozenset[str]:
    """Return the names in code, and the owners of its attributes with a dot: `self.` for `self.kind`."""
    names: set[str] = set()
    for node in all_nodes(expression):
        if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name):
            names.add(f"{node.value.value}.")
        elif isinstance(node, cst.Name):
            names.add(node.value)
    return frozenset(names)


def _compared_names(test: cst.CSTNode) -> frozenset[str]:
    """Return the names in a test except those that it only tests for truth, a missing value or a bound."""
    names: set[str] = set()
    pending = [test]
    while pending:
        match pending.pop():
            case cst.BooleanOperation(left=left, right=right):
                pending += [left, right]
            case cst.UnaryOperation(operator=cst.Not(), expression=operand):
                pending.append(operand)
            case cst.Name() | cst.Attribute(value=cst.Name()):
                pass
            case cst.Comparison(comparisons=[cst.ComparisonTarget(operator=operator)]) if isinstance(operator, _BOUNDS):
                pass
            case cst.Comparison(comparisons=[cst.ComparisonTarget(comparator=cst.Name(value="None"))]):
                pass
            case other:
                names |= _names(other)
    return frozenset(names)


def _tests_before_jumps(block: cst.CSTNode) -> _Tests:
    """Return the names in the tests of a block that contain a jump, which decide whether other statements run."""
    names: set[str] = set()
    compared: set[str] = set()
    by_other_read: defaultdict[str, set[str]] = defaultdict(set)
    for statement in block.body if isinstance(block, cst.IndentedBlock) else ():
        match statement:
            case cst.If(test=test) if _jumps(statement):
                tested = _names(test)
                names |= tested
                compared |= _compared_names(test)
                for read in _names(statement.body):
                    by_other_read[read] |= tested
            case cst.Match(subject=subject) if _jumps(statement):
                names |= _names(subject)
                compared |= _names(subject)
    return _Tests(frozenset(names), frozenset(compared), dict(by_other_read))


def _jumps(statement: cst.If | cst.Match) -> bool:
    return any(isinstance(each, _JUMPS) for each in expressions_below(statement))
