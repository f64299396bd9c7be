"""Digests of the code that the values of expressions depend on, for expressions without a short definition.

Two versions with the same digest have the same values of local variables and global names.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Final, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.hashing import short_digest
from stepgraph.syntax.bindings import bindings_of, dotted_names
from stepgraph.syntax.definitions.bound_values import SETTINGS
from stepgraph.syntax.definitions.called_functions import deciding_arguments
from stepgraph.syntax.definitions.definition_code import (
    ast_names,
    code_of,
    expression_of,
    expression_tree,
    parsed_expression,
    with_attributes,
)
from stepgraph.syntax.definitions.definition_scope import OpaqueFunction, functions_around
from stepgraph.syntax.definitions.function_calls import (
    DefinedFunction,
    arguments_for,
    is_collection,
    names_function,
    parameter_position,
)
from stepgraph.syntax.definitions.global_values import source_digest
from stepgraph.syntax.definitions.normal_values import NO_MODULE
from stepgraph.syntax.definitions.variable_changes import (
    blocks_left,
    changes_before_exits,
    changes_in_parts,
    changes_in_repeated,
    deciding_parts,
    number_before,
    number_of_positions_before,
    passes_skipped,
    positions_of,
)
from stepgraph.syntax.free_names import free_names
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import COMPREHENSIONS, ancestors_of, clauses_from, code_without_layout

if TYPE_CHECKING:
    from stepgraph.syntax.definitions.definition_scope import DefinitionScope

_MAX_VARIABLES: Final = 300
"""The maximum number of variables whose values are followed."""
_ASSIGNED: Final = 2
"""The number of components of a dotted name that an assignment does not read: a variable and its attribute."""

_Functions: TypeAlias = tuple[cst.FunctionDef, ...]
"""Nested functions, innermost first."""


class _DecidingCode(Struct, frozen=True):
    """An expression or statement that decides a value."""

    node: cst.CSTNode
    functions: _Functions
    """The functions around the node."""
    module: SourceModule
    reader: cst.CSTNode | None
    """The node in these functions that reads the value, or None if it may be read at any place."""

    def part(self, node: cst.CSTNode, functions: _Functions) -> _DecidingCode:
        """Return other code of the same module with the same reader."""
        return _DecidingCode(node, functions, self.module, self.reader)


class ValueSources:
    """The code in functions of a module that decides the values of expressions."""

    def __init__(self, module: SourceModule, scope: DefinitionScope, opaque: OpaqueFunction | None = None) -> None:
        """Prepare the search. The parameters of `opaque` stand for themselves."""
        self._module = module
        self._scope = scope
        self._opaque = opaque
        self.reads: set[str] = set()
        """The variables and attributes in the code, as in `WriteIndex`."""

    def of(
        self, nodes: Sequence[cst.CSTNode], functions: Sequence[cst.FunctionDef], at: cst.CSTNode | None = None
    ) -> str:
        """Return the digest for expressions in nested functions, innermost first.

        With the node `at` that reads them, the digest depends on the heads of loops in front of it.
        """
        enclosing = tuple(functions)
        code = [_DecidingCode(node, enclosing, self._module, at) for node in nodes]
        return _SourceSearch(self._module, self._scope, self.reads, self._opaque).digest(code)

    def of_function(self, function: cst.FunctionDef, enclosing: Sequence[cst.FunctionDef]) -> str:
        """Return the digest for the variables of outer functions that a function reads, or an empty string."""
        names = free_names(function, self._module)
        captured = [node for name, node in names.items() if any(self._binds(each, name) for each in enclosing)]
        return self.of(captured, enclosing) if captured else ""

    def of_result(self, function: cst.FunctionDef, enclosing: Sequence[cst.FunctionDef]) -> str:
        """Return the digest for the results of a function with steps."""
        code = self._scope.called_functions.deciding_code(DefinedFunction(self._module, function, function))
        return self.of([node for _, node in code], (function, *enclosing))

    def _binds(self, function: cst.FunctionDef, name: str) -> bool:
        return bindings_of(function, self._module).binds(name)


class _SourceSearch:
    """The search for the code that decides the values of some expressions."""

    def __init__(
        self, module: SourceModule, scope: DefinitionScope, reads: set[str], opaque: OpaqueFunction | None
    ) -> None:
        self.reads = reads
        self._opaque = opaque
        self.values = scope.globals
        self._scope = scope
        self._called = scope.called_functions
        self._run = scope.run
        self._calls = scope.calls
        self._modules = {module.path: module}
        self._pending: deque[_DecidingCode] = deque()
        self._numbers: dict[tuple[int, str], str] = {}
        """The numbers of the variables, by the identity of the function and the name."""
        self._followed: dict[tuple[int, str], dict[str, Sequence[cst.CSTNode]]] = {}
        """The statements that change a variable, with the keys of `_numbers`, by the attribute that is read, if any."""
        self._positions: dict[tuple[int, str, str], Sequence[int]] = {}
        """The positions of these statements, by the function, the name and the attribute."""
        self._texts: list[str] = []

    def digest(self, code: Sequence[_DecidingCode]) -> str:
        self._pending += code
        while self._pending:
            if not self.values.may_read_source():
                # The texts of the modules stand for the remaining code.
                if self._opaque is not None:
                    self._opaque.add_all()
                return "_".join(module.once(source_digest) for module in self._modules.values())
            self._texts += self._text(self._pending.popleft())
        return short_digest(" ".join(self._texts))

    def _text(self, code: _DecidingCode) -> Iterator[str]:
        """Yield the text of an expression or statement, with values in place of names."""
        trees: Sequence[ast.AST | None] | None
        if isinstance(code.node, cst.BaseExpression):
            trees = [expression_of(code.node, code.module)]
        else:
            trees = code_of(code.node, code.module)
        for tree in trees or [None]:
            if tree is None:
                yield code_without_layout(code.node)
                continue
            try:
                replaced = _SourceNameReplacer(self, code).visit(tree)
            except RecursionError:
                yield code_without_layout(code.node)
                continue
            if replaced is not None:  # An annotation without a value decides nothing.
                yield ast.dump(replaced)

    def value_of(self, names: Sequence[str], code: _DecidingCode, *, is_read: bool) -> tuple[str, int]:
        """Return an expression for a dotted name in some code, and the number of components it stands for.

        A name that the code only assigns belongs to a variable, whose value does not matter.
        """
        enclosing, module = code.functions, code.module
        index = next((at for at, each in enumerate(enclosing) if bindings_of(each, module).binds(names[0])), None)
        if index is None:
            return self.values.of(names, module) or (names[0], 1)
        binders = bindings_of(enclosing[index], module).binders[names[0]]
        if len(binders) == 1 and isinstance(binders[0], cst.Import | cst.ImportFrom):
            return self.values.of_import(binders[0], names, module) or (names[0], 1)
        key = id(enclosing[index]), names[0]
        if key not in self._numbers and len(self._numbers) < _MAX_VARIABLES:
            self._numbers[key] = f"v{len(self._numbers)}"
        if is_read and key in self._numbers:
            reading = code.part(code.node, enclosing[index:])
            self._add_changes(names, binders, reading)
            self._texts.append(f"{self._numbers[key]} after {self._changes_before(names, reading)}")
        number, first = self._numbers.get(key, names[0]), next(iter(enclosing[index].params.params), None)
        is_receiver = first is not None and first.name.value == names[0] and len(names) > 1
        member = self.values.of_member(names[1], enclosing[index], module) if is_receiver else None
        if member is None:
            return number, 1
        return (f"{number}.{member}" if member.isidentifier() else member), 2

    def _add_changes(self, names: Sequence[str], binders: Sequence[cst.CSTNode], code: _DecidingCode) -> None:
        """Add the code that decides the value of a variable of a function, or of an attribute of its object."""
        function, attribute = code.functions[0], next(iter(names[1:]), "")
        followed = self._followed.setdefault((id(function), names[0]), {})
        if attribute in followed or len(self._pending) > self.values.remaining_sources:
            return  # If the pending code exceeds the limit, the digest depends on no further code.
        changes = self._scope.changes(names[0], function, code.module, attribute)
        blocks = () if code.reader is None else blocks_left(changes, code.reader, code.module)
        earlier = {id(each) for nodes in followed.values() for each in nodes}
        writes = [*dict.fromkeys((*binders, *changes.mutations))]
        self._texts += map(str, changes_before_exits(writes, blocks, function, code.module))
        self._texts += (changes_in_parts(writes, each, function, code.module) for each in blocks)
        if code.reader is not None:
            self._texts += changes_in_repeated(changes, writes, code.reader, function, code.module)
        skipped = () if code.reader is None else passes_skipped(changes, writes, code.reader, function, code.module)
        for each in skipped:
            if isinstance(each, cst.Continue):
                self._texts.append(f"Continue {number_before(writes, each, function, code.module)}")
            else:
                self._pending.append(code.part(each, code.functions))
        followed[attribute] = [*dict.fromkeys((*writes, *blocks))]
        for binder in followed[attribute]:
            if id(binder) not in earlier or isinstance(binder, cst.Param):
                self._texts.append(self._identifier(binder, code.module))
                part = code.part(binder, code.functions)
                self._pending += self._parts(part, attribute, is_block=binder in blocks)

    def _changes_before(self, names: Sequence[str], code: _DecidingCode) -> int:
        """Return the number of changes of a variable in front of the code that reads it, and of blocks with others."""
        function = code.functions[0]
        attribute = next(iter(names[1:]), "")
        key = id(function), names[0], attribute
        if key not in self._positions:
            # Beyond the limit of sources, the changes are not collected, and the digest depends on none of them.
            changes = self._followed[id(function), names[0]].get(attribute, ())
            self._positions[key] = positions_of(changes, function, code.module)
        return number_of_positions_before(self._positions[key], code.node, function, code.module)

    def result_of(self, call: ast.Call, code: _DecidingCode) -> ast.Call | None:
        """Return a call of a function with steps with only the arguments that decide its result, or None.

        For a call that may run several functions or pass other arguments, an identifier for their code is added.
        """
        name = next(reversed(ast_names(call.func)), "")
        may_call = code.functions and self._called.may_call(name, code.functions[0])
        expression = cst.parse_expression(ast.unparse(call)) if may_call else None
        if not isinstance(expression, cst.Call):
            return None
        called = self._called.called_by(expression, code.functions)
        result = None if called is None else self._called.result_of(called)
        if called is None or result is None:
            identifier = self._called.identifier_of(expression, code.functions)
            function = ast.Attribute(call.func, identifier, ast.Load()) if identifier else call.func
            return ast.Call(function, call.args, call.keywords)
        keywords: list[ast.keyword] = []
        for parameter, value in deciding_arguments(expression, called.node, result):
            tree = expression_tree(NO_MODULE.code_for_node(value))
            if tree is None:
                return None
            keywords.append(ast.keyword(parameter, tree))
        self.reads |= result.reads
        return ast.Call(ast.Name(result.identifier, ast.Load()), [], keywords)

    def _identifier(self, binder: cst.CSTNode, module: SourceModule) -> str:
        """Return an identifier for a function, or the kind of another definition of a variable."""
        match binder:
            case cst.FunctionDef(decorators=[]):
                return self.values.of_function(binder, module)
            case _:
                return type(binder).__name__

    def _parts(self, code: _DecidingCode, attribute: str, *, is_block: bool) -> Iterator[_DecidingCode]:
        """Yield the code that decides the value of a variable, which `code` binds or changes, perhaps in its blocks.

        If its name is not empty, only an attribute of the object is read.
        """
        binder, enclosing, module = code.node, code.functions, code.module
        match binder:
            case cst.FunctionDef(decorators=[]):
                code_of_results = self._called.deciding_code(DefinedFunction(module, binder, binder))
                results = (node for _, node in code_of_results)
                for node in (*free_names(binder, module).values(), *results):
                    yield code.part(node, (binder, *enclosing))
            case cst.FunctionDef(decorators=decorators):
                yield from (code.part(each.decorator, enclosing) for each in decorators)
            case cst.For():
                parts = (binder.target, binder.iter, *deciding_parts(binder, module))
                yield from (code.part(part, enclosing) for part in parts)
            case cst.With(items=items) if not is_block:
                yield from (code.part(each.item, enclosing) for each in items)
            case cst.While() | cst.If() | cst.Match() | cst.With() | cst.Try() | cst.TryStar():
                yield from (code.part(part, enclosing) for part in deciding_parts(binder, module))
            case cst.Param():
                if binder.default is not None:
                    yield code.part(binder.default, enclosing[1:])
                if self._opaque is not None and enclosing[0] is self._opaque.node:
                    self._opaque.read(binder.name.value, attribute)
                else:
                    yield from self._arguments(binder, enclosing[0], attribute)
            case cst.BaseSmallStatement() | cst.NamedExpr():
                yield code.part(binder, enclosing)

    def _arguments(self, parameter: cst.Param, function: cst.FunctionDef, attribute: str) -> Iterator[_DecidingCode]:
        """Yield the arguments that the calls of a function pass for a parameter, or an attribute of each."""
        name = parameter.name.value
        position = parameter_position(name, function)
        for call in () if function is self._run else self._calls.get(function, ()):
            self._modules[call.module.path] = call.module
            enclosing = functions_around(call)
            is_named = names_function(call.node, function)
            arguments = [each.value for each in arguments_for(name, position, function, call.node)] if is_named else []
            if attribute and not is_collection(name, function):
                arguments = [_attribute_of(each, attribute) for each in arguments]
            for node in (*(arguments if is_named else [call.node]), *_clauses_around(call)):
                yield _DecidingCode(node, enclosing, call.module, call.node)


class _SourceNameReplacer(ast.NodeTransformer):
    """Replaces names in the code of nested functions."""

    def __init__(self, search: _SourceSearch, code: _DecidingCode) -> None:
        self._search = search
        self._code = code

    def visit_Name(self, node: ast.Name) -> ast.AST:
        self._search.reads.add(node.id)
        return self._dotted((node.id,), is_read=isinstance(node.ctx, ast.Load))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        names = ast_names(node)
        self._search.reads.update((*names[:1], *(f".{name}" for name in names[1:] or [node.attr])))
        if not names:
            return with_attributes(self.visit(node.value), [node.attr], self._code_of)
        return self._dotted(names, is_read=isinstance(node.ctx, ast.Load) or len(names) > _ASSIGNED)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        result = self._search.result_of(node, self._code)
        if result is not None:
            return self.generic_visit(result)
        match node.func:
            case ast.Call(func=ast.Attribute(attr="do")):
                node.args = []  # the engine keeps the result of a step
            case ast.Attribute(attr=method) if method in SETTINGS:
                node.keywords = [each for each in node.keywords if each.arg not in SETTINGS[method]]
                node.args = node.args[:1]  # the others are settings
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return None if node.value is None else self.visit(ast.Assign([node.target], node.value))

    def _dotted(self, names: tuple[str, ...], *, is_read: bool) -> ast.AST:
        text, used = self._search.value_of(names, self._code, is_read=is_read)
        return with_attributes(parsed_expression(text, ast.Load()), names[used:], self._code_of)

    def _code_of(self, attribute: str) -> str | None:
        return self._search.values.of_attribute(attribute, self._code.module)


def _attribute_of(argument: cst.BaseExpression, attribute: str) -> cst.BaseExpression:
    """Return an attribute of the object that a name stands for, or another expression itself."""
    is_name = bool(dotted_names(argument))
    return cst.Attribute(argument, cst.Name(attribute)) if is_name else argument


def _clauses_around(call: SourcePlace) -> Iterator[cst.BaseExpression]:
    """Yield the iterables and conditions of the comprehensions around a call, which decide their variables."""
    for outer in takewhile(
        lambda each: not isinstance(each, cst.FunctionDef), ancestors_of(call.module.parents, call.node)
    ):
        for clause in clauses_from(outer.for_in) if isinstance(outer, COMPREHENSIONS) else ():
            yield from (clause.iter, *(each.test for each in clause.ifs))
