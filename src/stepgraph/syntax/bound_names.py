"""The code that decides the value of an expression: parameters, assignments and loops of names, calls and lookups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final, NamedTuple, TypeAlias

import libcst as cst

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import Parents, all_nodes, ancestors_of, children, clauses_from

_Function: TypeAlias = cst.FunctionDef | cst.Lambda
# Types of expressions whose values an assignment records.
_DISPLAYS: Final = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString, cst.Integer, cst.Float, cst.Dict)
# Maximum numbers of assignments of a variable, and of statements in a block, that are compared. Others do not count.
_MAX_ASSIGNMENTS: Final = 10
_MAX_STATEMENTS: Final = 200


def bound_targets(place: SourcePlace) -> list[SourcePlace]:
    """Return the places that decide the value of the name at `place`.

    These are the parameter of this name, the variable in the target of a loop, or the variables of its assignments, and
    for the only assignment the assigned expression. Updates such as `delay *= 2` do not count. Return no place for
    other expressions, and for a name that is bound otherwise or tested: each value may be used in its own way.
    """
    if not isinstance(place.node, cst.Name):
        return []
    name = place.node.value
    for ancestor in ancestors_of(place.module.parents, place.node):
        match ancestor:
            case cst.ClassDef():
                return []
            case cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.GeneratorExp():
                variables = [
                    each for clause in clauses_from(ancestor.for_in) for each in _names_in(clause.target, name)
                ]
                targets: list[cst.CSTNode] | None = [*variables] if len(variables) <= 1 else None
                scope: cst.CSTNode = ancestor
            case cst.FunctionDef() | cst.Lambda():
                targets = _targets(place, ancestor, name)
                scope = ancestor.body
            case _:
                continue
        if targets is None:
            return []
        if targets:
            is_tested = name in place.module.once_for(scope, _tested_names)
            return [] if is_tested else [SourcePlace(place.module, each) for each in targets]
    return []


class ConstantLookup(NamedTuple):
    """A lookup at a constant key, as in `options["delay"]` and `options.get("delay")`."""

    owner: SourcePlace
    key: str


def constant_lookup(place: SourcePlace) -> ConstantLookup | None:
    """Return the lookup at a constant string at `place`, or None for other expressions."""
    match place.node:
        case cst.Subscript(
            value=owner, slice=[cst.SubscriptElement(slice=cst.Index(value=cst.SimpleString() as literal, star=None))]
        ):
            pass
        case cst.Call(
            func=cst.Attribute(value=owner, attr=cst.Name("get")),
            args=[cst.Arg(value=cst.SimpleString() as literal, keyword=None, star=""), *_],
        ):
            pass
        case _:
            return None
    key = string_of(literal)
    return None if key is None else ConstantLookup(SourcePlace(place.module, owner), key)


def binds_subject(match: cst.Match) -> bool:
    """Return whether a pattern of a `match` binds a name to the subject or a part of it."""
    patterns = (part for case in match.cases for part in all_nodes(case.pattern))
    return any(isinstance(part, cst.MatchAs) and part.name is not None for part in patterns)


def unpacking_targets(assign: cst.Assign) -> dict[int, cst.BaseExpression]:
    """Return the targets in `first, second = 1, 2`, by the identity of the assigned element; empty for other forms."""
    match assign:
        case cst.Assign(
            targets=[cst.AssignTarget(target=cst.Tuple(elements=targets))], value=cst.Tuple(elements=values)
        ) if len(targets) == len(values) and all(isinstance(each, cst.Element) for each in (*targets, *values)):
            return {id(value): target.value for value, target in zip(values, targets, strict=True)}
        case _:
            return {}


def is_tested_member(place: SourcePlace) -> bool:
    """Return whether an attribute or element is part of a test in the function, which may decide about its use."""
    if not isinstance(place.node, cst.Attribute | cst.Subscript):
        return False
    scope = place.module.scope_around(place.node)
    return scope is not None and place.text in place.module.once_for(scope, _tested_members)


def _targets(place: SourcePlace, function: _Function, name: str) -> list[cst.CSTNode] | None:
    """Return the nodes that decide the value of a name. Return None if code binds the name in another way."""
    binders = bindings_of(function, place.module).binders.get(name, [])
    match binders:
        case [cst.Param() as parameter]:
            return [parameter]
        case [cst.For(target=target)]:
            variables = list(_names_in(target, name))
            return [*variables] if len(variables) == 1 else None
        case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=value)]:
            return [value]
    if len(binders) > _MAX_ASSIGNMENTS:
        return None
    targets: list[cst.CSTNode] = []
    reaching = _Reaching(place.module.parents, function, place.node, [*binders])
    for binder in binders:
        match binder:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name() as variable)], value=value) if isinstance(
                value, _DISPLAYS
            ):
                if reaching.reaches_use(binder):
                    targets.append(variable)
            case _ if not _is_update(binder, name):
                return None
    return targets or (None if binders else [])


def is_updated_variable(place: SourcePlace) -> bool:
    """Return whether the function around the name at `place` computes the variable from its last value."""
    scope = place.module.scope_around(place.node)
    if not isinstance(place.node, cst.Name) or not isinstance(scope, cst.FunctionDef | cst.Lambda):
        return False
    name = place.node.value
    return any(_is_update(binder, name) for binder in bindings_of(scope, place.module).binders.get(name, ()))


def _is_update(binder: cst.CSTNode, name: str) -> bool:
    """Return whether an assignment computes the next value of a variable from its last one, as in `delay *= 2`."""
    match binder:
        case cst.AugAssign():
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=value):
            return any(_names_in(value, name))
        case _:
            return False


class _Reaching(NamedTuple):
    """The assignments of a variable that may reach one of its uses in the same function."""

    parents: Parents
    function: _Function
    use: cst.CSTNode
    binders: list[cst.CSTNode]

    def reaches_use(self, binder: cst.CSTNode) -> bool:
        """Return whether the value of an assignment may reach the use."""
        around_use = self.path_to(self.use)
        if any(isinstance(node, cst.FunctionDef | cst.Lambda | cst.ClassDef) for node in around_use):
            return False  # a nested function may run after any of the assignments
        child: cst.CSTNode = binder
        for parent in self.path_to(binder):
            children = self.block_of(parent)
            if len(children) > _MAX_STATEMENTS:
                return False
            if child in children:
                end = next((i for i, each in enumerate(children) if each is self.use or each in around_use), None)
                start = list(children).index(child)
                between = children[start + 1 : end]
                if any(self.must_assign(each) for each in between):
                    return False
                if end is not None and start >= end:
                    return any(isinstance(node, cst.For | cst.While) for node in self.path_to(parent))
                if end is not None:
                    return not self.is_assigned_before_use_in(children[end])
            child = parent
        return True

    def is_assigned_before_use_in(self, statement: cst.CSTNode) -> bool:
        """Return whether a statement around the use assigns the variable on each path from its start to the use."""
        child = self.use
        for parent in self.path_to(self.use):
            for sibling in self.block_of(parent):
                if sibling is child:
                    break
                if self.must_assign(sibling):
                    return True
            child = parent
            if child is statement:
                break
        return False

    def path_to(self, node: cst.CSTNode) -> list[cst.CSTNode]:
        """Return the nodes around a node in the function, innermost first."""
        return list(takewhile(lambda each: each is not self.function, ancestors_of(self.parents, node)))

    def block_of(self, node: cst.CSTNode) -> Sequence[cst.CSTNode]:
        match node:
            case (
                cst.IndentedBlock(body=body) | cst.SimpleStatementSuite(body=body) | cst.SimpleStatementLine(body=body)
            ):
                return body
            case _:
                return ()

    def must_assign(self, statement: cst.CSTNode) -> bool:
        """Return whether a statement assigns the variable on each path."""
        match statement:
            case cst.SimpleStatementLine(body=body):
                return any(each in self.binders for each in body)
            case cst.If(body=body, orelse=cst.If() | cst.Else() as orelse):
                return self.must_assign_in(body) and (
                    self.must_assign(orelse) if isinstance(orelse, cst.If) else self.must_assign_in(orelse.body)
                )
            case _:
                return statement in self.binders

    def must_assign_in(self, body: cst.CSTNode) -> bool:
        return any(self.must_assign(statement) for statement in self.block_of(body))


def _names_in(target: cst.BaseExpression, name: str) -> Iterator[cst.Name]:
    return (node for node in all_nodes(target) if isinstance(node, cst.Name) and node.value == name)


def _tested_names(scope: cst.CSTNode, module: SourceModule) -> frozenset[str]:
    """Return the names on which code may decide: they are part of a test, or passed to `isinstance`."""
    return frozenset(node.value for node in _tested_nodes(scope, module) if isinstance(node, cst.Name))


def _tested_members(scope: cst.CSTNode, module: SourceModule) -> frozenset[str]:
    """Return the source of the attributes and elements on which code in a scope may decide."""
    members = (node for node in _tested_nodes(scope, module) if isinstance(node, cst.Attribute | cst.Subscript))
    return frozenset(map(module.text, members))


def _tested_nodes(scope: cst.CSTNode, module: SourceModule) -> Iterator[cst.CSTNode]:
    """Yield the nodes in a scope that are part of a test, or passed to `isinstance`."""
    pending = [(scope, _is_part_of_test(module, scope))]
    while pending:
        node, is_tested = pending.pop()
        if is_tested:
            yield node
        parts = children(node)
        if type(node) in _DECIDING_TYPES:
            answers = [(part, _decides_by(node, part)) for part in parts]
            pending += [(part, is_tested if answer is None else answer) for part, answer in answers]
        else:
            pending += [(part, is_tested) for part in parts]


def _is_part_of_test(module: SourceModule, node: cst.CSTNode) -> bool:
    child = node
    for ancestor in ancestors_of(module.parents, node):
        answer = _decides_by(ancestor, child) if type(ancestor) in _DECIDING_TYPES else None
        if answer is not None:
            return answer
        child = ancestor
    return False


def _decides_by(node: cst.CSTNode, part: cst.CSTNode) -> bool | None:
    """Return whether code may decide by a part of a node. Return None if this depends on the code around the node."""
    match node:
        case cst.Call(func=cst.Name("isinstance" | "type" | "callable")):
            return True
        case cst.Call():
            return None
        case cst.If(test=test) | cst.IfExp(test=test) | cst.While(test=test) | cst.Assert(test=test):
            return test is part
        case cst.Match(subject=subject):
            return subject is part
        case _:
            return isinstance(node, cst.Comparison | cst.BooleanOperation | cst.CompIf)


# The types of the nodes of `_decides_by`. Others depend on the code around them.
_DECIDING_TYPES: Final = frozenset(
    [
        *(cst.Call, cst.Comparison, cst.BooleanOperation, cst.CompIf, cst.If, cst.IfExp, cst.While, cst.Match),
        *(cst.FunctionDef, cst.ClassDef, cst.Module, *cst.BaseSmallStatement.__subclasses__()),
    ]
)


def constant_definition(use: SourcePlace) -> SourcePlace | None:
    """Return the value that the only assignment of a name gives it. Return None unless `use` is such a name.

    The assignment is in the same module.
    """
    module = use.module
    if not isinstance(use.node, cst.Name):
        return None
    for scope in module.scopes_around(use.node):
        bindings = bindings_of(scope, module)
        if isinstance(scope, cst.ClassDef) or not bindings.binds(use.node.value):
            continue  # functions do not see the names of a class around them
        match bindings.binders[use.node.value]:
            case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=value)]:
                return SourcePlace(module, value)
            case [cst.AnnAssign(value=cst.BaseExpression() as value)]:
                return SourcePlace(module, value)
        return None
    return None
