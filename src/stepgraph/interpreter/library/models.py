"""The registry of library models. A model is a function that evaluates a call of a function outside the project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.python.calls import call_unknown
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.values import UNKNOWN, External, Value
from stepgraph.syntax.module import Place


class LibraryCall(Struct, frozen=True):
    """A call of a function outside the project."""

    interpreter: Interpreter
    name: str
    """The dotted name of the function."""
    arguments: Arguments
    place: Place
    """The call expression."""
    last_task_before: TaskId
    """The last task id before the arguments were evaluated."""

    @property
    def first(self) -> Value:
        """The first argument, or UNKNOWN without arguments."""
        return self.arguments.items[0].value if self.arguments.items else UNKNOWN

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


MODELS: Final[dict[str, Model]] = {}
"""The model of each function, by dotted name."""


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


def starts_tasks(function: Value) -> bool:
    """Return whether a function starts its positional arguments as tasks and raises no exceptions itself."""
    return isinstance(function, External) and canonical_name(function.name) in _STARTING_TASKS
