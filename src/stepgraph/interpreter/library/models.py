"""Calls of functions outside the project, and the registry of their models, which are functions that evaluate calls."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.escapes import report_escape
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.library.side_effects import is_logging, resource_result
from stepgraph.interpreter.modules.sdk_imports import ENTRYPOINT
from stepgraph.interpreter.objects.classes import find_member, resolution_order
from stepgraph.interpreter.objects.containers.container_objects import unbound_method
from stepgraph.interpreter.python.arguments import without_stars
from stepgraph.interpreter.python.calls import call_unknown
from stepgraph.interpreter.python.definitions import TRANSPARENT_CLASS_DECORATORS
from stepgraph.interpreter.values.calls import Argument, Arguments, Coroutine
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import BuiltinMethod, ClassValue, FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import Event, Payload, StepFunction, StepMethod
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.exceptions import NonStepErrors
from stepgraph.ir.values import UNKNOWN, Constant, External, ExternalResult, ExternalResultMember, Value
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.python_names import COROUTINE_FUNCTIONS

# Functions that inspect or store their arguments without running steps.
HARMLESS: Final = frozenset(
    [
        f"{ENTRYPOINT}.__init__",
        *("asyncio.iscoroutine", "asyncio.iscoroutinefunction"),
        *("inspect.isawaitable", "inspect.iscoroutine", "inspect.iscoroutinefunction"),
    ]
) | frozenset(
    f"builtins.{name}"
    for name in [
        "bool",
        "callable",
        "dir",
        "format",
        "hasattr",
        "hash",
        "id",
        "isinstance",
        "issubclass",
        "len",
        "repr",
        "str",
    ]
)

# Functions that store their arguments in an object of the standard library, which runs none of them.
_STORING: Final = frozenset(["dataclasses.field"])
# Modules whose functions fail for a coroutine, or convert it to text.
_DATA_MODULES: Final = frozenset(
    [
        *("base64", "binascii", "copy", "datetime", "decimal", "fractions", "hashlib", "html", "json", "math"),
        *("pickle", "re", "statistics", "struct", "textwrap", "time", "unicodedata", "urllib", "uuid", "zlib"),
    ]
)
# Functions whose results other modules identify by the dotted name of the function.
NAMED_RESULTS: Final = frozenset(["asyncio.timeout", "asyncio.timeout_at", "typing.TypedDict"])


class LibraryCall(Struct, frozen=True):
    """A call of a function outside the project."""

    interpreter: Interpreter
    name: str
    """The dotted name of the function."""
    arguments: Arguments
    place: SourcePlace
    """The call expression."""
    last_task_before: TaskId
    """The last task id before the arguments were evaluated."""

    @property
    def first(self) -> Value:
        """The first argument, or UNKNOWN without arguments."""
        return self.arguments.items[0].value if self.arguments.items else UNKNOWN

    @property
    def is_awaited(self) -> bool:
        """Whether the call is the operand of an `await`."""
        return isinstance(self.place.module.parents.get(id(self.place.node)), cst.Await)

    def unmodeled(self) -> Value:
        """Evaluate the call as a call of an unknown function. Relevant arguments escape."""
        return call_unknown(self.interpreter, External(self.name), self.arguments, self.place)


Model: TypeAlias = Callable[[LibraryCall], Value]

ALIASES: Final = {
    "asyncio.tasks.gather": "asyncio.gather",
    "asyncio.loop.create_task": "asyncio.create_task",
    "asyncio.get_running_loop": "asyncio.get_event_loop",
    "asyncio.new_event_loop": "asyncio.get_event_loop",
    "asyncio.ensure_future": "asyncio.create_task",
    "asyncio.Task": "asyncio.create_task",
    "asyncio.eager_start": "asyncio.create_task",
    "builtins.aiter": "builtins.iter",
    "typing_extensions.cast": "typing.cast",
}


def canonical_name(name: str) -> str:
    """Return the dotted name under which a function is modeled."""
    return ALIASES.get(name, name)


MODULES_BY_PACKAGE: Final = {
    "asyncio": ("asyncio_",),
    "bisect": ("ordering",),
    "builtins": ("builtins_", "collections_", "iteration_", "ordering", "reflection"),
    "cattrs": ("generated_classes",),
    "collections": ("collections_", "generated_classes"),
    "contextlib": ("functools_",),
    "contextvars": ("collections_",),
    "copy": ("collections_",),
    "dacite": ("generated_classes",),
    "dataclasses": ("collections_", "reflection"),
    "datetime": ("datetime_",),
    "enum": ("builtins_",),
    "functools": ("functools_",),
    "heapq": ("ordering",),
    "importlib": ("reflection",),
    "inspect": ("reflection",),
    "itertools": ("iteration_", "itertools_"),
    "js": ("asyncio_",),
    "math": ("builtins_",),
    "msgspec": ("generated_classes",),
    "operator": ("functools_",),
    "pydantic": ("generated_classes",),
    "pyodide": ("asyncio_",),
    "queue": ("asyncio_",),
    "random": ("iteration_",),
    "sys": ("reflection",),
    "types": ("collections_", "functools_", "generated_classes"),
    "typing": ("builtins_", "generated_classes"),
    "unittest": ("builtins_",),
}
"""The modules with the models of each top-level package, which are imported at the first call of a function in it."""

MODELS: Final[dict[str, Model]] = {}
"""The model of each function in the imported modules, by dotted name. `model_of` imports further ones."""

UNPACKING: Final[set[str]] = set()
"""The names of functions whose models unpack starred arguments themselves."""

_STARTING_TASKS: Final[set[str]] = set()
"""The names of functions that only start their positional arguments as tasks."""

_ORDINARY_BUILTINS: Final = frozenset(
    f"builtins.{name}"
    for name in [
        *("abs", "all", "any", "bool", "dict", "enumerate", "float", "int", "isinstance", "len", "list", "max", "min"),
        *("print", "range", "repr", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip"),
    ]
)
"""Functions that raise only errors of the language itself, such as a ValueError."""


def models(*names: str, unpacks: bool = False, starts_tasks: bool = False) -> Callable[[Model], Model]:
    """Return a decorator that registers a function as the model of the functions with these dotted names.

    Starred arguments are replaced by their elements, unless the model `unpacks` them itself. `starts_tasks` means that
    the functions start their positional arguments as tasks and raise no exceptions themselves.
    """

    def register(model: Model) -> Model:
        MODELS.update(dict.fromkeys(names, model))
        UNPACKING.update(names if unpacks else ())
        _STARTING_TASKS.update(names if starts_tasks else ())
        return model

    return register


def model_of(name: str) -> Model | None:
    """Return the model of a function with a canonical dotted name, or None without a model."""
    model = MODELS.get(name)
    if model is None and (modules := MODULES_BY_PACKAGE.get(name.partition(".")[0])) is not None:
        for module in modules:
            import_module(f"stepgraph.interpreter.library.{module}")
        model = MODELS.get(name)
    return model


def starts_tasks(function: Value) -> bool:
    """Return whether a function starts its positional arguments as tasks and raises no exceptions itself."""
    if not isinstance(function, External):
        return False
    name = canonical_name(function.name)
    return model_of(name) is not None and name in _STARTING_TASKS


def errors_of_call(callee: Value) -> NonStepErrors:
    """Return the errors that a call of a function may raise outside of steps."""
    match callee:
        case StepMethod() | StepFunction():
            return NonStepErrors.NONE
        case Union(cases=cases):
            return max(errors_of_call(case.value) for case in cases)
        case External() if starts_tasks(callee):
            return NonStepErrors.NONE
        case External(name=name) if name in _ORDINARY_BUILTINS:
            return NonStepErrors.LANGUAGE
        case External(name=name) | ExternalResultMember(name=name) if is_logging(name):
            return NonStepErrors.LANGUAGE
        case BuiltinMethod(receiver=Collection() | Mapping() | Payload() | Event()):
            return NonStepErrors.LANGUAGE
        case _:
            return NonStepErrors.ANY


def may_raise_unseen(callee: Value) -> bool:
    """Return whether a call may raise an exception that the interpreter does not see.

    Calls of project functions and classes do not count, because their code is interpreted.
    """
    if isinstance(callee, Union):
        return any(may_raise_unseen(case.value) for case in callee.cases)
    return not isinstance(callee, FunctionValue | ClassValue) and errors_of_call(callee) is NonStepErrors.ANY


def call_external(interpreter: Interpreter, callee: External, arguments: Arguments, place: SourcePlace) -> Value:
    """Call a function outside the project, dispatched by its dotted name."""
    interpreter.work.register_external_coroutine(callee.name, place)
    result = _call_external(interpreter, callee, arguments, place)
    result = resource_result(interpreter, callee.name, place, result)
    return interpreter.tracer.on_external_call(callee, arguments, place, result)


def _call_external(interpreter: Interpreter, callee: External, arguments: Arguments, place: SourcePlace) -> Value:
    name = canonical_name(callee.name)
    _report_hooks(interpreter, callee.name, arguments, place)
    if name == "asyncio.create_task" and callee.name != "asyncio.ensure_future" and arguments.items:
        from stepgraph.interpreter.workflow.timeouts import observe_future_as_task

        observe_future_as_task(interpreter, arguments.items[0], place)
    arguments = _without_coroutine(interpreter, name, arguments, place)
    call = LibraryCall(interpreter, name, arguments, place, interpreter.task_id_before_call)
    model = model_of(name)
    if model is not None:
        unpacks = name in UNPACKING
        return model(call if unpacks else replace(call, arguments=without_stars(interpreter, arguments, place)))
    if name.removesuffix("()") in TRANSPARENT_CLASS_DECORATORS:
        # A call that passes only settings returns a decorator.
        return call.first if isinstance(call.first, ClassValue) else External(f"{callee.name.removesuffix('()')}()")
    if is_logging(name) or name in _STORING:
        return ExternalResult(name)
    if name in HARMLESS:
        return UNKNOWN
    if name in NAMED_RESULTS:
        report_escape(interpreter, arguments, place)
        return External(f"{name}()")
    method = unbound_method(interpreter, name, arguments)
    if method is not None:
        return interpreter.call(method, Arguments(arguments.items[1:]), place)
    return call_unknown(interpreter, callee, arguments, place)


def _without_coroutine(interpreter: Interpreter, name: str, arguments: Arguments, place: SourcePlace) -> Arguments:
    """Return the arguments of a function, with an unknown value in place of a coroutine for which the function fails.

    If any other argument may be a callback that uses the coroutine, the arguments are unchanged.
    """
    if name.partition(".")[0] not in _DATA_MODULES:
        return arguments
    coroutines = [each for each in arguments.items if _is_coroutine(each.value)]
    others = [each.value for each in arguments.items if not _is_coroutine(each.value)]
    if len(coroutines) != 1 or not all(map(_is_plain, others)):
        return arguments
    interpreter.work.data_calls.add(id(place.node))
    unknown = replace(coroutines[0], value=UNKNOWN)
    return Arguments(tuple([unknown if each is coroutines[0] else each for each in arguments.items]))


def _is_coroutine(value: Value) -> bool:
    is_external = isinstance(value, ExternalResult) and value.name in COROUTINE_FUNCTIONS
    return is_external or isinstance(value, Coroutine)


def _is_plain(value: Value) -> bool:
    """Return whether a value is a constant or a function such as `str`."""
    return isinstance(value, Constant) or (isinstance(value, External) and value.name.startswith("builtins."))


# Functions that call `iter` on an argument immediately.
_ITERATING: Final = frozenset(
    [
        *("builtins.aiter", "builtins.enumerate", "builtins.filter", "builtins.iter", "builtins.map", "builtins.zip"),
        *("itertools.accumulate", "itertools.compress", "itertools.cycle", "itertools.dropwhile"),
        *("itertools.filterfalse", "itertools.groupby", "itertools.islice", "itertools.pairwise", "itertools.starmap"),
        *("itertools.takewhile", "itertools.tee", "itertools.zip_longest"),
    ]
)
_CHECKS: Final = {"builtins.isinstance": "__instancecheck__", "builtins.issubclass": "__subclasscheck__"}


def _report_hooks(interpreter: Interpreter, name: str, arguments: Arguments, place: SourcePlace) -> None:
    """Report the special methods with effects that a library function runs, such as `__iter__`."""
    if name in _ITERATING:
        method = "__aiter__" if name == "builtins.aiter" else "__iter__"
        for argument in arguments.items:
            for leaf in union_values(argument.value):
                if isinstance(leaf, ProjectObject):
                    _report_hook(interpreter, leaf.cls, method, Arguments.of(leaf, place), place)
    elif name in _CHECKS and arguments.items:
        checked = [leaf for argument in arguments.items[1:] for leaf in union_values(argument.value)]
        for leaf in checked:
            if isinstance(leaf, ClassValue) and isinstance(leaf.metaclass, ClassValue):
                operands = (Argument(leaf, place), arguments.items[0])
                _report_hook(interpreter, leaf.metaclass, _CHECKS[name], Arguments(operands), place)


def _report_hook(interpreter: Interpreter, owner: Value, method: str, arguments: Arguments, place: SourcePlace) -> None:
    from stepgraph.interpreter.effects import timed_effect

    function = find_member(interpreter, resolution_order(owner), method) if isinstance(owner, ClassValue) else None
    if not isinstance(function, FunctionValue) or isinstance(function.node, cst.Lambda):
        return
    if bindings_of(function.node, function.scope.module).is_generator:
        return  # the body runs when the elements are used
    effect = timed_effect(interpreter, function, arguments)
    if effect == "runs steps" and method not in ("__iter__", "__aiter__"):
        return  # reported where the owner escapes
    if effect is not None:
        interpreter.note(
            "escapes",
            place,
            f"`{place.brief_text}` calls `{method}`, which {effect}.",
            "Its effects may be missing from the graph. Iterate over the object itself.",
        )
