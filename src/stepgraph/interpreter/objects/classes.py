"""Classes of the project: the order in which members are looked up, attributes, and making objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import leaves
from stepgraph.interpreter.objects.names import module_name, replaced_elsewhere
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Caveat,
    ClassValue,
    Collection,
    Constant,
    Duration,
    Element,
    EnumMember,
    External,
    ExternalResult,
    FunctionValue,
    Instance,
    Mapping,
    MethodOf,
    Moment,
    StepCall,
    StepDecorator,
    StepFunction,
    StepMethod,
    StepObject,
    SuperMaker,
    SuperObject,
    TaskGroup,
    Union,
    Unknown,
    UnknownBase,
    Unresolved,
    Value,
    hide_constants,
)
from stepgraph.interpreter.python.arguments import made, spread
from stepgraph.interpreter.python.definitions import names_in
from stepgraph.interpreter.replay.resources import ENVIRONMENT
from stepgraph.limits import MAXIMUM, Limit, LimitExceededError
from stepgraph.syntax.assignments import ANY_NAME, assigned_attributes
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.changes import sets_by_computing
from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import statements_below

# What decides which values the members of an enumeration have.
_MAKERS: Final = ("__new__", "__init__", "__getattribute__", "value", "_value_")
# The orders of several bases may share classes.
_MOST_MERGED: Final = 10 * MAXIMUM[Limit.BASES]
_NAMED_TUPLE: Final = "typing.NamedTuple"
ENTRYPOINT: Final = "workers.WorkflowEntrypoint"


def resolution_order(defined: ClassValue) -> tuple[Value, ...]:
    """Return the classes in which a member is looked up, in order: those of the project and External ones.

    Python's own C3 order; where the bases contradict each other, depth first (such a class fails when it is made).
    Raises LimitExceededError for more bases than may be.
    """
    if not defined.order:
        defined.order = (defined,)  # what a class that derives from itself sees
        try:
            defined.order = _linearized(defined)
        except LimitExceededError:
            defined.order = ()
            raise
    return defined.order


def _linearized(defined: ClassValue) -> tuple[Value, ...]:
    orders = [list(resolution_order(base)) if isinstance(base, ClassValue) else [base] for base in defined.bases]
    if sum(map(len, orders)) > _MOST_MERGED:
        raise LimitExceededError(Limit.BASES)
    join_values = orders[0] if len(orders) == 1 else _merged([o for o in [*orders, list(defined.bases)] if o])
    if len(join_values) > MAXIMUM[Limit.BASES]:
        raise LimitExceededError(Limit.BASES)
    return (defined, *join_values)


def _merged(orders: list[list[Value]]) -> list[Value]:
    """Return all that is in some orders, in one that contradicts none of them, as far as there is such an order."""
    join_values: list[Value] = []
    waiting = [order[::-1] for order in orders]
    following = _following(waiting)
    while waiting:
        head = next((order[-1] for order in waiting if not following[order[-1]]), waiting[0][-1])
        join_values.append(head)
        if following[head]:
            waiting = [[c for c in order if c != head] for order in waiting]
            following = _following(waiting)
        for order in waiting:
            if order and order[-1] == head:
                order.pop()
                if order:
                    following[order[-1]] -= 1
        waiting = [order for order in waiting if order]
    return join_values


def _following(waiting: list[list[Value]]) -> Counter[Value]:
    """Return how many of some orders, last first, have a class after others."""
    return Counter(c for order in waiting for c in order[:-1])


def is_workflow(interpreter: Interpreter, defined: ClassValue) -> bool:
    """Whether a class derives from WorkflowEntrypoint and has or inherits `run`."""
    if not derives_from_entrypoint(defined):
        return False
    run = member(interpreter, resolution_order(defined), "run")
    return run is not None and all(isinstance(leaf, FunctionValue) for leaf in leaves(run))


def derives_from_entrypoint(defined: ClassValue) -> bool:
    """Whether a class derives from WorkflowEntrypoint."""
    return any(isinstance(c, External) and c.name == ENTRYPOINT for c in resolution_order(defined))


def member(interpreter: Interpreter, order: tuple[Value, ...], name: str) -> Value | None:
    """Return a member of the first class that has it, None where none of the project's has.

    Of classes before it that are not known, any may have it.
    """
    unknown: list[UnknownBase | Unresolved] = []
    for owner in order:
        if isinstance(owner, UnknownBase | Unresolved):
            unknown.append(owner)
        if not isinstance(owner, ClassValue):
            continue
        found = module_name(interpreter, owner.scope, name)
        if found is not None:
            return _with_caveats(
                _class_constant(interpreter, owner, name, found, order), _caveats(owner, name, unknown)
            )
    return None


def class_member(interpreter: Interpreter, instance: Instance, name: str) -> Value | None:
    """Return what the class of an object has under a name that is bound in it, None where it has nothing."""
    order = resolution_order(instance.of)
    has = any(isinstance(owner, ClassValue) and name in owner.scope.bindings.binders for owner in order)
    return member(interpreter, order, name) if has else None


def _caveats(owner: ClassValue, name: str, unknown: Sequence[UnknownBase | Unresolved]) -> tuple[Caveat, ...]:
    """Return the doubts about a member of a class that is looked up after others that are not known."""
    before = (
        Caveat(
            "unknown-base",
            base.place,
            f"what `{base.place.text}` has is not known, and it is asked for `{name}` before `{owner.name}` is.",
            f"The graph shows `{owner.name}.{name}`.",
            may_be_another=True,
        )
        for base in unknown
    )
    return (*owner.caveats, *before)


def _with_caveats(found: Value, caveats: tuple[Caveat, ...]) -> Value:
    """Return a member that may be another one: not a constant any more, and reported if it runs steps."""
    if not caveats:
        return found
    if isinstance(found, FunctionValue):
        return replace(found, caveats=(*found.caveats, *caveats))
    if isinstance(found, Union):
        return _each_case(found, lambda value: _with_caveats(value, caveats))
    return hide_constants(found)


def _each_case(union: Union, change: Callable[[Value], Value]) -> Union:
    cases = tuple(replace(case, value=change(case.value)) for case in union.cases)
    return Union(cases, union.discriminant, union.place)


def _class_constant(
    interpreter: Interpreter, owner: ClassValue, name: str, value: Value, order: tuple[Value, ...]
) -> Value:
    """A class attribute is a constant only if it is bound once, and nothing assigns to an attribute of its name.

    What may assign to it are the modules of all classes of the object.
    """
    if _is_enumeration(order) and isinstance(value, Constant | ExternalResult) and not name.startswith("_"):
        return EnumMember(owner, value if _holds_as_written(owner, name, order) else UNKNOWN)
    if not isinstance(value, Constant | Moment | Duration | Collection | Mapping):
        if value.relevant and interpreter.modules.is_assigned_elsewhere(owner.scope, name):
            return replaced_elsewhere(interpreter, owner.scope, name, value)
        return value
    modules = dict.fromkeys(c.scope.module for c in order if isinstance(c, ClassValue))
    assigned = any(name in module.once(assigned_attributes).all or module.once(sets_by_computing) for module in modules)
    once = (
        owner.scope.bindings.binds_constant(name)
        and not assigned
        and not interpreter.modules.is_assigned_elsewhere(owner.scope, name)
    )
    return value if once and not _is_enumeration(order) else UNKNOWN


def _holds_as_written(owner: ClassValue, name: str, order: tuple[Value, ...]) -> bool:
    """Whether the `value` of a member of an enumeration is what it is bound to, and nothing makes another one of it."""
    classes = [c for c in order if isinstance(c, ClassValue)]
    makers = any(maker in c.scope.bindings.binders for c in classes for maker in _MAKERS)
    return owner.scope.bindings.binds_constant(name) and not makers and all(c.metaclass is None for c in classes)


def _is_enumeration(order: tuple[Value, ...]) -> bool:
    """Whether members of a class are objects of their own: those of IntEnum and StrEnum are what they hold."""
    return any(isinstance(c, External) and c.name in ("enum.Enum", "enum.Flag") for c in order)


def instance_attribute(interpreter: Interpreter, instance: Instance, name: str, place: Place) -> Value:
    """Return `instance.name`."""
    interpreter.store.observe(instance.state, name)
    value: Value | None = instance.state.get(name)
    if value is not None:
        if isinstance(value, Collection | Mapping | TaskGroup):
            interpreter.store.observe(value.state, "items")
        return value
    order = resolution_order(instance.of)
    intercepted = _intercepted(interpreter, instance, "__getattribute__", name, place)
    decided = intercepted is not None and intercepted.relevant
    found = member(interpreter, order, name)
    if isinstance(found, FunctionValue) and _is_replaced_on_object(interpreter, instance, name):
        found = replace(found, caveats=(*found.caveats, _caveat_of_object(instance, name, found)))
    if decided and isinstance(found, FunctionValue):
        found = replace(found, caveats=(*found.caveats, _caveat_of_lookup(instance, name, place)))
    elif decided:
        return Unresolved(f"`{instance.of.name}.__getattribute__` decides what it is", place)
    if found is not None:
        return bound(interpreter, found, instance, instance.of, place)
    intercepted = _intercepted(interpreter, instance, "__getattr__", name, place)
    if intercepted is not None:
        return intercepted
    if _may_run_steps(instance, order):
        return Unresolved(f"a base class of {instance.of.name} is not in the project", place)
    if name in ("ctx", "env") and derives_from_entrypoint(instance.of):
        return ENVIRONMENT if name == "env" else UNKNOWN
    if name == "__class__":
        return instance.of
    if name in ("_replace", "_asdict") and any(isinstance(c, External) and c.name == _NAMED_TUPLE for c in order):
        return MethodOf(instance, name)
    return _undefined(interpreter, instance, order, name, place)


def _undefined(
    interpreter: Interpreter, instance: Instance, order: tuple[Value, ...], name: str, place: Place
) -> Value:
    """Return a member that nothing defines: one that code adds by a name which is not known may run steps."""
    if name.startswith("__") and name != "__dict__":
        return UNKNOWN
    classes = [owner for owner in order if isinstance(owner, ClassValue)]
    added = any(
        owner.caveats
        or interpreter.modules.is_assigned_elsewhere(owner.scope, name)
        or interpreter.modules.is_assigned_elsewhere(owner.scope, ANY_NAME)
        for owner in classes
    )
    if added or any(map(_reaches_steps, instance.state.values())):
        return Unresolved(f"nothing that is read defines `{name}` in {instance.of.name}", place)
    return UNKNOWN


def _reaches_steps(value: Value) -> bool:
    return isinstance(value, StepObject | StepMethod | StepDecorator | StepFunction | StepCall)


def _is_replaced_on_object(interpreter: Interpreter, instance: Instance, name: str) -> bool:
    """Whether code of another module assigns to an attribute of a variable that holds such an object."""
    owners = interpreter.modules.owners_assigned(name)
    return any(
        isinstance(value, Instance) and value.of is instance.of
        for scope in (list(interpreter.modules.scopes.values()) if owners else ())
        for owner in owners & scope.bindings.binders.keys()
        for value in (scope.names.get(owner),)
    )


def _caveat_of_object(instance: Instance, name: str, found: FunctionValue) -> Caveat:
    return Caveat(
        "assigned-elsewhere",
        Place(found.scope.module, found.node),
        f"`{name}` of an object of {instance.of.name} is changed by code elsewhere, so what it is then is not known.",
        "The graph shows what is defined here.",
        may_be_another=True,
    )


def _caveat_of_lookup(instance: Instance, name: str, place: Place) -> Caveat:
    return Caveat(
        "unknown-member",
        place,
        f"`{instance.of.name}.__getattribute__` decides what `{name}` is.",
        "The graph shows the method as it stands in the class.",
        may_be_another=True,
    )


def _intercepted(interpreter: Interpreter, instance: Instance, by: str, name: str, place: Place) -> Value | None:
    """Return what a method of an object gives that is asked for attributes; None where it has none, or is not asked."""
    if name.startswith("__"):
        return None
    method = member(interpreter, resolution_order(instance.of), by)
    if not isinstance(method, FunctionValue):
        return None
    owner = asked_instead(method)
    if owner is not None:
        return (
            UNKNOWN
            if name == owner
            else interpreter.attribute(interpreter.attribute(instance, owner, place), name, place)
        )
    return interpreter.call(bound(interpreter, method, instance, instance.of, place), _named(name, place), place)


def _named(name: str, place: Place) -> Arguments:
    return Arguments((Argument(Constant(name), place),))


def _may_run_steps(instance: Instance, order: tuple[Value, ...]) -> bool:
    """Whether a member that is not in the project could reach the step object through `self`."""
    foreign = any(isinstance(c, UnknownBase | Unresolved) for c in order)
    return foreign and any(isinstance(value, StepObject) for value in instance.state.values())


def class_attribute(interpreter: Interpreter, owner: ClassValue, name: str, place: Place) -> Value:
    """Return `Class.name`."""
    found = member(interpreter, resolution_order(owner), name)
    return UNKNOWN if found is None else bound(interpreter, found, None, owner, place)


def super_attribute(interpreter: Interpreter, above: SuperObject, name: str, place: Place) -> Value:
    """Return `super().name`."""
    of = _class_of(above)
    order = resolution_order(of)
    following = order[order.index(above.after) + 1 :] if above.after in order else ()
    found = member(interpreter, following, name)
    if found is None:
        if name in ("__new__", "__call__"):
            return SuperMaker(above, name)
        if isinstance(above.receiver, Instance) and _may_run_steps(above.receiver, following):
            return Unresolved(f"a base class of {of.name} is not in the project", place)
        return UNKNOWN
    instance = above.receiver if isinstance(above.receiver, Instance) else None
    function = bound(interpreter, found, instance, of, place)
    if isinstance(function, FunctionValue) and isinstance(found, FunctionValue):
        # The method of a base class is another than the one of its name in the class itself.
        return replace(function, names=found.names)
    return function


def _class_of(above: SuperObject) -> ClassValue:
    """Return the class in whose order `super()` goes on: that of the object, or the class itself in a class method."""
    match above.receiver:
        case Instance(of=of):
            return of
        case ClassValue() as of if above.after in resolution_order(of):
            return of
        case _:
            return above.after


def bound(interpreter: Interpreter, found: Value, instance: Instance | None, owner: ClassValue, place: Place) -> Value:
    """Return a member as an attribute: functions are bound to their receiver, properties are called."""
    if isinstance(found, Instance):
        return _described(interpreter, found, instance, owner, place)
    if isinstance(found, Union):
        return _bound_case(interpreter, found, instance, owner, place)
    if not isinstance(found, FunctionValue):
        return found
    match found.kind:
        case "static":
            return found
        case "class":
            return replace(found, receiver=owner)
        case "property" if instance is not None:
            return interpreter.call(replace(found, receiver=instance, kind="function"), Arguments(), place)
        case _ if instance is not None:
            # An inherited method is one of the class that `self` is; a function assigned to it is what it was.
            names = found.names if found.owner is None else names_in(owner.scope, found.name)
            return replace(found, receiver=instance, names=names)
        case _ if found.name == "__init_subclass__":
            return replace(found, receiver=owner)
        case _:
            return found


def _bound_case(
    interpreter: Interpreter, found: Union, instance: Instance | None, owner: ClassValue, place: Place
) -> Value:
    """Bind each of several functions that a member may be; of properties, the one that it is gives the value."""
    if any(isinstance(leaf, FunctionValue) and leaf.kind == "property" for leaf in leaves(found)):
        return interpreter.choose(found, lambda chosen: bound(interpreter, chosen, instance, owner, place))
    return _each_case(found, lambda value: bound(interpreter, value, instance, owner, place))


def _described(
    interpreter: Interpreter, found: Instance, instance: Instance | None, owner: ClassValue, place: Place
) -> Value:
    """Return what the `__get__` of an object in a class gives, the object itself where it has none."""
    method = member(interpreter, resolution_order(found.of), "__get__")
    if not isinstance(method, FunctionValue | Union):
        return found
    given = (Argument(Constant(None) if instance is None else instance, place), Argument(owner, place))
    return interpreter.call(_received(method, found), Arguments(given), place)


def _received(found: Value, receiver: Value | None) -> Value:
    """Return a method with its receiver, or whichever of several it is."""
    if isinstance(found, Union):
        return _each_case(found, lambda value: _received(value, receiver))
    return replace(found, receiver=receiver) if isinstance(found, FunctionValue) else found


def instantiate(interpreter: Interpreter, value: ClassValue, arguments: Arguments, place: Place) -> Value:
    """Return what calling a class gives: a new object, unless its metaclass or its `__new__` says otherwise."""
    maker = _metaclass_call(interpreter, value)
    if maker is not None:
        return interpreter.call(_received(maker, value), arguments, place)
    return _new(interpreter, value, arguments, place)


def _metaclass_call(interpreter: Interpreter, defined: ClassValue) -> FunctionValue | Union | None:
    if not isinstance(defined.metaclass, ClassValue):
        return None
    found = member(interpreter, resolution_order(defined.metaclass), "__call__")
    return found if isinstance(found, FunctionValue | Union) else None


def _new(interpreter: Interpreter, value: ClassValue, arguments: Arguments, place: Place) -> Value:
    maker = member(interpreter, resolution_order(value), "__new__")
    if not isinstance(maker, FunctionValue | Union):
        return initialize(interpreter, Instance(value, interpreter.store.new()), arguments, place)
    given = Arguments((Argument(value, place), *arguments.items))
    found = interpreter.call(_received(maker, None), given, place)
    if isinstance(found, Unknown):
        found = Instance(value, interpreter.store.new())
    return (
        initialize(interpreter, found, arguments, place) if isinstance(found, Instance) and found.of is value else found
    )


def initialize(interpreter: Interpreter, instance: Instance, arguments: Arguments, place: Place) -> Instance:
    """Return a new object, its `__init__` read."""
    order = resolution_order(instance.of)
    interpreter.work.objects.append(instance)
    initializer = member(interpreter, order, "__init__")
    if isinstance(initializer, FunctionValue):
        interpreter.call(replace(initializer, receiver=instance), arguments, place)
        return instance
    if isinstance(initializer, Union):
        interpreter.call(bound(interpreter, initializer, instance, instance.of, place), arguments, place)
        return instance
    _fill_fields(interpreter, instance, arguments)
    _initialize_base(interpreter, instance, order, arguments)
    finish = member(interpreter, order, "__post_init__")
    if isinstance(finish, FunctionValue | Union):
        interpreter.call(_received(finish, instance), Arguments(), place)
    return instance


def _initialize_base(
    interpreter: Interpreter, instance: Instance, order: tuple[Value, ...], arguments: Arguments
) -> None:
    """The `__init__` of a class outside the project: an exception keeps its arguments, what others do is not known."""
    base = next((c for c in order if isinstance(c, External | UnknownBase | Unresolved)), None)
    if isinstance(base, External) and base.name.endswith(("Error", "Exception", "Warning")):
        items = tuple(Element(argument.value, argument.place) for argument in arguments.positional)
        interpreter.store.write(instance.state, "args", made(interpreter, "tuple", items))
    elif base is not None and not any(True for _ in field_names(instance.of)):
        for argument in arguments.items:
            interpreter.escape(
                argument.value, argument.place, f"is handed to `{instance.of.name}`, whose base is not read"
            )


def call_instance(interpreter: Interpreter, callee: Instance, arguments: Arguments, place: Place) -> Value:
    """Call an object of the project: its `__call__`."""
    method = member(interpreter, resolution_order(callee.of), "__call__")
    if isinstance(method, Union):
        return interpreter.call(bound(interpreter, method, callee, callee.of, place), arguments, place)
    if isinstance(method, FunctionValue):
        return interpreter.call(replace(method, receiver=callee), arguments, place)
    if method is None:
        interpreter.escape(callee, place, "is called in a way that is not followed")
    return interpreter.call(UNKNOWN if method is None else method, arguments, place)


def _fill_fields(interpreter: Interpreter, instance: Instance, arguments: Arguments) -> None:
    """What a dataclass's or named tuple's own initializer does: arguments become fields, in order."""
    names = list(field_names(instance.of))
    for argument in spread(arguments).items:
        if argument.keyword is not None:
            interpreter.store.write(instance.state, argument.keyword, hide_constants(argument.value))
        elif not argument.star and names:
            interpreter.store.write(instance.state, names.pop(0), hide_constants(argument.value))
    for owner in resolution_order(instance.of):
        if isinstance(owner, ClassValue):
            _fill_defaults(interpreter, instance, owner)


def _fill_defaults(interpreter: Interpreter, instance: Instance, owner: ClassValue) -> None:
    """Call the factories of fields that were not given: `steps: list = field(default_factory=list)`."""
    for statement in statements_below(owner.node.body):
        match statement:
            case cst.AnnAssign(target=cst.Name(value=name), value=cst.Call(func=function, args=args)):
                factory = next((a.value for a in args if a.keyword and a.keyword.value == "default_factory"), None)
                if factory is None or name in instance.state:
                    continue
                place = Place(owner.scope.module, statement)
                with interpreter.in_own_code(owner.scope):
                    called = interpreter.evaluate(function)
                    made = interpreter.evaluate(factory)
                if called == External("dataclasses.field"):
                    interpreter.store.write(instance.state, name, interpreter.call(made, Arguments(), place))


def field_names(defined: ClassValue) -> Iterator[str]:
    """Yield the fields of a dataclass or named tuple, those of its bases first."""
    for owner in reversed(resolution_order(defined)):
        if isinstance(owner, ClassValue):
            for statement in statements_below(owner.node.body):
                if isinstance(statement, cst.AnnAssign) and isinstance(statement.target, cst.Name):
                    yield statement.target.value


def call_super_maker(interpreter: Interpreter, callee: SuperMaker, arguments: Arguments, place: Place) -> Value:
    """Call `super().__new__(cls)`, which makes an object, or `super().__call__(...)` of a metaclass."""
    receiver = callee.above.receiver
    if callee.name == "__call__" and isinstance(receiver, ClassValue):
        return _new(interpreter, receiver, arguments, place)
    first = arguments.items[0].value if arguments.items else receiver
    if callee.name == "__new__" and isinstance(first, ClassValue):
        return Instance(first, interpreter.store.new())
    return interpreter.call(UNKNOWN, arguments, place)


def asked_instead(method: FunctionValue) -> str | None:
    """Return the attribute of which a `__getattr__` asks everything: `_step` in `return getattr(self._step, name)`."""
    if not isinstance(method.node, cst.FunctionDef) or method.caveats:
        return None
    names = [parameter.name.value for parameter in parameters(method.node.params)]
    match _statements(method.node):
        case [
            cst.Return(
                value=cst.Call(
                    func=cst.Name(value="getattr"),
                    args=[
                        cst.Arg(value=cst.Attribute(value=cst.Name(value=owner), attr=attribute)),
                        cst.Arg(value=cst.Name(value=key)),
                    ],
                )
            )
        ] if [owner, key] == names:
            return attribute.value
        case _:
            return None


def _statements(node: cst.FunctionDef) -> list[cst.CSTNode]:
    """Return the statements of a body, without those that are an expression, as the text at its start is."""
    found: list[cst.CSTNode] = []
    for line in node.body.body:
        found += line.body if isinstance(line, cst.SimpleStatementLine) else [line]
    return [statement for statement in found if not isinstance(statement, cst.Expr)]
