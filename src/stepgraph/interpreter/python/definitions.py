"""Function and class definitions, and the effects of their decorators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.modules.sdk_imports import ENTRYPOINT, means_entrypoint
from stepgraph.interpreter.objects.class_hooks import evaluate_keywords, run_hooks
from stepgraph.interpreter.replay.tracer import NO_TRACER
from stepgraph.interpreter.values.calls import Arguments, ExitStack, GeneratorCall, ManagerDecorator, Partial
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import (
    BuiltinMethod,
    Caveat,
    ClassValue,
    FunctionKind,
    FunctionValue,
    LexicalScope,
    ProjectObject,
    UnknownBase,
)
from stepgraph.interpreter.values.steps import StepDecorator, StepFunction, StepMethod
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import UNSET, External, Unresolved, Value, affects_tasks, is_none
from stepgraph.limits import MAXIMUM, Limit, LimitExceededError
from stepgraph.syntax.bindings import annotations_of, bindings_of, parameters
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import expressions_below

# External decorators that do not affect the steps of a call.
TRANSPARENT_DECORATORS: Final = frozenset(
    {
        "abc.abstractmethod",
        "typing.final",
        "typing.no_type_check",
        "typing.overload",
        "typing.override",
        "typing_extensions.deprecated()",
        "typing_extensions.final",
        "typing_extensions.overload",
        "typing_extensions.override",
        "warnings.deprecated()",
    }
)

CACHES: Final = ("functools.cache", "functools.cached_property", "functools.lru_cache", "functools.lru_cache()")
"""Decorators that make a function run only once for each combination of arguments."""

SINGLE_DISPATCH: Final = ("functools.singledispatch", "functools.singledispatchmethod")
"""Decorators that make a function run other functions, depending on the class of the first argument."""

LIMITED_CACHE: Final = "functools.lru_cache(maxsize)"
"""The name of an `lru_cache` decorator whose size may be too small for all results."""

# External class decorators that do not affect the steps of the class's methods.
TRANSPARENT_CLASS_DECORATORS: Final = frozenset(
    {
        "attr.attrs",
        "attr.define",
        "attr.frozen",
        "attr.mutable",
        "attr.s",
        "attrs.define",
        "attrs.frozen",
        "attrs.mutable",
        "dataclasses.dataclass",
        "enum.global_enum",
        "enum.unique",
        "functools.total_ordering",
        "pydantic.dataclasses.dataclass",
        "typing.final",
        "typing.runtime_checkable",
        "typing_extensions.deprecated",
        "typing_extensions.final",
        "typing_extensions.runtime_checkable",
        "warnings.deprecated",
    }
)

# Packages whose classes have no members that run steps.
_STEPLESS_PACKAGES: Final = frozenset(
    {
        *("abc", "builtins", "collections", "contextlib", "dataclasses", "datetime", "enum", "typing"),
        *("typing_extensions", "workers"),
    }
)

# Function kinds by the decorator that sets them.
_KINDS_BY_DECORATOR: Final[dict[str, FunctionKind]] = {
    "builtins.staticmethod": "static",
    "builtins.classmethod": "class",
    "builtins.property": "property",
    "contextlib.contextmanager": "context",
    "contextlib.asynccontextmanager": "context",
}


def qualified_names(scope: LexicalScope, name: str) -> tuple[str, ...]:
    """Return the names of a definition in `scope`, from the plain name to the most qualified name."""
    names = [name]
    for part in reversed(scope.path):
        names.append(f"{part}.{names[-1]}")
    return tuple(names)


def make_function(interpreter: Interpreter, node: cst.FunctionDef, scope: LexicalScope) -> Value:
    """Return the value of a `def` statement with its decorators applied."""
    interpreter.tracer.on_function(node)
    decorators = [(interpreter.evaluate(d.decorator), interpreter.place(d.decorator)) for d in node.decorators]
    defaults = default_values(interpreter, node.params)
    if scope.is_local and (annotations := annotations_of(node)):
        for annotation in annotations:
            evaluate_annotation(interpreter, annotation)
        if interpreter.tracer is not NO_TRACER:
            # Imported here because only a check needs it.
            from stepgraph.interpreter.modules.missing_imports import observe_local_annotations

            observe_local_annotations(interpreter, node, scope)
    function = FunctionValue(node, scope, qualified_names(scope, node.name.value), owner=scope.owner, defaults=defaults)
    if interpreter.modules.may_change_functions():
        function = replace(function, caveats=(_caveat_of_changed_function(interpreter, node),))
    value: Value = function
    for decorator, place in reversed(decorators):
        value = _apply_decorator(interpreter, decorator, value, place)
    if decorators:
        interpreter.modules.executed_statements.add(id(node))
    return value


def _caveat_of_changed_function(interpreter: Interpreter, node: cst.FunctionDef) -> Caveat:
    return Caveat(
        "assigned-elsewhere",
        interpreter.place(node),
        f"other code replaces the code or the defaults of functions, so the code of `{node.name.value}` is unknown.",
        "The graph shows this definition.",
        may_be_another=True,
    )


def evaluate_annotation(interpreter: Interpreter, annotation: cst.Annotation) -> None:
    """Evaluate an annotation with calls, `await` or `:=`, unless the module postpones evaluation of annotations."""
    parts = expressions_below(annotation.annotation)
    if not any(isinstance(part, cst.Call | cst.Await | cst.NamedExpr) for part in parts):
        return
    from stepgraph.syntax.load_names import postpones_annotations  # few annotations have calls

    if not postpones_annotations(interpreter.module):
        interpreter.evaluate(annotation.annotation)


def default_values(interpreter: Interpreter, params: cst.Parameters) -> tuple[tuple[str, Value], ...]:
    """Return the parameter defaults that may lead to a step, each with the name of its parameter."""
    defaults: list[tuple[str, Value]] = []
    for parameter in parameters(params):
        if parameter.default is not None:
            value = interpreter.evaluate(parameter.default)
            if value.relevant or affects_tasks(value):
                defaults.append((parameter.name.value, value))
    return tuple(defaults)


def _apply_decorator(interpreter: Interpreter, decorator: Value, value: Value, place: SourcePlace) -> Value:
    match decorator:
        case StepDecorator():  # first, because it is the most frequent decorator
            return interpreter.call(decorator, Arguments.of(value, place), place)
        case External(name=name) if name in _KINDS_BY_DECORATOR and isinstance(value, FunctionValue):
            return replace(value, kind=_KINDS_BY_DECORATOR[name])
        case External(name=name) if name in (*CACHES, LIMITED_CACHE) and isinstance(value, FunctionValue):
            kind: FunctionKind = "property" if name == "functools.cached_property" else value.kind
            from stepgraph.interpreter.library.caches import with_cache

            return with_cache(interpreter, replace(value, kind=kind), is_limited=name == LIMITED_CACHE)
        case External(name=name) if name in (*CACHES, LIMITED_CACHE):
            return value
        case External(name=name) if name in SINGLE_DISPATCH and isinstance(value, FunctionValue):
            from stepgraph.interpreter.library.functools_ import with_implementations

            return with_implementations(interpreter, value)
        case External(name=name) if name in TRANSPARENT_DECORATORS or name in _KINDS_BY_DECORATOR:
            return value
        case BuiltinMethod(receiver=ExitStack()):
            interpreter.call(decorator, Arguments.of(value, place), place)
            return value
        case ProjectObject() | GeneratorCall() if isinstance(value, FunctionValue):
            return interpreter.call(ManagerDecorator(decorator), Arguments.of(value, place), place)
        case (
            Partial(callee=External(name="functools.wraps") | FunctionValue() | BuiltinMethod(name="register"))
            | BuiltinMethod(
                receiver=FunctionValue(kind="property")
                | FunctionValue(implementations=Mapping())
                | Collection()
                | Mapping()
            )
            | (StepMethod() | FunctionValue() | ClassValue() | ProjectObject() | Unresolved())
        ):
            return interpreter.call(decorator, Arguments.of(value, place), place)
        case Union(cases=cases) if all(isinstance(case.value, StepDecorator | FunctionValue) for case in cases):
            return interpreter.call(decorator, Arguments.of(value, place), place)
        case Union():
            return _apply_one_of(interpreter, decorator, value, place)
    result = _call_decorator(interpreter, decorator, value, place)
    return _decorated_by_unknown(interpreter, value, place) if result is None else result


def _apply_one_of(interpreter: Interpreter, decorators: Union, value: Value, place: SourcePlace) -> Value:
    """Apply one of several decorators. None is no decorator: its call raises an error."""
    cases = tuple(case for case in decorators.cases if not is_none(case.value))
    if len(cases) == 1:
        return _apply_decorator(interpreter, cases[0].value, value, place)
    return interpreter.apply_to_cases(
        replace(decorators, cases=cases), lambda chosen: _apply_decorator(interpreter, chosen, value, place)
    )


def _call_decorator(interpreter: Interpreter, decorator: Value, value: Value, place: SourcePlace) -> Value | None:
    """Return the result of a modeled decorator. Return None if it depends on unknown code.

    Unknown code may also call the decorated function. This is reported if the function is decorated while a workflow
    runs, because the function can then reach steps through the variables of enclosing functions.
    """
    if not decorator.relevant:
        _report_registration(interpreter, value, place)
        return None
    result = interpreter.call(decorator, Arguments.of(value, place), place)
    return result if result.relevant or is_none(result) else None


def _report_registration(interpreter: Interpreter, value: Value, place: SourcePlace) -> None:
    """Report a function or class that an unknown decorator receives, if it runs steps or changes values."""
    from stepgraph.interpreter.effects import call_time_matters

    if interpreter.is_import_time:
        interpreter.escape(value, place, "is passed to its decorator, which is outside the project")
        return
    if isinstance(value, FunctionValue) and not isinstance(value.node, cst.Lambda):
        if call_time_matters(interpreter, value, Arguments()):
            interpreter.report_caveat(caveat_of_decorator(place))
    elif isinstance(value, ClassValue):
        interpreter.escape(value, place, "is passed to its decorator, which is outside the project")


def _decorated_by_unknown(interpreter: Interpreter, value: Value, place: SourcePlace) -> Value:
    """Return a value that an unknown decorator may replace. Functions get a caveat; other values are reported."""
    if isinstance(value, FunctionValue):
        interpreter.budget.spend(Limit.ELEMENTS, len(value.caveats))
        return replace(value, caveats=(*value.caveats, caveat_of_decorator(place)))
    if value.relevant:
        interpreter.report_caveat(caveat_of_decorator(place))
    return replace(value, may_be_replaced=True) if isinstance(value, StepFunction) else value


def caveat_of_decorator(place: SourcePlace) -> Caveat:
    """Return the caveat for an external decorator, which may change how often its function runs."""
    return Caveat(
        "unknown-decorator",
        place,
        f"the decorator `{place.text}` is outside the project, so how often it calls the function is unknown.",
        "The graph shows one call.",
        may_be_another=True,
    )


def make_class(interpreter: Interpreter, node: cst.ClassDef, scope: LexicalScope) -> Value:
    """Return the value of a `class` statement with its decorators applied.

    Raises LimitExceededError if the class has too many ancestors. The class is then also rejected in the analysis of
    other workflows of the module.
    """
    decorators = [(interpreter.evaluate(d.decorator), interpreter.place(d.decorator)) for d in node.decorators]
    refused_classes = scope.module.once(_refused_classes)
    if node in refused_classes or interpreter.open_class_count >= MAXIMUM[Limit.BASES]:
        raise LimitExceededError(Limit.BASES)
    interpreter.open_class_count += 1
    try:
        defined = _make_undecorated_class(interpreter, node, scope)
        keywords = evaluate_keywords(interpreter, node)
        if defined.scope.is_local:
            _execute_body(interpreter, defined)
        run_hooks(interpreter, defined, keywords)
    except LimitExceededError as error:
        if error.limit is Limit.BASES:
            refused_classes.add(node)
        raise
    finally:
        interpreter.open_class_count -= 1
    value: Value = defined
    for decorator, place in reversed(decorators):
        if isinstance(value, ClassValue):
            value = _apply_class_decorator(interpreter, decorator, value, place)
        else:
            value = _apply_decorator(interpreter, decorator, value, place)
    interpreter.modules.executed_statements.add(id(node))
    return value


def _refused_classes(_: SourceModule) -> set[cst.ClassDef]:
    return set()


def _apply_class_decorator(
    interpreter: Interpreter, decorator: Value, defined: ClassValue, place: SourcePlace
) -> Value:
    match decorator:
        case External(name=name) if name.removesuffix("()") in TRANSPARENT_CLASS_DECORATORS:
            defined.decorator_names = (*defined.decorator_names, name.removesuffix("()"))
            return defined
        case _:
            result = _call_decorator(interpreter, decorator, defined, place)
            if result is not None:
                return result
    defined.caveats = (*defined.caveats, _caveat_of_class(defined, place))
    return defined


def _caveat_of_class(defined: ClassValue, place: SourcePlace) -> Caveat:
    return Caveat(
        "unknown-decorator",
        place,
        f"the effect of the decorator `{place.text}` on the class `{defined.name}` is unknown.",
        "The graph shows the methods that the class defines.",
        may_be_another=True,
    )


def _make_undecorated_class(interpreter: Interpreter, node: cst.ClassDef, scope: LexicalScope) -> ClassValue:
    """Return the class that a `class` statement defines, without applying its decorators.

    The body of a module-level class is executed lazily, when a member is looked up.
    """
    bases = tuple(base for argument in node.bases for base in _bases(interpreter, argument))
    body = LexicalScope(
        bindings_of(node, scope.module),
        interpreter.store.new(is_shared=True),
        scope,
        scope.module,
        path=(*scope.path, node.name.value),
        kind="class",
    )
    defined = ClassValue(node, body, node.name.value, bases)
    body.owner = defined
    return defined


def _execute_body(interpreter: Interpreter, defined: ClassValue) -> None:
    """Execute the body of a class that a function defines, at the position of the class statement."""
    scope = defined.scope
    for name in scope.bindings.binders:
        scope.names[name] = UNSET  # not recorded in the trail: on paths that do not bind the name, its value is `UNSET`
    with interpreter.in_scope(scope):
        interpreter.execute(defined.node.body)


def _bases(interpreter: Interpreter, argument: cst.Arg) -> Iterator[Value]:
    """Yield the base classes in an argument of a `class` statement. A starred argument may contain several."""
    value = interpreter.evaluate(argument.value)
    place = interpreter.place(argument.value)
    if not argument.star:
        yield _base_class(interpreter, argument.value, value, place)
        if isinstance(value, Union) and all(map(_is_entrypoint, union_values(value))):
            # Whichever class is the base, the class is a workflow, but its inherited members are unknown.
            yield External(ENTRYPOINT)
    elif isinstance(value, Collection) and value.has_definite_order and value.shows_constants:
        for item in value.items:
            yield _base_class(interpreter, argument.value, item.value, place)
    else:
        yield UnknownBase(argument.value, place)


def _is_entrypoint(value: Value) -> bool:
    from stepgraph.interpreter.objects.class_relations import derives_from_entrypoint

    return isinstance(value, ClassValue) and derives_from_entrypoint(value)


def _base_class(interpreter: Interpreter, node: cst.BaseExpression, value: Value, place: SourcePlace) -> Value:
    if isinstance(node, cst.Subscript) and not isinstance(value, ClassValue):
        # In `class W(WorkflowEntrypoint[Env])`, the base is the subscripted class.
        subscripted = interpreter.evaluate(node.value)
        value = subscripted if isinstance(subscripted, ClassValue | External) else value
    match value:
        case ClassValue() | Unresolved():
            return value
        case External(name=name):
            if means_entrypoint(name, interpreter.facts):
                return External(ENTRYPOINT)
            return value if name.split(".")[0] in _STEPLESS_PACKAGES else UnknownBase(name, place)
        case _:
            return UnknownBase(node, place)
