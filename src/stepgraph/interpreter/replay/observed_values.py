"""Observation of constants and dictionaries in arguments, variables, attributes and elements of collections.

An object whose attribute several assignments change, such as `self.pause = "1 hour"`, may have any of the values at a
read, so only an attribute with a single assignment is observed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.modules.sdk_imports import ENTRYPOINT
from stepgraph.interpreter.objects.classes import resolution_order
from stepgraph.interpreter.python.deciding_arguments import bound_arguments, evaluate_display, unbound_parameters
from stepgraph.interpreter.replay.tracer import StateKey
from stepgraph.interpreter.static_values import static_value, static_value_at
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.containers import Collection, Element, Mapping
from stepgraph.interpreter.values.objects import (
    COMPUTED_NAME,
    ClassValue,
    EnumMember,
    FunctionValue,
    ProjectObject,
    mangle,
)
from stepgraph.interpreter.values.steps import Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.facts import FunctionCalled, ValueBound
from stepgraph.ir.static_values import StaticMapping, cases_of
from stepgraph.ir.values import UNKNOWN, Constant, Duration, External, ExternalResult, Moment, Template, Unknown, Value
from stepgraph.syntax.bindings import bindings_of, parameters
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import statements_below

# Base classes and decorators that do not change the attributes of objects.
_PLAIN_BASES: Final = frozenset(
    [ENTRYPOINT, "abc.ABC", "builtins.object", "typing.Generic", "typing.NamedTuple", "typing.Protocol"]
)
_PLAIN_DECORATORS: Final = frozenset(["dataclasses.dataclass", "typing.final"])
_HOOKS: Final = frozenset(["__getattribute__", "__setattr__"])


class _ObservedAssignment(Struct, frozen=True):
    """The value of an attribute, with the location of the assigned expression or of the argument of a constructor."""

    value: Value
    place: SourcePlace


class AttributeValues(Struct):
    """The values that code assigns to the attributes of objects."""

    interpreter: Interpreter
    _assigned: dict[StateKey, dict[SourcePlace, _ObservedAssignment]] = field(default_factory=dict)
    """The assigned values of each attribute, by location of the assignment."""
    _changed: set[StateKey] = field(default_factory=set)
    """The attributes that code sets by name, as `setattr` does. `COMPUTED_NAME` stands for any attribute."""
    _plain: dict[tuple[ClassValue, str], bool] = field(default_factory=dict)
    """Whether a read of an attribute of an object of a class returns the assigned value."""

    def assign(self, target: cst.Attribute, owner: Value, value: Value, source: SourcePlace | None) -> None:
        """Record an assignment to an attribute of `owner`."""
        place = self.interpreter.place(target)
        name = mangle(self.interpreter.frame.scope, target.attr.value)
        for instance in union_values(owner):
            if isinstance(instance, ProjectObject):
                assigned = self._assigned.setdefault((instance.state, name), {})
                assigned.setdefault(place, _ObservedAssignment(_snapshot(value), source or place))

    def initialize(self, callee: FunctionValue, arguments: Arguments, place: SourcePlace | None) -> None:
        """Record the arguments of an `__init__` that it assigns to attributes of the new object: `self.a = a`."""
        instance = callee.receiver
        if callee.name != "__init__" or not isinstance(instance, ProjectObject) or place is None:
            return
        module = callee.scope.module
        targets = module.once_for(callee.node, _targets_of_parameters)
        if not targets:
            return
        for parameter, passed in _passed_values(self.interpreter, callee, arguments, place):
            for target in targets.get(parameter, ()):
                assigned = self._assigned.setdefault((instance.state, target.attr.value), {})
                assigned[SourcePlace(module, target)] = passed

    def set_field(self, instance: ProjectObject, name: str, value: Value, place: SourcePlace) -> None:
        """Record that a generated initializer sets a field to the argument at `place`."""
        self._assigned.setdefault((instance.state, name), {})[place] = _ObservedAssignment(_snapshot(value), place)

    def change(self, instance: ProjectObject, name: str | None) -> None:
        """Record that code sets an attribute by its name, or any attribute if the name is None."""
        self._changed.add((instance.state, COMPUTED_NAME if name is None else name))

    def observe_read(self, node: cst.Attribute, owner: Value, value: Value) -> None:
        """Record the value that a read of an attribute of `owner` may return, if its value is unknown."""
        if value.relevant or not self._assigned:
            return
        name = mangle(self.interpreter.frame.scope, node.attr.value)
        for instance in union_values(owner):
            if isinstance(instance, ProjectObject) and self._has_assigned_value(instance, name):
                (only,) = self._assigned[instance.state, name].values()
                fact = ValueBound(self.interpreter.place(node), only.value, only.place)
                if fact not in self.interpreter.facts:
                    self.interpreter.observe(fact)

    def _has_assigned_value(self, instance: ProjectObject, name: str) -> bool:
        """Return whether an attribute has the value of its only assignment."""
        if len(self._assigned.get((instance.state, name), ())) != 1:
            return False
        if not self._changed.isdisjoint([(instance.state, name), (instance.state, COMPUTED_NAME)]):
            return False
        key = instance.cls, name
        if key not in self._plain:
            self._plain[key] = all(_is_plain(owner, name) for owner in resolution_order(instance.cls))
        return self._plain[key]


def _snapshot(value: Value) -> Value:
    """Return a snapshot of a constant, a dictionary, a member of an enumeration or a result of a library."""
    return static_value(value) if isinstance(value, Duration | EnumMember | ExternalResult) else snapshot(value)


def _is_plain(owner: Value, name: str) -> bool:
    """Return whether a class or base class leaves the assignments and reads of an attribute to Python."""
    if not isinstance(owner, ClassValue):
        return isinstance(owner, External) and owner.name in _PLAIN_BASES
    binders = owner.scope.bindings.binders
    if owner.caveats or not _PLAIN_DECORATORS.issuperset(owner.decorator_names) or not _HOOKS.isdisjoint(binders):
        return False
    return all(isinstance(binder, cst.AnnAssign) or _assigns_data(binder) for binder in binders.get(name, ()))


def _assigns_data(binder: cst.CSTNode) -> bool:
    """Return whether a statement assigns a value other than a descriptor."""
    return isinstance(binder, cst.Assign) and not isinstance(binder.value, cst.Call | cst.Name | cst.Attribute)


def _passed_values(
    interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: SourcePlace
) -> Iterator[tuple[str, _ObservedAssignment]]:
    """Yield the names of parameters with the arguments that a call passes for them, or their literal defaults."""
    module = callee.scope.module
    for parameter, argument in bound_arguments(callee, arguments, place):
        yield parameter.name.value, _ObservedAssignment(_snapshot(argument.value), argument.place)
    for parameter in unbound_parameters(callee, arguments, place):
        default = parameter.default
        if default is None:
            continue
        with interpreter.in_scope(callee.scope):
            value = evaluate_display(interpreter, default)
        if value is not None:
            yield parameter.name.value, _ObservedAssignment(snapshot(value), SourcePlace(module, default))


def _targets_of_parameters(
    function: cst.FunctionDef | cst.Lambda, module: SourceModule
) -> dict[str, list[cst.Attribute]]:
    """Return the attributes of the object that an `__init__` sets to each of its parameters."""
    targets: dict[str, list[cst.Attribute]] = {}
    parameters = [*function.params.posonly_params, *function.params.params]
    if not isinstance(function, cst.FunctionDef) or not parameters:
        return targets
    binders = bindings_of(function, module).binders
    for statement in statements_below(function.body):
        match statement:
            case (
                cst.Assign(
                    targets=[cst.AssignTarget(target=cst.Attribute(value=cst.Name(owner)) as target)],
                    value=cst.Name(name),
                )
                | cst.AnnAssign(target=cst.Attribute(value=cst.Name(owner)) as target, value=cst.Name(name))
            ) if owner == parameters[0].name.value:
                match binders.get(name):
                    case [cst.Param()]:
                        targets.setdefault(name, []).append(target)
    return targets


# Maximum number of elements of a collection that are observed.
_MAX_ELEMENTS: Final = 100
_OBSERVED: Final = (Constant, Duration, Moment, Template, StaticMapping)


def snapshot(value: Value) -> Value:
    """Return a snapshot of a constant or dictionary, and UNKNOWN for other values, which can be large."""
    if isinstance(value, Collection | Union):
        return UNKNOWN
    snapshot = static_value(value)
    return snapshot if isinstance(snapshot, _OBSERVED) else UNKNOWN


def observe_arguments(
    interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: SourcePlace | None
) -> None:
    """Record the constants and dictionaries that a call passes for parameters, and the names that it passes on.

    `place` is None for a call by the engine.
    """
    if not parameters(callee.node.params):
        return
    module = callee.scope.module
    place = place or SourcePlace(module, callee.node)
    for parameter, argument in bound_arguments(callee, arguments, place):
        value = snapshot(argument.value)
        if value is not UNKNOWN or isinstance(argument.place.node, cst.Name):
            interpreter.observe(ValueBound(SourcePlace(module, parameter), value, argument.place))
    for parameter in unbound_parameters(callee, arguments, place):
        default = parameter.default
        if default is None:
            continue
        with interpreter.in_scope(callee.scope):
            evaluated = evaluate_display(interpreter, default)
        default_value = UNKNOWN if evaluated is None else snapshot(evaluated)
        if default_value is not UNKNOWN:
            interpreter.observe(ValueBound(SourcePlace(module, parameter), default_value, SourcePlace(module, default)))


def observe_call(interpreter: Interpreter, callee: FunctionValue, place: SourcePlace | None) -> None:
    """Record which function a call at `place` runs, unless unknown code may replace the function or its result."""
    if place is None or callee.caveats:
        return
    fact = FunctionCalled(SourcePlace(callee.scope.module, callee.node), place)
    if fact not in interpreter.facts:
        interpreter.observe(fact)


def observe_elements(interpreter: Interpreter, target: cst.BaseExpression, iterable: Value) -> None:
    """Record the constants and dictionaries that a loop over a collection assigns to the variables of its target."""
    if isinstance(iterable, Mapping) and not iterable.state.changed:
        for entry in iterable.entries[:_MAX_ELEMENTS]:
            _observe_element(interpreter, target, Element(entry.key, entry.key_place))
    elif isinstance(iterable, Collection) and not iterable.state.changed:
        for item in iterable.items[:_MAX_ELEMENTS]:
            _observe_element(interpreter, target, item)


def _observe_element(interpreter: Interpreter, target: cst.BaseExpression, item: Element) -> None:
    match target:
        case cst.Name():
            value = snapshot(item.value)
            if value is not UNKNOWN:
                interpreter.observe(ValueBound(interpreter.place(target), value, item.place))
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            parts = item.value.items if isinstance(item.value, Collection) else ()
            if len(parts) == len(elements) and all(isinstance(element, cst.Element) for element in elements):
                for element, part in zip(elements, parts, strict=True):
                    _observe_element(interpreter, element.value, part)


def observe_assignment(interpreter: Interpreter, target: cst.Name, value: Value, source: SourcePlace) -> None:
    """Record the constant or dictionary that one of several assignments of a variable assigns.

    For the only assignment of a variable, record the literals that its expression selects or formats, as in
    `"1 hour" if slow else 30` and `"{} hours".format(n)`.
    """
    if len(interpreter.frame.scope.bindings.binders.get(target.value, ())) > 1:
        target_place, observed = interpreter.place(target), snapshot(value)
    elif isinstance(source.node, cst.IfExp):
        target_place, observed = source, static_value_at(value, source)
    elif isinstance(value, Unknown | Payload):
        target_place, observed = source, static_value_at(value, source)
        if any(isinstance(case, Constant) and not case.value for case in cases_of(observed)):
            return  # an empty default often stands for a missing value, which other code handles
    else:
        return
    if observed is not UNKNOWN:
        interpreter.observe(ValueBound(target_place, observed, source))


def observe_lookup(interpreter: Interpreter, owner: Value, place: SourcePlace) -> None:
    """Record the constants and dictionaries that a lookup with an unknown key may return."""
    if isinstance(owner, Mapping | Collection) and not owner.state.changed:
        elements = owner.entries if isinstance(owner, Mapping) else owner.items
        for element in elements[:_MAX_ELEMENTS]:
            value = snapshot(element.value)
            if value is not UNKNOWN:
                interpreter.observe(ValueBound(place, value, element.place))
