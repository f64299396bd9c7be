"""Values of global names, by which equal conditions and names of steps are recognized in two versions of a project.

The value of a constant is its literal. Functions, classes and other definitions have identifiers, which depend on their
code and on the values of all names in it, also of imported ones, but not on names of variables, types and the layout.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from sys import maxsize
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.hashing import short_digest
from stepgraph.syntax.bindings import Bindings, bindings_of, dotted_names, last_name
from stepgraph.syntax.definitions.attribute_methods import AttributeMethods
from stepgraph.syntax.definitions.class_hierarchy import ClassHierarchy, PlacedClass, class_around, is_class_method
from stepgraph.syntax.definitions.constant_attributes import attribute_writes, module_writes
from stepgraph.syntax.definitions.definition_code import (
    INITIALIZERS,
    NameValues,
    assigned_value,
    assigns_attribute,
    bound_value,
    code_of,
    expression_of,
    with_values,
)
from stepgraph.syntax.definitions.dotted_names import (
    ImportedName,
    NameDefinition,
    OutsideName,
    Target,
    UnreadName,
    imported_name,
    locate,
    locate_import,
)
from stepgraph.syntax.definitions.enumerations import reads_class
from stepgraph.syntax.definitions.function_calls import DefinedFunction, only_function
from stepgraph.syntax.free_names import captured_variables
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.modules import Importer
from stepgraph.syntax.mutation.changes import may_mutate_in_functions
from stepgraph.syntax.walk import ancestors_of, code_without_layout, expressions_below, statements

_MAX_TOTAL_CHARACTERS: Final = 100_000
"""The maximum length of all definitions whose code is read for a graph."""
_MAX_SOURCES: Final = 3_000
"""The maximum number of expressions and statements in functions whose code is read for a graph."""
_MAX_CONSTANT: Final = 200
"""The maximum length of a constant that stands for itself."""
_MAX_METHODS: Final = 8
"""The maximum number of methods with one name whose identifiers are in that of the name. Each text contains it."""
_NAME_ATTRIBUTE: Final = re.compile(rb"\.\s*__(?:qual)?name__")
_CONSTANT_NODES: Final = (
    *(ast.Constant, ast.BinOp, ast.UnaryOp, ast.Tuple, ast.List, ast.Set, ast.Dict),
    *(ast.operator, ast.unaryop, ast.expr_context),
)
"""The syntax of constants that stand for themselves."""


class GlobalVariable(Struct, frozen=True):
    """A variable of a module with a single assignment, or a decorated function."""

    value: cst.BaseExpression
    """The assigned value, or the calls of the decorators with the name of the function."""
    statement: cst.CSTNode
    """The assignment, or the definition of the function."""
    module: SourceModule
    used: int
    """The number of components of the dotted name that stand for the variable."""


class GlobalValues:
    """The values of the global names in the modules of a project."""

    def __init__(
        self, importer: Importer | None, find_steps: Callable[[], Iterable[SourcePlace]], classes: ClassHierarchy
    ) -> None:
        """Prepare the values. `find_steps` returns the nodes of the steps in a graph."""
        self.importer = importer
        self._classes = classes
        self.methods = AttributeMethods(classes, find_steps)
        """The methods whose code counts where their names are read."""
        self._remaining = _MAX_TOTAL_CHARACTERS
        self.remaining_sources = _MAX_SOURCES
        self._pending: dict[int, int] = {}
        """The indexes of the definitions whose code is being read, by the identity of the node, outermost first."""
        self._lowest = maxsize
        """The lowest index of a pending definition to which the code of the innermost one refers."""
        self._values: dict[int, tuple[cst.CSTNode, str]] = {}
        """The definitions that have been read with their values, by the identity of the node."""
        self._attributes: dict[str, tuple[Sequence[tuple[cst.FunctionDef, SourceModule]], str | None]] = {}
        """The methods with the name of an attribute, and its identifier, unless a method is being read."""
        self._unread: dict[str, str] = {}
        """The identifiers of modules that cannot be parsed, by path."""

    def of(self, names: Sequence[str], module: SourceModule) -> tuple[str, int] | None:
        """Return an expression for a dotted name in a module, and the number of components that it stands for.

        Return None for a name that no module binds, such as that of a built-in function.
        """
        return self._of_target(locate(names, module, self.importer), names)

    def of_import(
        self, statement: cst.Import | cst.ImportFrom, names: Sequence[str], module: SourceModule
    ) -> tuple[str, int] | None:
        """Return an expression as `of` does for a name that an import in a function binds."""
        return self.of_imported(imported_name(statement, names[0]), names, module)

    def of_imported(
        self, imported: ImportedName | None, names: Sequence[str], module: SourceModule
    ) -> tuple[str, int] | None:
        """Return an expression as `of` does for a dotted name whose first component is imported."""
        return self._of_target(locate_import(imported, names, module, self.importer), names)

    def of_function(self, function: cst.FunctionDef | cst.ClassDef, module: SourceModule) -> str:
        """Return an identifier for a function or class, or its name if it has steps, which are in the graph."""
        return self._of_code(function, [function], module) or function.name.value

    def function(self, names: Sequence[str], module: SourceModule) -> DefinedFunction | None:
        """Return the function that a dotted global name stands for, unless it may stand for another value."""
        match locate(names, module, self.importer):
            case NameDefinition(module=defining, name=defined, used=used) if used == len(names):
                bindings = bindings_of(defining.tree, defining)
                place = only_function(bindings.binders[defined], defining)
                is_only = place is not None and id(place.binder) in bindings.top_level_statements
                return place if is_only and defined not in bindings.mutations else None
            case _:
                return None

    def variable(self, names: Sequence[str], module: SourceModule) -> GlobalVariable | None:
        """Return the variable for a dotted name in a module if a single statement decides its value, or None."""
        target = locate(names, module, self.importer)
        if not isinstance(target, NameDefinition):
            return None
        bindings = bindings_of(target.module.tree, target.module)
        binders = bindings.binders[target.name]
        value = bound_value(target.name, binders[0], target.module) if len(binders) == 1 else None
        is_only = id(binders[0]) in bindings.top_level_statements and target.name not in bindings.mutations
        if value is None or not is_only or _may_change(target.name, value, target.module):
            return None
        if any(module_writes(target.name, target.module, self._classes)):
            return None
        return GlobalVariable(value, binders[0], target.module, target.used)

    def class_variable(self, name: str, method: cst.FunctionDef, module: SourceModule) -> GlobalVariable | None:
        """Return the variable in the body of a class that a method reads, if nothing else decides its value.

        Its value contains no name of another member.
        """
        owner = class_around(method, module)
        receivers = () if owner is None else self._classes.receivers(owner, module)
        places = [self._class_binder(name, each) for each in receivers]
        first = places[0] if places else None
        if first is None or not all(each is not None and each[0] is first[0] for each in places):
            return None
        if any(True for each in receivers for _ in attribute_writes(name, each, self._classes)):
            return None
        binder, members, inside = first
        value = assigned_value(name, binder)
        names = () if value is None else (each.value for each in expressions_below(value) if isinstance(each, cst.Name))
        if value is None or _may_change(name, value, inside) or any(map(members.binds, names)):
            return None
        return GlobalVariable(value, binder, inside, 1)

    def _class_binder(self, name: str, owner: PlacedClass) -> tuple[cst.CSTNode, Bindings, SourceModule] | None:
        """Return the only statement that binds a member of a class, with the bindings of the class around it."""
        for each, inside in self._classes.with_bases(*owner):
            bindings = bindings_of(each, inside)
            binders = bindings.binders.get(name, [])
            if binders:
                return (binders[0], bindings, inside) if len(binders) == 1 and name not in bindings.mutations else None
        return None

    def method(self, name: str, enclosing: cst.FunctionDef, module: SourceModule) -> DefinedFunction | None:
        """Return a method of the objects on which another method runs, or None for an unknown member."""
        owner = class_around(enclosing, module)
        receivers = () if owner is None else self._classes.receivers(owner, module)
        methods = [self.class_method(name, receiver) for receiver in receivers]
        first = methods[0] if methods else None
        is_only = first is not None and all(each is not None and each.node is first.node for each in methods)
        return first if is_only else None

    def class_method(self, name: str, owner: PlacedClass) -> DefinedFunction | None:
        """Return a method of the objects of a class, or None for an unknown member."""
        for each, inside in self._classes.with_bases(*owner):
            binders = bindings_of(each, inside).binders.get(name, [])
            if binders:
                return only_function(binders, inside)
        return None

    def of_member(self, name: str, method: cst.FunctionDef, module: SourceModule) -> str | None:
        """Return an expression for a member of the objects on which a method runs, or None for an unknown member."""
        owner = class_around(method, module)
        receivers = () if owner is None else self._classes.receivers(owner, module)
        values = [*dict.fromkeys(self.of_class_member(name, *receiver) for receiver in receivers)]
        match values:
            case []:
                return None
            case [only]:
                return only
            case _:
                code = " ".join((name, *(value or "" for value in values)))
                return _identifier_of("m", code)

    def of_attribute(self, name: str, module: SourceModule) -> str | None:
        """Return an identifier for an attribute whose value methods decide, or None for another one."""
        methods = self.methods.named(name, module)
        cached = self._attributes.get(name)
        if cached is not None and cached[0] is methods:
            return cached[1]
        identifiers = [self._of_code(each, [each], place) for each, place in methods]
        different = [*dict.fromkeys(filter(None, identifiers))]
        code = different if len(different) <= _MAX_METHODS else [short_digest(" ".join(different))]
        identifier = "_".join((name, *code)) if different else None
        if all(id(each) in self._values for (each, _), text in zip(methods, identifiers, strict=True) if text):
            self._attributes[name] = methods, identifier
        return identifier

    def of_receiver(self, method: cst.FunctionDef, module: SourceModule) -> str | None:
        """Return an identifier for the class that a class method receives, or None for another function."""
        owner = class_around(method, module) if is_class_method(method) else None
        receivers = () if owner is None else self._classes.receivers(owner, module)
        identifiers = [self._of_code(each, [each], inside) or each.name.value for each, inside in receivers]
        return "_".join(dict.fromkeys(identifiers)) or None

    def classes_around(self, method: cst.FunctionDef, module: SourceModule) -> Iterator[PlacedClass]:
        """Yield the class around a method and its base classes in the project."""
        owner = class_around(method, module)
        return iter(()) if owner is None else self._classes.with_bases(owner, module)

    def of_class_member(
        self, name: str, owner: cst.ClassDef, module: SourceModule, attributes: Sequence[str] = ()
    ) -> str | None:
        """Return an expression for a member of a class, or None for an unknown member.

        `attributes` are the names of the attributes of the member that the code reads.
        """
        classes = [*self._classes.with_bases(owner, module)]
        for each, inside in classes:
            initializers = [
                function
                for function in statements(each.body)
                if isinstance(function, cst.FunctionDef)
                and function.name.value in INITIALIZERS
                and assigns_attribute(function, name, inside)
            ]
            if initializers:
                return self._of_code(initializers[0], initializers, inside) or name
            binders = bindings_of(each, inside).binders.get(name, [])
            value = assigned_value(name, binders[0]) if len(binders) == 1 else None
            if value is not None:
                text = self._of_assigned(value, binders[0], inside, each)
                if any(True for _ in attribute_writes(name, (owner, module), self._classes)):
                    return _identifier_of("m", f"{name} {text}")
                if all(self._classes.is_plain(cls, place) for cls, place in classes):
                    return text
                is_whole = text.startswith("g_") or reads_class([cls for cls, _ in classes], attributes)
                code = (self._of_code(owner, [owner], module) or owner.name.value) if is_whole else ""
                bases = () if attributes else (last_name(base.value) for cls, _ in classes for base in cls.bases)
                return _identifier_of("m", " ".join((name, text, code, *bases)))
            if binders:
                return _for_name(name, binders, self._of_code(binders[0], binders, inside, each))
        return None

    def _of_assigned(
        self,
        value: cst.BaseExpression,
        statement: cst.CSTNode,
        module: SourceModule,
        owner: cst.ClassDef | None = None,
    ) -> str:
        return self._once(statement, lambda: self.of_expression(value, module, owner))

    def may_read_source(self) -> bool:
        """Count an expression or statement in a function. Return whether the limit for a graph is not exceeded."""
        self.remaining_sources -= 1
        return self.remaining_sources >= 0

    def of_expression(self, value: cst.BaseExpression, module: SourceModule, owner: cst.ClassDef | None = None) -> str:
        """Return an expression for the value of another one in a module or class."""
        tree = expression_of(value, module) if self._remaining > 0 else None
        if tree is None:
            return f"u_{module.once(source_digest)}"
        try:
            normal = with_values(tree, _DefinitionNames(self, module, owner=owner))
            text = ast.unparse(normal)
        except RecursionError:
            return f"u_{module.once(source_digest)}"
        self._remaining -= len(text)
        if len(text) <= _MAX_CONSTANT and all(isinstance(each, _CONSTANT_NODES) for each in ast.walk(normal)):
            return text
        if isinstance(normal, ast.Name | ast.Attribute):
            return text
        return _identifier_of("g", text)

    def _of_target(self, target: Target, names: Sequence[str]) -> tuple[str, int] | None:
        match target:
            case OutsideName(name=name, used=used):
                return name.lstrip("."), used
            case UnreadName(path=path, used=used):
                return self._of_unread(path), used
            case NameDefinition(module=module, name=name, used=used):
                return self._of_definition(name, module, used, names)
        return None

    def _of_unread(self, path: str) -> str:
        """Return an identifier for all names of a module that cannot be parsed."""
        if path not in self._unread:
            content = None if self.importer is None else self.importer.modules.read_files.get(path)
            self._unread[path] = _identifier_of("u", content or path)
        return self._unread[path]

    def _of_definition(self, name: str, module: SourceModule, used: int, names: Sequence[str]) -> tuple[str, int]:
        bindings = bindings_of(module.tree, module)
        binders, mutations = bindings.binders[name], bindings.mutations.get(name, ())
        if len(binders) == 1 and not mutations and id(binders[0]) in bindings.top_level_statements:
            value = assigned_value(name, binders[0])
            if value is not None and not _may_change(name, value, module):
                return self._of_variable(name, value, binders[0], module, used, names)
            if isinstance(binders[0], cst.ClassDef) and used < len(names):
                member = self.of_class_member(names[used], binders[0], module, names[used + 1 :])
                if member is not None:
                    return member, used + 1
        outermost = [*dict.fromkeys((*(_outermost(each, module) for each in binders), *mutations))]
        return _for_name(name, binders, self._of_code(binders[0], outermost, module)), used

    def _of_variable(
        self,
        name: str,
        value: cst.BaseExpression,
        statement: cst.CSTNode,
        module: SourceModule,
        used: int,
        names: Sequence[str],
    ) -> tuple[str, int]:
        """Return the value of a variable of a module with one assignment, which other modules may replace."""
        text, count = self._alias(value, statement, module, used, names)
        writes = [code_without_layout(each.statement) for each in module_writes(name, module, self._classes)]
        return (_identifier_of("m", " ".join((text, *writes))) if writes else text), count

    def _alias(
        self, value: cst.BaseExpression, statement: cst.CSTNode, module: SourceModule, used: int, names: Sequence[str]
    ) -> tuple[str, int]:
        """Return the value of a variable of a module, which may be another name of a function, class or constant."""
        alias = dotted_names(value)
        if not alias or id(statement) in self._pending:
            return self._of_assigned(value, statement, module), used
        path = (*alias, *names[used:])
        self._pending[id(statement)] = len(self._pending)
        try:
            result = self._of_target(locate(path, module, self.importer), path)
        finally:
            del self._pending[id(statement)]
        text, count = result or (alias[0], 1)
        return ".".join((text, *alias[count:])), used + max(0, count - len(alias))

    def _of_code(
        self,
        node: cst.CSTNode,
        code: Sequence[cst.CSTNode],
        module: SourceModule,
        owner: cst.ClassDef | None = None,
    ) -> str:
        """Return an identifier for the definition in a node by its code, or an empty string for code with steps."""
        if any(map(self.methods.has_steps, (node, *code))):
            return ""
        return self._once(node, lambda: self._read(code, module, owner))

    def _read(self, code: Sequence[cst.CSTNode], module: SourceModule, owner: cst.ClassDef | None) -> str:
        texts: list[str] = []
        for node in code:
            left_out = self.methods.left_out(node, module) if isinstance(node, cst.ClassDef) else ()
            trees = code_of(node, module, left_out) if self._remaining > 0 else None
            if trees is None:
                return f"u_{module.once(source_digest)}"
            names, receiver = self.names_of(node, module, owner)
            captured = captured_variables(node, module) if isinstance(node, cst.FunctionDef) else ()
            try:
                texts += (ast.dump(with_values(tree, names, receiver, captured)) for tree in trees)
            except RecursionError:
                return f"u_{module.once(source_digest)}"
            texts.append("method" if _method_at(node, module) is not None else "")
        if any(each.once(_reads_names) for each in self._classes.modules_with(module)):
            texts += (each.name.value for each in code if isinstance(each, cst.FunctionDef | cst.ClassDef))
        self._remaining -= sum(map(len, texts))
        return _identifier_of("f", " ".join(texts))

    def names_of(
        self, node: cst.CSTNode, module: SourceModule, owner: cst.ClassDef | None = None
    ) -> tuple[NameValues, str]:
        """Return the global names in the code of a node, and the name of the first parameter of a method."""
        method = _method_at(node, module)
        receiver = next((each.name.value for each in method.params.params), "") if method is not None else ""
        scope = None if isinstance(node, cst.FunctionDef) else owner
        return _DefinitionNames(self, module, node if isinstance(node, cst.ClassDef) else scope, method), receiver

    def _once(self, node: cst.CSTNode, compute: Callable[[], str]) -> str:
        """Return the value of the definition in a node, or a reference to the definition while it is being read."""
        if id(node) in self._values:
            return self._values[id(node)][1]
        depth = len(self._pending)
        index = self._pending.get(id(node))
        if index is not None:
            self._lowest = min(self._lowest, index)
            return f"r_{depth - index}"
        lowest, self._lowest = self._lowest, maxsize
        self._pending[id(node)] = depth
        try:
            text = compute()
        finally:
            del self._pending[id(node)]
        if self._lowest >= depth:
            self._values[id(node)] = node, text
            self._lowest = lowest
        else:
            self._lowest = min(self._lowest, lowest)
        return text


class _DefinitionNames(Struct, frozen=True):
    """The global names in the code of a definition, as `NameValues`."""

    values: GlobalValues
    module: SourceModule
    owner: cst.ClassDef | None = None
    """The class whose body contains the code directly."""
    method: cst.FunctionDef | None = None
    """The method that contains the code."""

    def global_value(self, names: Sequence[str]) -> tuple[str, int] | None:
        if self.owner is not None and names[0] in bindings_of(self.owner, self.module).binders:
            member = self.values.of_class_member(names[0], self.owner, self.module)
            return None if member is None else (member, 1)
        return self.values.of(names, self.module)

    def imported_value(self, imported: ImportedName, names: Sequence[str]) -> tuple[str, int] | None:
        return self.values.of_imported(imported, names, self.module)

    def member_value(self, name: str) -> str | None:
        return None if self.method is None else self.values.of_member(name, self.method, self.module)

    def base_value(self, name: str) -> str | None:
        classes = () if self.method is None else self.values.classes_around(self.method, self.module)
        values = (self.values.of_class_member(name, owner, module) for owner, module in list(classes)[1:])
        return next((value for value in values if value is not None), None)

    def class_value(self) -> str | None:
        return None if self.method is None else self.values.of_receiver(self.method, self.module)

    def attribute_value(self, name: str) -> str | None:
        return self.values.of_attribute(name, self.module)


def _method_at(node: cst.CSTNode, module: SourceModule) -> cst.FunctionDef | None:
    """Return the method whose definition is a node, or None for another node."""
    outer = module.parents.get(id(module.parents.get(id(node))))
    return node if isinstance(node, cst.FunctionDef) and isinstance(outer, cst.ClassDef) else None


def _may_change(name: str, value: cst.BaseExpression, module: SourceModule) -> bool:
    """Return whether a function may mutate the collection of a variable of a module."""
    return isinstance(value, cst.List | cst.Dict | cst.Set) and may_mutate_in_functions(module, name)


def _outermost(node: cst.CSTNode, module: SourceModule) -> cst.CSTNode:
    """Return the statement of a module that contains a node."""
    if id(node) in bindings_of(module.tree, module).top_level_statements:
        return node
    path = [node, *ancestors_of(module.parents, node)]
    if isinstance(path[-1], cst.Module):
        path.pop()
    outermost = path[-1]
    return node if isinstance(outermost, cst.SimpleStatementLine) else outermost


def _for_name(name: str, binders: Sequence[cst.CSTNode], identifier: str) -> str:
    """Return an identifier for one of several names that a statement may bind. A name has none in code with steps."""
    is_definition = len(binders) == 1 and isinstance(binders[0], cst.FunctionDef | cst.ClassDef)
    return name if not identifier else identifier if is_definition else f"{identifier}_{name}"


def _reads_names(module: SourceModule) -> bool:
    """Return whether code may read the name of a function or class as an attribute."""
    return module.mentions(b"name__") and _NAME_ATTRIBUTE.search(module.utf_8_source) is not None


def source_digest(module: SourceModule) -> str:
    """Return a short digest of the text of a module, which stands for code beyond the limits."""
    return short_digest(module.source)


def _identifier_of(kind: str, content: str | bytes) -> str:
    return f"{kind}_{short_digest(content)}"
