"""The values that validation creates for data, from annotations such as `list[Line]` or `Email | Sms`.

Libraries such as pydantic convert the fields of data to objects of the annotated classes. A value is created only for
an annotation with a class of the project whose methods may run steps. Its objects represent any number of objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.imports import star_source
from stepgraph.interpreter.objects.classes import project_classes
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.python.arguments import make_mapping, make_result_collection
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Element, MappingEntry
from stepgraph.interpreter.values.objects import ClassValue, LexicalScope, ModuleValue, ProjectObject
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import UNKNOWN, Constant, External, Value
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import statements

_LISTS: Final = frozenset({"list", "List", "Sequence", "Iterable", "Collection", "MutableSequence", "deque", "Deque"})
_SETS: Final = frozenset({"set", "Set", "frozenset", "FrozenSet", "AbstractSet"})
_TUPLES: Final = frozenset({"tuple", "Tuple"})
_MAPPINGS: Final = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict"})
_WRAPPERS: Final = frozenset({"Annotated", "Final", "Required", "NotRequired", "SerializeAsAny", "InstanceOf"})
_MAX_DEPTH: Final = 20
"""The maximum nesting of annotations, including those of aliases."""


def annotated_value(
    interpreter: Interpreter, scope: LexicalScope, annotation: cst.BaseExpression, place: SourcePlace
) -> Value | None:
    """Return the value that validation creates for an annotation in a scope. Return None if it is only data."""
    return _Annotation(interpreter, place, creates=True).value(scope, annotation, 0)


class _Annotation:
    """The evaluation of an annotation. Unless it `creates` objects, a class stands for its objects."""

    def __init__(self, interpreter: Interpreter, place: SourcePlace, *, creates: bool) -> None:
        self.interpreter = interpreter
        self.place = place
        self.creates = creates

    def value(self, scope: LexicalScope, node: cst.BaseExpression, depth: int) -> Value | None:
        self.interpreter.budget.spend(Limit.ELEMENTS)
        if depth > _MAX_DEPTH:
            return None
        match node:
            case cst.SimpleString() if (name := string_of(node)) is not None and name.isidentifier():
                return self._named(scope, cst.Name(name), depth)
            case cst.BinaryOperation(operator=cst.BitOr()):
                return self._union(scope, [*_alternatives(node)], depth)
            case cst.Subscript(value=base, slice=elements):
                arguments = [each.slice.value for each in elements if isinstance(each.slice, cst.Index)]
                return self._subscript(scope, base, arguments, depth)
            case cst.Name():
                return self._named(scope, node, depth)
            case cst.Attribute():
                return self._object(self._evaluate(scope, node))
            case _:
                return None

    def _evaluate(self, scope: LexicalScope, node: cst.BaseExpression) -> Value:
        with self.interpreter.in_definition_body(scope):
            return self.interpreter.evaluate(node)

    def _named(self, scope: LexicalScope, name: cst.Name, depth: int) -> Value | None:
        alias = self._alias(scope, name.value, depth)
        return self._object(self._evaluate(scope, name)) if alias is None else self.value(*alias, depth + 1)

    def _alias(
        self, scope: LexicalScope | None, name: str, depth: int
    ) -> tuple[LexicalScope, cst.BaseExpression] | None:
        """Return the annotation that a name stands for, with its scope. Return None if the name is no alias."""
        while scope is not None and name not in scope.bindings.binders:
            scope = scope.parent
        binders = () if scope is None else scope.bindings.binders[name]
        if scope is None or len(binders) != 1 or depth > _MAX_DEPTH:
            return None
        match binders[0]:
            case cst.Assign(value=value) | cst.AnnAssign(value=cst.BaseExpression() as value):
                return scope, value
            case cst.TypeAlias(value=value):
                return scope, value
            case cst.ImportFrom(names=[*aliases]) as statement:
                with self.interpreter.in_definition_body(scope):
                    module = star_source(self.interpreter, statement)
                source = module.scope if isinstance(module, ModuleValue) else None
                imported = [
                    each.evaluated_name for each in aliases if (each.evaluated_alias or each.evaluated_name) == name
                ]
                return self._alias(source, imported[0], depth + 1) if source is not None and imported else None
            case _:
                return None

    def _subscript(
        self, scope: LexicalScope, base: cst.BaseExpression, arguments: Sequence[cst.BaseExpression], depth: int
    ) -> Value | None:
        generic = self._evaluate(scope, base)
        if not isinstance(generic, External) or not arguments:
            return self._object(generic)
        kind, depth = generic.name.rsplit(".", 1)[-1], depth + 1
        if kind == "Union":
            return self._union(scope, arguments, depth)
        if kind == "Optional":
            return self._union(scope, [*arguments, cst.Name("None")], depth)
        if kind in _WRAPPERS:
            is_replaced = any("Validator" in scope.module.text(each) for each in arguments[1:])
            return None if is_replaced else self.value(scope, arguments[0], depth)
        if kind in _LISTS | _SETS | _TUPLES:
            return self._collection(scope, kind, arguments, depth)
        if kind in _MAPPINGS:
            value = self.value(scope, arguments[-1], depth)
            entry = MappingEntry(UNKNOWN, value, self.place, self.place, many=True) if value is not None else None
            return None if entry is None else make_mapping(self.interpreter, (entry,))
        return None

    def _collection(
        self, scope: LexicalScope, kind: str, arguments: Sequence[cst.BaseExpression], depth: int
    ) -> Value | None:
        has_one_type = kind not in _TUPLES or isinstance(arguments[-1], cst.Ellipsis)
        values = [self.value(scope, each, depth) for each in (arguments[:1] if has_one_type else arguments)]
        if all(value is None for value in values):
            return None
        elements = tuple(
            Element(UNKNOWN if value is None else value, self.place, many=has_one_type) for value in values
        )
        plain: CollectionKind = "set" if kind in _SETS else "tuple" if kind in _TUPLES else "list"
        return make_result_collection(self.interpreter, plain, elements)

    def _union(self, scope: LexicalScope, nodes: Sequence[cst.BaseExpression], depth: int) -> Value | None:
        values = [
            Constant(None) if isinstance(node, cst.Name) and node.value == "None" else self.value(scope, node, depth)
            for node in nodes
        ]
        if all(value is None or isinstance(value, Constant) for value in values):
            return None
        names = [
            scope.module.text(node) if isinstance(value, ProjectObject) else "None"
            for node, value in zip(nodes, values, strict=True)
        ]
        return union_of_values(
            [UNKNOWN if value is None else value for value in values], names, self.place.text, self.place
        )

    def _object(self, owner: Value) -> Value | None:
        """Create an object of a class. Return None if neither its methods nor its fields run steps."""
        if not isinstance(owner, ClassValue) or not self._may_run_steps(owner):
            return None
        if not self.creates:
            return owner
        work = self.interpreter.work
        instance: Value | None = work.validated.get(owner)
        if instance is None:
            data = Arguments((Argument(UNKNOWN, self.place, star="**"),))
            validates, work.validates = work.validates, True
            instance = self.interpreter.call(owner, data, self.place)
            work.validates = validates
        if isinstance(instance, ProjectObject):
            instance.state.repeated_at = self.place
        return instance

    def _may_run_steps(self, owner: ClassValue) -> bool:
        """Return whether a method of a class, or of the classes of its fields, may run steps."""
        validated = self.interpreter.work.validated_classes
        if owner not in validated:
            validated[owner] = False  # ends the recursion of a class that refers to itself
            validated[owner] = any(map(self._has_active_part, project_classes(owner)))
        return validated[owner]

    def _has_active_part(self, owner: ClassValue) -> bool:
        if owner.scope.module.once_for_code(owner.node, _has_active_methods):
            return True
        fields = [each for each in statements(owner.node.body) if isinstance(each, cst.AnnAssign)]
        search = _Annotation(self.interpreter, self.place, creates=False)
        return any(search.value(owner.scope, each.annotation.annotation, 0) is not None for each in fields)


def _alternatives(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """Yield the operands of a chain of `|`, in order."""
    operands: list[cst.BaseExpression] = []
    while isinstance(node, cst.BinaryOperation):
        operands.append(node.right)
        node = node.left
    yield node
    yield from reversed(operands)


def _has_active_methods(node: cst.ClassDef) -> bool:
    """Return whether a class has methods that are async or that receive arguments."""
    methods = [each for each in statements(node.body) if isinstance(each, cst.FunctionDef)]
    return any(
        method.asynchronous is not None or (not method.decorators and len(parameters(method.params)) > 1)
        for method in methods
    )
