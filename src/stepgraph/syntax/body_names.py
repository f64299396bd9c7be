"""Names in the statements of a module or class body, their dependencies, and effects of statements on objects.

Names are compared by their text: the variable `steps` and the attribute `steps` of any object are one name.

The workflows of a module ask the same questions about the dependencies in its body, and in those of the modules that
it imports. Each question takes linear time, so the answers are stored with the module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final, TypeVar

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import (
    binding_words,
    bindings_of,
    default_values,
    expressions_at_definition,
    may_load_modules,
    parameters,
    scan,
)
from stepgraph.syntax.deferred.blocks import sketch_of
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourceModule, once_per_code, once_per_node
from stepgraph.syntax.mutation.assignments import attribute_targets
from stepgraph.syntax.mutation.changes import mutated_values, names_mutated_in_functions, namespace_item
from stepgraph.syntax.mutation.member_reads import COMPUTED_MEMBER, member_sources
from stepgraph.syntax.walk import (
    all_nodes,
    expressions_below,
    self_and_statements_below,
    statements,
    statements_below,
)

Answer = TypeVar("Answer")

_ASSIGNMENTS: Final = (cst.Assign, cst.AnnAssign, cst.AugAssign)
# A test of the type is several times as fast as a pattern, and few nodes match one.
_MEMBER_TYPES: Final = frozenset([cst.Attribute, cst.Call, cst.Subscript])
_SCOPE_TYPES: Final = frozenset([cst.ClassDef, cst.FunctionDef, cst.Lambda])
_MAX_ANSWERS: Final = 8
"""The maximum number of stored answers to each question. A workflow asks up to four."""

_PURE_METHODS: Final = frozenset(
    [
        "casefold",
        "endswith",
        "exists",
        "format",
        "get",
        "getenv",
        "join",
        "lower",
        "split",
        "startswith",
        "strip",
        "upper",
    ]
)
"""Methods and functions that change no object, by the last component of their names."""
_PURE_FUNCTIONS: Final = frozenset(["bool", "callable", "float", "hasattr", "int", "isinstance", "len", "print", "str"])


class StatementNames(Struct, frozen=True):
    """The names in a top-level statement of a module or class body."""

    statement: cst.CSTNode
    evaluated: frozenset[str]
    """Names and attributes in the code that runs with the body, including decorators, defaults and class bodies."""
    mentioned: frozenset[str]
    """Names and attributes anywhere in the statement, including the bodies of functions."""
    bound: frozenset[str]
    """Names that the statement binds."""
    imports: tuple[cst.Import | cst.ImportFrom, ...]
    """The import statements inside the statement, including the statement itself."""


@once_per_node
def names_of_statements(owner: cst.Module | cst.ClassDef, module: SourceModule) -> Sequence[StatementNames]:
    """Return the names in each top-level statement of the body of a module or class."""
    names_by_binder: dict[int, set[str]] = {}
    for name, nodes in bindings_of(owner, module).binders.items():
        for node in nodes:
            names_by_binder.setdefault(id(node), set()).add(name)
    body = owner if isinstance(owner, cst.Module) else owner.body
    return tuple(_names_of(statement, names_by_binder) for statement in statements(body))


def _names_of(statement: cst.CSTNode, names_by_binder: dict[int, set[str]]) -> StatementNames:
    inner = list(self_and_statements_below(statement))
    return StatementNames(
        statement,
        frozenset(_identifiers(evaluated_nodes(statement))),
        frozenset(_identifiers(all_nodes(statement, sketched=True))),
        frozenset(name for node in inner for name in names_by_binder.get(id(node), ())),
        tuple(node for node in inner if isinstance(node, cst.Import | cst.ImportFrom)),
    )


def _identifiers(nodes: Iterable[cst.CSTNode]) -> Iterator[str]:
    for node in nodes:
        if type(node) is cst.Name:
            yield node.value
        elif type(node) in _MEMBER_TYPES:
            yield from _computed_identifiers(node)


def _computed_identifiers(node: cst.CSTNode) -> Iterator[str]:
    """Yield the name of a member that an expression reads by a string or a computed name."""
    match node:
        case cst.Call(func=cst.Name(value="getattr"), args=[_, cst.Arg(value=cst.SimpleString() as name), *_]):
            yield string_of(name) or COMPUTED_MEMBER
        case cst.Call() | cst.Attribute():
            if member_sources(node):
                yield COMPUTED_MEMBER
        case cst.Subscript() if (item := namespace_item(node)) is not None:
            yield item
        case _:
            pass


def evaluated_nodes(statement: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the nodes of a statement that may run with the body, including lambdas but not the bodies of functions."""
    pending = [statement]
    while pending:
        for node in expressions_below(pending.pop()):
            yield node
            if type(node) not in _SCOPE_TYPES:
                continue
            pending += expressions_at_definition(node)  # type: ignore[arg-type] # checked by type
            if isinstance(node, cst.FunctionDef | cst.ClassDef) and node.decorators:
                pending.append(node.name)  # its decorators receive it
            if isinstance(node, cst.ClassDef):
                inner = [*statements(sketch_of(node.body))]
                pending += inner
                if node.bases and any(map(_creates_members, inner)):
                    pending.append(node.name)  # an enumeration calls its methods when the class is created
            elif isinstance(node, cst.Lambda):
                pending.append(node.body)


