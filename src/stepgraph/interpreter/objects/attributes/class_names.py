"""Attribute names with the name of the class of an object, as in `getattr(self, f"visit_{type(node).__name__}")`."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import MAX_CASES, union_values
from stepgraph.interpreter.objects.attributes.name_patterns import literal_text
from stepgraph.interpreter.objects.attributes.table_strings import binders_of_local
from stepgraph.interpreter.values.objects import ProjectObject
from stepgraph.ir.values import External, is_none
from stepgraph.syntax.walk import expressions_below


def texts_with_class_names(interpreter: Interpreter, node: cst.CSTNode) -> list[str]:
    """Return the texts that an expression with class names of objects may have. Return an empty list if unknown."""
    if isinstance(node, cst.Name):
        match binders_of_local(interpreter, node.value):
            case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=value)]:
                return _texts(interpreter, value) if _is_constant(interpreter, value) else []
            case _:
                return []
    return _texts(interpreter, node)


def _texts(interpreter: Interpreter, node: cst.CSTNode) -> list[str]:
    subject = _subject_of(node)
    if subject is not None:
        return _class_names(interpreter, node, subject)
    match node:
        case cst.SimpleString() | cst.FormattedStringText() if (text := literal_text(node)) is not None:
            return [text]
        case cst.FormattedStringExpression(conversion=None, format_spec=None, equal=None, expression=inner):
            return _texts(interpreter, inner)
        case cst.FormattedString(parts=[*parts]):
            return _concatenated([_texts(interpreter, part) for part in parts])
        case cst.BinaryOperation(operator=cst.Add(), left=left, right=right):
            return _concatenated([_texts(interpreter, left), _texts(interpreter, right)])
        case cst.Call(func=cst.Attribute(value=inner, attr=cst.Name("lower")), args=[]):
            return [text.lower() for text in _texts(interpreter, inner)]
        case _:
            return []


def _concatenated(parts: Sequence[Sequence[str]]) -> list[str]:
    """Return the concatenations of one alternative of each part, or an empty list if there are too many."""
    texts = [""]
    for alternatives in parts:
        texts = [text + each for text in texts for each in alternatives]
        if len(texts) > MAX_CASES:
            return []
    return texts


def _subject_of(node: cst.CSTNode) -> cst.Name | None:
    """Return the variable in `type(x).__name__` or `x.__class__.__name__`."""
    match node:
        case cst.Attribute(
            value=(
                cst.Call(func=cst.Name("type"), args=[cst.Arg(value=cst.Name() as subject, star="", keyword=None)])
                | cst.Attribute(value=cst.Name() as subject, attr=cst.Name("__class__"))
            ),
            attr=cst.Name("__name__"),
        ):
            return subject
        case _:
            return None


def _class_names(interpreter: Interpreter, node: cst.CSTNode, subject: cst.Name) -> list[str]:
    from stepgraph.interpreter.objects.attributes.access import constant_name
    from stepgraph.interpreter.objects.builtin_classes import is_error

    is_type = isinstance(node, cst.Attribute) and (
        not isinstance(node.value, cst.Call) or interpreter.evaluate(node.value.func) == External("builtins.type")
    )
    names: list[str] = []
    for value in union_values(interpreter.evaluate(subject)) if is_type else ():
        name = constant_name(interpreter, value.cls) if isinstance(value, ProjectObject) else None
        if is_none(value):
            names.append("NoneType")
        elif name is None or not isinstance(value, ProjectObject) or value.may_be_replaced or is_error(value):
            return []
        else:
            names.append(str(name.value))
    return list(dict.fromkeys(names))


def _is_constant(interpreter: Interpreter, node: cst.CSTNode) -> bool:
    """Return whether an expression has the same value wherever it is in the function, because it reads parameters."""
    subjects = [subject for each in expressions_below(node) if (subject := _subject_of(each)) is not None]
    binders = [binders_of_local(interpreter, subject.value) for subject in subjects]
    return all(len(each) == 1 and isinstance(each[0], cst.Param) for each in binders)
