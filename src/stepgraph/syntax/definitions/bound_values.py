"""The values that statements bind to variables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast

import libcst as cst

from stepgraph.syntax.definitions.name_replacement import UnknownDefinitionError
from stepgraph.syntax.module import SourceModule, once_per_node
from stepgraph.syntax.walk import COMPREHENSIONS, ancestors_of, expressions_below

if TYPE_CHECKING:
    from stepgraph.syntax.definitions.definition_scope import DefinitionScope

_EVENT_TYPE: Final = "event_type"
SETTINGS: Final[Mapping[str, Collection[str]]] = {"do": ("config",), "wait_for_event": (_EVENT_TYPE, "timeout")}
"""The arguments with the settings of a step, by the method of the step."""


@once_per_node
def text_without_settings(value: cst.BaseExpression, module: SourceModule) -> str:
    """Return the code of an expression without settings, as `expression_without_settings` does."""
    return module.text(expression_without_settings(value))


def expression_without_settings(value: cst.BaseExpression) -> cst.BaseExpression:
    """Return an expression without the settings of its waits, or of the decorator of a step.

    Neither settings nor functions of steps change a stored result.
    """
    without = value.visit(_SettingsRemover())
    return _without_settings(without) if isinstance(without, cst.BaseExpression) else value


class _SettingsRemover(cst.CSTTransformer):
    """Removes the settings of waits and steps, and the functions of steps without a decorator."""

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> cst.CSTNodeT | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNodeT]:
        """Return an awaited step or wait without its settings, a step for its function, and other nodes as they are."""
        is_changed = isinstance(original_node, cst.Await | cst.Call)
        return cast("cst.CSTNodeT", _without_details(updated_node)) if is_changed else updated_node


def _without_details(node: cst.CSTNode) -> cst.CSTNode:
    """Return an awaited call without settings, or the declaration of a step for a call with its function."""
    match node:
        case cst.Await(expression=expression):
            return node.with_changes(expression=_without_settings(expression))
        case cst.Call(func=cst.Call(func=cst.Attribute(attr=cst.Name("do"))) as step, args=[cst.Arg(star="")]):
            return _without_settings(step)
        case _:
            return node


def _without_settings(call: cst.BaseExpression) -> cst.BaseExpression:
    match call:
        case cst.Call(func=cst.Attribute(attr=cst.Name(method)), args=args) if method in SETTINGS:
            remaining = [each for position, each in enumerate(args) if not _is_setting(method, position, each)]
            remaining[-1:] = [each.with_changes(comma=cst.MaybeSentinel.DEFAULT) for each in remaining[-1:]]
            return call.with_changes(args=remaining)
        case _:
            return call


def settings_of(call: cst.CSTNode) -> list[cst.BaseExpression]:
    """Return the settings in a call that declares a step or an event wait, except the event type."""
    match call:
        case cst.Call(func=cst.Attribute(attr=cst.Name(method)), args=args) if method in SETTINGS:
            settings = [(position, each) for position, each in enumerate(args) if _is_setting(method, position, each)]
            return [each.value for position, each in settings if not _is_event_type(position, each)]
        case _:
            return []


def _is_event_type(position: int, argument: cst.Arg) -> bool:
    return position == 1 if argument.keyword is None else argument.keyword.value == _EVENT_TYPE


def _is_setting(method: str, position: int, argument: cst.Arg) -> bool:
    if argument.keyword is not None:
        return argument.keyword.value in SETTINGS[method]
    return method == "wait_for_event" and position > 0


def numbered_elements(iterable: cst.BaseExpression) -> cst.BaseExpression:
    """Return the iterable whose elements `enumerate` numbers, or any other iterable without changes."""
    match iterable:
        case cst.Call(func=cst.Name("enumerate"), args=[cst.Arg(value=elements, keyword=None, star=""), *_]):
            return elements
        case _:
            return iterable


def enumeration_start(iterable: cst.BaseExpression) -> cst.BaseExpression | None:
    """Return the number of the first element of `enumerate`. Return None for any other iterable."""
    match iterable:
        case cst.Call(func=cst.Name("enumerate"), args=[cst.Arg(keyword=None, star="")]):
            return cst.Integer("0")
        case cst.Call(func=cst.Name("enumerate"), args=[cst.Arg(keyword=None, star=""), cst.Arg(value=start, star="")]):
            return start
        case _:
            return None


def clause_of(
    name: str, at: cst.CSTNode, function: cst.FunctionDef, module: SourceModule
) -> tuple[cst.CSTNode, cst.BaseAssignTargetExpression, cst.BaseExpression] | None:
    """Return the innermost comprehension around a node that binds a variable, with its target and iterable.

    Raises UnknownDefinitionError for a comprehension with several `for`.
    """
    for outer in ancestors_of(module.parents, at):
        if outer is function:
            return None
        if isinstance(outer, COMPREHENSIONS):
            clause = outer.for_in
            if clause.inner_for_in is not None:
                raise UnknownDefinitionError
            if target_path(clause.target, name) is not None:
                return outer, clause.target, clause.iter
    return None


def only_value(name: str, binders: Sequence[cst.CSTNode]) -> cst.BaseExpression | None:
    """Return the value of the only statement that binds a variable, if it assigns it."""
    match binders:
        case [cst.Assign(targets=[cst.AssignTarget(cst.Tuple(elements=names))], value=cst.Tuple(elements=values))]:
            return _unpacked(name, names, [each.value for each in values if isinstance(each, cst.Element)])
        case [cst.Assign(targets=[cst.AssignTarget(cst.Tuple(elements=names))], value=cst.Await(cst.Call() as call))]:
            return _unpacked(name, names, _awaited_members(call))
        case [cst.Assign(targets=targets, value=value)]:
            return value if any(target_path(target.target, name) == "" for target in targets) else None
        case [cst.AnnAssign(target=cst.Name(), value=cst.BaseExpression() as value) | cst.NamedExpr(value=value)]:
            return value
        case _:
            return None


_IN_PLACE_METHODS: Final = tuple(
    f"__i{name}__".encode()
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift", "and", "or", "xor")
)


def augmentation(
    statement: cst.CSTNode, scope: DefinitionScope, module: SourceModule
) -> tuple[cst.BaseAssignTargetExpression, str, cst.BaseExpression] | None:
    """Return the target, the name of the operator and the operand of `x += 1` or `x = x + 1`, or None for others.

    None also for `x = x * 2`, because `x *= 2` changes a list, and if a class may change its objects in place.
    """
    match statement:
        case cst.AugAssign(target=target, operator=operator, value=operand):
            return target, type(operator).__name__, operand
        case cst.Assign(
            targets=[cst.AssignTarget(target)],
            value=cst.BinaryOperation(left=left, operator=operator, right=cst.BaseNumber() as operand),
        ) if (
            target.deep_equals(left)
            and (isinstance(operand, cst.Float) or not isinstance(operator, cst.Multiply))
            and not any(isinstance(each, cst.Call | cst.Await | cst.NamedExpr) for each in expressions_below(target))
            and not _may_change_in_place(scope, module)
        ):
            return target, f"{type(operator).__name__}Assign", operand
        case _:
            return None


def _may_change_in_place(scope: DefinitionScope, module: SourceModule) -> bool:
    """Return whether the code of the graph may define a method such as `__iadd__`."""
    return any(each.mentions(name) for each in scope.writes.modules_with(module) for name in _IN_PLACE_METHODS)


def written_values(
    statement: cst.CSTNode, scope: DefinitionScope, module: SourceModule
) -> tuple[str, Sequence[cst.BaseExpression]]:
    """Return the kind of a statement with a side effect and its expressions.

    Raises UnknownDefinitionError for other kinds.
    """
    kind = type(statement).__name__
    match statement:
        case cst.Assign() | cst.AugAssign() if (change := augmentation(statement, scope, module)) is not None:
            target, kind, value = change
            return kind, [target, value]
        case cst.Expr(value=value) | cst.Del(target=value) | cst.Assert(test=value):
            return kind, [value]
        case cst.Raise(exc=cst.BaseExpression() as value) | cst.Return(value=cst.BaseExpression() as value):
            return kind, [value]
        case cst.Assign(targets=targets, value=value):
            return kind, [*(each.target for each in targets), value]
        case cst.AnnAssign(target=target, value=cst.BaseExpression() as value):
            return cst.Assign.__name__, [target, value]
        case cst.For(target=target, iter=value):
            return kind, [target, value]
        case cst.With(items=items):
            names = (each.asname.name for each in items if each.asname is not None)
            return kind, [*(each.item for each in items), *names]
        case _:
            raise UnknownDefinitionError


def declaration_of_step(binders: Sequence[cst.CSTNode]) -> cst.BaseExpression | None:
    """Return the decorator of the only function that binds a variable if it declares a step."""
    match binders:
        case [cst.FunctionDef(decorators=[cst.Decorator(cst.Call(func=cst.Attribute(attr=cst.Name("do"))) as step)])]:
            return step
        case _:
            return None


def _awaited_members(call: cst.Call) -> list[cst.BaseExpression]:
    """Return the members of a `gather` as if each were awaited, or an empty list for other calls."""
    match call.func:
        case cst.Attribute(cst.Name("asyncio"), cst.Name("gather")) | cst.Name("gather"):
            is_plain = all(each.keyword is None and not each.star for each in call.args)
            return [cst.Await(each.value) for each in call.args] if is_plain else []
        case _:
            return []


def _unpacked(
    name: str, names: Sequence[cst.BaseElement], values: Sequence[cst.BaseExpression]
) -> cst.BaseExpression | None:
    """Return the value that `a, b = 1, 2` assigns to a name, or None if it is unknown."""
    if len(names) != len(values) or any(isinstance(each, cst.StarredElement) for each in names):
        return None
    assigned = [each for each, target in zip(values, names, strict=True) if target_path(target.value, name) == ""]
    return assigned[0] if len(assigned) == 1 else None


def target_path(target: cst.BaseExpression, name: str) -> str | None:
    """Return the position of a name in the target of an assignment, such as `.1` for `b` in `a, b`, or None."""
    match target:
        case cst.Name(value=value):
            return "" if value == name else None
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            paths = (
                f".{index}{path}"
                for index, element in enumerate(elements)
                if (path := target_path(element.value, name)) is not None
            )
            return next(paths, None)
        case _:
            return None


def only_path(paths: Sequence[str]) -> str:
    """Return the only path. Raises UnknownDefinitionError for several ones."""
    if len(paths) != 1:
        raise UnknownDefinitionError
    return paths[0]