def _creates_members(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.FunctionDef(name=cst.Name(value="__init__" | "__new__")):
            return True
        case _:
            return False


def only_binds_names(statement: cst.CSTNode) -> bool:
    """Return whether a statement of a body binds names of the body without running other code."""
    match statement:
        case cst.Assign(targets=targets):
            is_binding = all(isinstance(target.target, cst.Name) for target in targets)
        case cst.AnnAssign(target=target):
            is_binding = isinstance(target, cst.Name)
        case cst.ClassDef(bases=[], keywords=[], decorators=[], body=body):
            is_binding = all(map(only_binds_names, statements(body)))
        case _:
            is_binding = isinstance(statement, cst.FunctionDef | cst.Pass | cst.Expr)
    return is_binding and not has_call(statement)


def has_call(statement: cst.CSTNode) -> bool:
    """Return whether a statement of a body may call code when the body runs, also by a decorator."""
    return any(isinstance(node, cst.Call) for node in evaluated_nodes(statement)) or bool(
        getattr(statement, "decorators", ())
    )


def collections_mutated_in_functions(module: SourceModule) -> frozenset[str]:
    """Return the module and class variables, and the attributes, whose collections are mutated in functions."""
    bound = set(bindings_of(module.tree, module).binders)
    for node in _classes_in(module):
        # Only the names matter, so the sketch of the class suffices. LibCST rejects a name from a sketch.
        body = sketch_of(node.body)
        owner = node if body is node.body else cst.ClassDef(node.name, body)
        bound.update(scan(owner, binding_words(module)).binders)
    return frozenset(
        name
        for name in module.once(names_mutated_in_functions).all()
        if name in bound or module.mentions(b"." + name.encode())
    )


def _classes_in(module: SourceModule) -> Iterator[cst.ClassDef]:
    statements = statements_below(module.tree, into_functions=True, sketched=True, words=("class",))
    return (statement for statement in statements if isinstance(statement, cst.ClassDef))


_STATEFUL_CALLS = frozenset(
    [
        *("ContextVar", "enumerate", "filter", "iter", "map", "reversed", "zip"),
        *("accumulate", "chain", "compress", "count", "cycle", "dropwhile", "from_iterable", "islice", "repeat"),
        *("starmap", "takewhile", "tee", "zip_longest"),
    ]
)
"""Calls that return an iterator or a context variable, by the last component of their names."""


def names_of_iterators(module: SourceModule) -> frozenset[str]:
    """Return the variables of module and class bodies that may hold iterators or context variables."""
    owners: list[cst.Module | cst.ClassDef] = [module.tree, *filter(_may_hold_iterators, _classes_in(module))]
    return frozenset(
        name
        for owner in owners
        for item in names_of_statements(owner, module)
        if item.bound and not isinstance(item.statement, cst.FunctionDef | cst.ClassDef) and not item.imports
        if any(_is_stateful(node) for node in evaluated_nodes(item.statement))
        for name in item.bound
    )


def _may_hold_iterators(node: cst.ClassDef) -> bool:
    """Return whether a variable of a class may hold an iterator or a context variable."""
    assignments = (s for s in statements(sketch_of(node.body)) if not isinstance(s, cst.FunctionDef | cst.ClassDef))
    return any(_is_stateful(inner) for statement in assignments for inner in evaluated_nodes(statement))


def _is_stateful(node: cst.CSTNode) -> bool:
    if type(node) is cst.GeneratorExp:
        return True
    if type(node) is not cst.Call:
        return False
    match node:
        case cst.Call(func=cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name))):
            return name in _STATEFUL_CALLS
        case _:
            return False


