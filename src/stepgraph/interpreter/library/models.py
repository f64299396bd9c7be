"""The registry of library models. A model is a function that evaluates a call of a function outside the project."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.python.calls import call_unknown
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.values import UNKNOWN, External, Value
from stepgraph.syntax.module import SourcePlace


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
