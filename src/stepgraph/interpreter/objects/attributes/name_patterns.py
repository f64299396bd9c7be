"""Attribute names that are partly constant, as in `getattr(self, "handle_" + kind)`, and their patterns.

The rest of a name may be the name of the class of an object, as in `getattr(self, f"visit_{type(node).__name__}")`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import MAX_CASES, union_values
from stepgraph.interpreter.objects.attributes.table_strings import binders_of_local
from stepgraph.interpreter.python.formatted_texts import parts_of_text
from stepgraph.interpreter.values.objects import ProjectObject
from stepgraph.ir.values import External, is_none
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import expressions_below

NamePattern: TypeAlias = Sequence[str]
"""The constant parts around the fields of a text: `n` fields have `n + 1` parts."""

_ANY_TEXT: Final = ("", "")


def pattern_of(node: cst.CSTNode, module: SourceModule) -> NamePattern:
    """Return the pattern of an expression whose value is text."""
    match node:
        case cst.SimpleString() | cst.FormattedStringText() if (text := literal_text(node)) is not None:
            return (text,)
        case cst.FormattedString(parts=[*parts]):
            return _concatenated(pattern_of(part, module) for part in parts)
        case (
            cst.ConcatenatedString(left=left, right=right)
            | cst.BinaryOperation(operator=cst.Add(), left=left, right=right)
        ):
            return _concatenated((pattern_of(left, module), pattern_of(right, module)))
        case _:
            formatted = parts_of_text(node, module)
            if formatted is None:
                return _ANY_TEXT
            return _concatenated((part,) if is_constant else _ANY_TEXT for part, is_constant in formatted)


def literal_text(node: cst.CSTNode) -> str | None:
    """Return the value of a string, or of a part of an f-string without escapes. Return None for other nodes."""
    match node:
        case cst.SimpleString():
            return string_of(node)
        case cst.FormattedStringText(value=text) if not _ESCAPES.intersection(text):
            return text
        case _:
            return None


_ESCAPES: Final = frozenset("\\{}")
"""Characters that stand for others in the text of an f-string."""


def _concatenated(patterns: Iterable[NamePattern]) -> NamePattern:
    parts = [""]
    for first, *rest in patterns:
        parts[-1] += first
        parts += rest
    return parts


def pattern_of_template(text: str) -> NamePattern:
    """Return the pattern of the text of a template, which has its fields in braces."""
    parts, depth = [""], 0
    for character in text:
        if character == "{":
            parts += [] if depth else [""]
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif not depth:
            parts[-1] += character
    return parts


def may_match(name: str, pattern: NamePattern) -> bool:
    """Return whether a name consists of the constant parts of a pattern with arbitrary text in between."""
    first, *rest = pattern
    if not rest:
        return name == first
    *middle, last = rest
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    start, end = len(first), len(name) - len(last)
    for literal in middle:
        index = name.find(literal, start, end)
        if index < 0:
            return False
        start = index + len(literal)
    return True


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
            return _combinations([_texts(interpreter, part) for part in parts])
        case cst.BinaryOperation(operator=cst.Add(), left=left, right=right):
            return _combinations([_texts(interpreter, left), _texts(interpreter, right)])
        case cst.Call(func=cst.Attribute(value=inner, attr=cst.Name("lower")), args=[]):
            return [text.lower() for text in _texts(interpreter, inner)]
        case _:
            return []


def _combinations(parts: Sequence[Sequence[str]]) -> list[str]:
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
    from stepgraph.interpreter.objects.class_relations import is_error

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