class ObjectChange(Struct, frozen=True):
    """A statement, inside a method, that changes an attribute of its object or the collection in the attribute."""

    method: str
    attribute: str
    """The name of the attribute, or an empty string if the statement changes an element of the object itself."""
    stores_argument: bool
    """Whether the statement mentions a parameter of the method, so it may store a function passed as argument."""


_INITIALIZERS = frozenset({"__init__", "__new__", "__post_init__"})


@once_per_code
def object_changes(node: cst.ClassDef) -> tuple[ObjectChange, ...]:
    """Return the changes that the methods of a class make to its objects after creation."""
    methods = (s for s in statements_below(node.body, sketched=True) if isinstance(s, cst.FunctionDef))
    return tuple(
        change for method in methods if method.name.value not in _INITIALIZERS for change in _changes_by(method)
    )


def _changes_by(method: cst.FunctionDef) -> Iterator[ObjectChange]:
    receiver, *names = [parameter.name.value for parameter in parameters(method.params)] or [""]
    for statement in statements_below(method.body, into_functions=True, sketched=True):
        if isinstance(statement, cst.FunctionDef):
            names += (parameter.name.value for parameter in parameters(statement.params))
        changed = [*attribute_targets(statement), *_mutated_attributes(statement)]
        for attribute in (name for owner, name in changed if _is_receiver(owner, receiver)):
            stores_argument = not set(names).isdisjoint(_identifiers(expressions_below(statement)))
            yield ObjectChange(method.name.value, attribute, stores_argument)


def _is_receiver(node: cst.BaseExpression, receiver: str) -> bool:
    """Return whether an expression refers to a method's object: the name `receiver` or a call of `super`."""
    match node:
        case cst.Name(value=name):
            return name == receiver
        case cst.Call(func=cst.Name(value="super")):
            return True
        case _:
            return False


def _mutated_attributes(statement: cst.CSTNode) -> Iterator[tuple[cst.BaseExpression, str]]:
    """Yield the owner and name of each attribute that a statement mutates. The name is empty for the owner itself."""
    match statement:
        case cst.Expr(value=cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value="__setitem__")))):
            yield owner, ""
    for value in mutated_values(statement):
        if isinstance(value, cst.Attribute):
            yield value.value, value.attr.value
        else:
            yield value, ""


def attributes_storing_arguments(module: SourceModule) -> frozenset[str]:
    """Return the attributes in which the methods of the classes of a module store their arguments."""
    classes = (
        s for s in statements_below(module.tree, into_functions=True, sketched=True) if isinstance(s, cst.ClassDef)
    )
    changes = (change for node in classes for change in object_changes(node, module))
    return frozenset(change.attribute for change in changes if change.stores_argument and change.attribute)


