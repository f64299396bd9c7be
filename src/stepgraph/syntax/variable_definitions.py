"""Step names and expressions with the definitions of local variables in place of their names.

Renaming a variable does not change them: `pack {item}` becomes `pack {__0 with __0 = <each of items>}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import bindings_of, parameters
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import ancestors_of

_MAX_DEFINITIONS: Final = 30
"""The maximum number of definitions of variables in one text, each counted whenever a variable occurs."""
_MAX_BINDERS: Final = 100
"""The maximum number of statements that bind a variable."""
_MAX_CHARACTERS: Final = 500
"""The maximum length of an expression."""
_MAX_TOTAL_CHARACTERS: Final = 50_000
"""The maximum length of all expressions of a graph, each counted whenever it occurs in a definition."""
_MAX_RESULT: Final = 2_000
"""The maximum length of a text with definitions."""


_RUN: Final = "run"


class DefinitionBudget(Struct):
    """The limit on the expressions of a graph."""

    remaining: int = _MAX_TOTAL_CHARACTERS
    """The number of characters that may still be read."""

    def spend(self, characters: int) -> None:
        """Count an expression. Raises _UnknownDefinitionError for a long one, and if the budget is exhausted."""
        self.remaining -= characters
        if characters > _MAX_CHARACTERS or self.remaining < 0:
            raise _UnknownDefinitionError


class _UnknownDefinitionError(Exception):
    """A variable has a definition that no expression describes."""


def defined_name(name: str, place: SourcePlace, budget: DefinitionBudget) -> str:
    """Return the name of a step in a graph, with definitions in place of the local variables in its braces.

    The variables are those at `place`. Return an empty string without variables, and if a definition is unknown.
    """
    return _defined(list(_parts(name)), place, budget) if "{" in name else ""


def defined_expression(text: str, place: SourcePlace, budget: DefinitionBudget) -> str:
    """Return an expression with definitions in place of its local variables, as `defined_name` does."""
    return _defined([(text, True)], place, budget)


def defined_loop(place: SourcePlace, budget: DefinitionBudget) -> str:
    """Return the head of a loop statement without its variable, and with definitions in place of other variables."""
    match place.node:
        case cst.For(iter=expression):
            keyword = "for each of "
        case cst.While(test=expression):
            keyword = "while "
        case _:
            return ""
    text = place.module.text(expression)
    return f"{keyword}{defined_expression(text, place, budget) or text}"


def _defined(parts: Sequence[tuple[str, bool]], place: SourcePlace, budget: DefinitionBudget) -> str:
    """Return texts of which some are expressions, with definitions in place of their local variables."""
    definitions = _Definitions(place.module, _functions_around(place), budget)
    try:
        texts = [definitions.expand(text, place.node, 0) if is_expression else text for text, is_expression in parts]
    except (_UnknownDefinitionError, cst.ParserSyntaxError):
        return ""
    defined = "\0".join(texts)
    is_usable = len(defined) <= _MAX_RESULT and defined != "\0".join(text for text, _ in parts)
    return defined if is_usable else ""


def _functions_around(place: SourcePlace) -> tuple[cst.FunctionDef, ...]:
    """Return the functions in whose bodies a node is, innermost first. A decorator is outside of its function."""
    nodes = (place.node, *ancestors_of(place.module.parents, place.node))
    decorated = {id(after) for node, after in pairwise(nodes) if isinstance(node, cst.Decorator)}
    return tuple(function for function in place.functions if id(function) not in decorated)


def _parts(name: str) -> Iterator[tuple[str, bool]]:
    """Yield the texts of a name outside and inside of its outermost braces, and whether they are inside."""
    depth = start = 0
    for index, character in enumerate(name):
        if character == "{":
            if depth == 0:
                yield name[start:index], False
                start = index + 1
            depth += 1
        elif character == "}" and depth:
            depth -= 1
            if depth == 0:
                yield name[start:index], True
                start = index + 1
    yield name[start:], False


class _Definitions(Struct):
    """The definitions of the local variables of functions inside each other."""

    module: SourceModule
    functions: Sequence[cst.FunctionDef]
    """The functions, innermost first."""
    budget: DefinitionBudget
    pending: list[tuple[int, str]] = field(default_factory=list)
    """The variables that are being defined, with the indexes of their functions. A loop may define one by itself."""
    remaining: int = _MAX_DEFINITIONS

    def expand(self, text: str, at: cst.CSTNode, function: int) -> str:
        """Return an expression at a node of one of the functions, with the definitions of its variables."""
        self.budget.spend(len(text))
        numbering = _Numbering(lambda name: self._variable(name, at, function))
        numbered = _parse(text).visit(numbering)
        if not isinstance(numbered, cst.CSTNode):
            raise _UnknownDefinitionError
        code = cst.Module([]).code_for_node(numbered)
        definitions = ", ".join(f"{number} = {definition}" for number, definition in numbering.definitions.items())
        return f"{code} with {definitions}" if definitions else code

    def _variable(self, name: str, at: cst.CSTNode, function: int) -> str:
        for index in range(function, len(self.functions)):
            bindings = bindings_of(self.functions[index], self.module)
            if name in bindings.globals:
                return name
            if bindings.binds(name):
                return self._definitions(name, index, self._reaching(bindings.binders[name], at))
        return name

    def _reaching(self, binders: Sequence[cst.CSTNode], at: cst.CSTNode) -> Sequence[cst.CSTNode]:
        """Return the binders whose values a node may read: only the innermost loop over the variable, if it is one."""
        if len(binders) > _MAX_BINDERS:
            raise _UnknownDefinitionError
        parents = self.module.parents
        loop = next((each for each in ancestors_of(parents, at) if isinstance(each, cst.For) and each in binders), None)
        others = (binder for binder in binders if binder is not loop)
        is_only = loop is not None and not any(loop in ancestors_of(parents, binder) for binder in others)
        return (loop,) if loop is not None and is_only else binders

    def _definitions(self, name: str, function: int, binders: Sequence[cst.CSTNode]) -> str:
        key = function, name
        if key in self.pending:
            return f"<{self.pending.index(key)}>"
        self.remaining -= len(binders)
        if self.remaining < 0:
            raise _UnknownDefinitionError
        self.pending.append(key)
        definitions = [self._definition(name, binder, function) for binder in binders]
        self.pending.pop()
        return definitions[0] if len(definitions) == 1 else f"({'; '.join(definitions)})"

    def _definition(self, name: str, binder: cst.CSTNode, function: int) -> str:
        match binder:
            case cst.FunctionDef() | cst.ClassDef() | cst.Import() | cst.ImportFrom():
                return name
            case cst.Param():
                # Calls of other functions may pass something else to a renamed parameter.
                owner = self.functions[function]
                index = parameters(owner.params).index(binder)
                return f"<parameter {index} of run>" if owner.name.value == _RUN else name
            case cst.Assign(targets=targets, value=value):
                paths = [path for target in targets if (path := _path(target.target, name)) is not None]
                return f"({self._text(value, binder, function)}){_only(paths)}"
            case (
                cst.AnnAssign(target=target, value=cst.BaseExpression() as value)
                | cst.NamedExpr(target=target, value=value)
            ):
                return f"({self._text(value, binder, function)}){_path(target, name)}"
            case cst.AugAssign(target=cst.Name(), operator=operator, value=value):
                return f"{type(operator).__name__} ({self._text(value, binder, function)})"
            case cst.For(target=target, iter=iterable):
                return f"<each of {self._text(iterable, binder, function)}>{_path(target, name)}"
            case _:
                raise _UnknownDefinitionError

    def _text(self, node: cst.BaseExpression, at: cst.CSTNode, function: int) -> str:
        return self.expand(self.module.text(node), at, function)


def _parse(text: str) -> cst.BaseExpression:
    """Return an expression, perhaps with a format such as `!r:>3`, as an f-string. Raises ParserSyntaxError."""
    try:
        return cst.parse_expression(text)
    except cst.ParserSyntaxError:
        return cst.parse_expression(f'f"""{{{text}}}"""')


class _Numbering(cst.CSTTransformer):
    """Replaces the names of variables in an expression by numbers, in the order of their first occurrences."""

    def __init__(self, definition_of: Callable[[str], str]) -> None:
        super().__init__()
        self._definition_of = definition_of
        self._members: set[int] = set()
        """The identities of the names of attributes and keyword arguments."""
        self._names: dict[str, str] = {}
        self.definitions: dict[str, str] = {}
        """The definitions of the variables, by the names that replace theirs."""

    def on_visit(self, node: cst.CSTNode) -> bool:
        match node:
            case cst.Attribute(attr=member) | cst.Arg(keyword=cst.Name() as member):
                self._members.add(id(member))
            case cst.Lambda() | cst.CompFor() | cst.NamedExpr():
                # Their names are those of other scopes, or depend on the order of evaluation.
                raise _UnknownDefinitionError
        return True

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> cst.CSTNodeT | cst.RemovalSentinel:
        if not isinstance(original_node, cst.Name) or id(original_node) in self._members:
            return updated_node
        name = original_node.value
        if name not in self._names:
            definition = self._definition_of(name)
            self._names[name] = number = name if definition == name else f"__{len(self.definitions)}"
            if number != name:
                self.definitions[number] = definition
        return updated_node.with_changes(value=self._names[name])


def _path(target: cst.BaseExpression, name: str) -> str | None:
    """Return the position of a name in the target of an assignment, such as `.1` for `b` in `a, b`, or None."""
    match target:
        case cst.Name(value=value):
            return "" if value == name else None
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            paths = (
                f".{index}{path}"
                for index, element in enumerate(elements)
                if (path := _path(element.value, name)) is not None
            )
            return next(paths, None)
        case _:
            return None


def _only(paths: Sequence[str]) -> str:
    if len(paths) != 1:
        raise _UnknownDefinitionError
    return paths[0]
