"""Names in annotations that Python before 3.14 evaluates together with the definition."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from stepgraph.syntax.bindings import bindings_of, parameters, scan
from stepgraph.syntax.body_names import names_of_statements
from stepgraph.syntax.deferred.blocks import sketch_of
from stepgraph.syntax.load_names import names_read_in, type_only_names
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import ancestors_of, statements


def postpones_annotations(module: SourceModule) -> bool:
    """Return whether a module never evaluates its annotations."""
    return module.mentions(b"from __future__ import annotations")


def is_in_annotation(node: cst.CSTNode, module: SourceModule) -> bool:
    """Return whether a node is part of an annotation."""
    return any(isinstance(ancestor, cst.Annotation) for ancestor in ancestors_of(module.parents, node))


def unbound_annotation_names(module: SourceModule) -> tuple[cst.Name, ...]:
    """Return the names in annotations that the module evaluates when it is loaded, and that it does not bind by then.

    These are the annotations outside of functions and blocks. Imports only for type checkers bind nothing.
    """
    return () if postpones_annotations(module) else tuple(_names_before_their_bindings(module))


def is_defined_later(name: cst.Name, module: SourceModule) -> bool:
    """Return whether a name that an annotation reads too early is bound later in the module."""
    return name.value in bindings_of(module.tree, module).binders


def _names_before_their_bindings(module: SourceModule) -> Iterator[cst.Name]:
    body = names_of_statements(module, module.tree)
    binders = frozenset(bindings_of(module.tree, module).binders)
    # A function may bind a name that it declares as global before the body does.
    is_in_order = not module.mentions(b"global ")
    bound = binders.difference(*(each.bound for each in body)) if is_in_order else binders
    type_only = module.once(type_only_names)
    for each in body:
        yield from _unbound_names(each.statement, bound - type_only, module)
        bound |= each.bound


def names_in_signature(function: cst.FunctionDef, module: SourceModule) -> tuple[cst.Name, ...]:
    """Return the names in the annotations of the parameters and the result of a function, except type parameters."""
    return () if postpones_annotations(module) else tuple(_names_in_signature(function))


def _unbound_names(statement: cst.CSTNode, bound: frozenset[str], module: SourceModule) -> Iterator[cst.Name]:
    """Yield the names in the annotations of a statement, and in the body of a class, that are not bound."""
    match statement:
        case cst.FunctionDef():
            yield from (name for name in _names_in_signature(statement) if name.value not in bound)
        case cst.AnnAssign(annotation=annotation):
            yield from (name for name in names_read_in([annotation]) if name.value not in bound)
        case cst.ClassDef():
            sketch = sketch_of(statement.body)
            if sketch is not statement.body and not any(_unbound_names_in_class(statement, sketch, bound, module)):
                return
            yield from _unbound_names_in_class(statement, statement.body, bound, module)


def _unbound_names_in_class(
    node: cst.ClassDef, body: cst.BaseSuite, bound: frozenset[str], module: SourceModule
) -> Iterator[cst.Name]:
    # LibCST rejects a name from a sketch.
    members = scan(node if body is node.body else cst.ClassDef(node.name, body), module).binders
    inner = bound.union(members, _type_parameters(node))
    for statement in statements(body):
        yield from _unbound_names(statement, inner, module)


def _names_in_signature(function: cst.FunctionDef) -> Iterator[cst.Name]:
    annotations = [*(each.annotation for each in parameters(function.params)), function.returns]
    type_parameters = _type_parameters(function)
    names = names_read_in(annotation for annotation in annotations if annotation is not None)
    return (name for name in names if name.value not in type_parameters)


def _type_parameters(node: cst.FunctionDef | cst.ClassDef) -> frozenset[str]:
    if node.type_parameters is None:
        return frozenset()
    return frozenset(parameter.param.name.value for parameter in node.type_parameters.params)