def importing_functions(module: SourceModule) -> frozenset[str]:
    """Return the names of the functions that import modules, and of the functions and classes that enclose them."""
    names: set[str] = set()
    pending: list[tuple[cst.BaseSuite | cst.Module, tuple[str, ...]]] = [(module.tree, ())]
    while pending:
        body, enclosing = pending.pop()
        for statement in statements_below(body, sketched=True):
            if isinstance(statement, cst.FunctionDef | cst.ClassDef):
                pending.append((statement.body, (*enclosing, statement.name.value)))
            elif isinstance(statement, cst.Import | cst.ImportFrom) and any(True for _ in may_load_modules(statement)):
                names.update(enclosing)
    return frozenset(names)


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
            _store_answer(self._dependents, key, answer)
        return answer

    def affected(self, names: frozenset[str]) -> tuple[StatementNames, ...]:
        """Return the statements that evaluate one of the names or import modules."""
        answer = self._affected.get(names)
        if answer is None:
            answer = tuple(item for item in self.statements if item.imports or not item.evaluated.isdisjoint(names))
            _store_answer(self._affected, names, answer)
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


def _store_answer(answers: dict[frozenset[str], Answer], key: frozenset[str], answer: Answer) -> None:
    if len(answers) == _MAX_ANSWERS:
        del answers[next(iter(answers))]
    answers[key] = answer


def _may_store(item: StatementNames) -> bool:
    return isinstance(item.statement, (*_ASSIGNMENTS, cst.Expr))


@once_per_node
def name_dependents(owner: cst.Module | cst.ClassDef, module: SourceModule) -> NameDependents:
    """Return the object that answers questions about the body of a module or class."""
    return NameDependents(names_of_statements(owner, module))


def depends_on_block(statement: cst.CSTNode, binders: Sequence[cst.CSTNode], module: SourceModule) -> bool:
    """Return whether the values bound by binders in a compound statement may depend on other statements in it.

    They may if a binder reads objects and another statement changes objects.
    """
    if not any(map(_reads_objects, binders)):
        return False
    ids = {id(binder) for binder in binders}
    return any(change not in ids for change in module.once_for_code(statement, _object_changes))


def _object_changes(statement: cst.CSTNode) -> tuple[int, ...]:
    """Return the identities of the statements that change objects: the statement, and statements nested in it."""
    return tuple(id(inner) for inner in self_and_statements_below(statement) if _changes_objects(inner))


def _reads_objects(binder: cst.CSTNode) -> bool:
    match binder:
        case cst.Assign(value=value) | cst.AnnAssign(value=cst.BaseExpression() as value):
            return _reads(value)
        case cst.FunctionDef(params=params, decorators=decorators):
            return bool(decorators) or any(map(_reads, default_values(params)))
        case cst.ClassDef(decorators=decorators):
            return bool(decorators)
        case _:
            return False


def _reads(value: cst.BaseExpression) -> bool:
    return any(isinstance(node, cst.Attribute | cst.Call | cst.Subscript) for node in expressions_below(value))


def _changes_objects(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.Assign(targets=targets, value=value):
            return any(not isinstance(target.target, cst.Name) for target in targets) or _calls(value)
        case cst.AnnAssign(target=target, value=cst.BaseExpression() as value):
            return not isinstance(target, cst.Name) or _calls(value)
        case cst.Expr(value=value) | cst.If(test=value) | cst.Assert(test=value):
            return _calls(value)
        case cst.AugAssign() | cst.For() | cst.While() | cst.With() | cst.Match():
            return True
        case cst.Del(target=target):
            return not isinstance(target, cst.Name)
        case cst.FunctionDef(decorators=decorators) | cst.ClassDef(decorators=decorators):
            return bool(decorators)
        case _:
            return False


def _calls(value: cst.BaseExpression) -> bool:
    """Return whether an expression calls a function that may change objects, or searches a variable with `in`."""
    return any(
        (isinstance(node, cst.Call) and not _is_pure(node.func))
        or (isinstance(node, cst.ComparisonTarget) and _searches_variable(node))
        for node in expressions_below(value)
    )


def _searches_variable(comparison: cst.ComparisonTarget) -> bool:
    return isinstance(comparison.operator, cst.In | cst.NotIn) and isinstance(comparison.comparator, cst.Name)


def _is_pure(function: cst.BaseExpression) -> bool:
    match function:
        case cst.Name(value=name):
            return name in _PURE_FUNCTIONS
        case cst.Attribute(attr=cst.Name(value=name)):
            return name in _PURE_METHODS
        case _:
            return False
