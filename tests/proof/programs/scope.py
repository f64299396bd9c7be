"""The names in scope at a statement."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from tests.proof.programs.printing import Expression


@dataclass(frozen=True, slots=True)
class Callee:
    """A function and the kinds of its arguments: step object, callable, event or number."""

    text: str
    takes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DispatchTable:
    """A dictionary of steps or functions, and its keys."""

    name: str
    keys: tuple[str, ...]


_SHARED = (
    "thunks",
    "steps",
    "callees",
    "tables",
    "lists",
    "needs",
    "conditions",
    "rows",
    "states",
    "function_lists",
)
"""Lists of names that nested functions may use."""
_LOCAL = ("tasks", "possible_tasks", "task_lists", "groups", "function_variables", "flags")
"""Lists of names that only the function that assigns them may use."""


@dataclass
class Scope:
    """The names in scope. A statement adds names for the rest of its block. Nested blocks use `inside()`."""

    step: str
    """Source of the expression for the step object."""
    thunks: list[str] = field(default_factory=list)
    """Callables without parameters that return a coroutine: steps, closures and partial functions."""
    steps: list[str] = field(default_factory=list)
    """The subset of `thunks` that are declared steps."""
    callees: list[Callee] = field(default_factory=list)
    tables: list[DispatchTable] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    """Names of literal lists of steps."""
    needs: list[str] = field(default_factory=list)
    """Names that a step may depend on: step names in implicit mode, functions in legacy mode."""
    conditions: list[Expression] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    """Names always bound to tasks."""
    possible_tasks: list[str] = field(default_factory=list)
    """Names bound to a task or None."""
    task_lists: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    """Names of open task groups."""
    rows: list[str] = field(default_factory=list)
    """Loop variables."""
    states: list[str] = field(default_factory=list)
    """Names of objects with the attributes `call`, `flag`, `count` and `task`, which may change."""
    function_lists: list[str] = field(default_factory=list)
    """Names of lists of functions that may change."""
    function_variables: list[str] = field(default_factory=list)
    """Local variables with a function, which may change."""
    flags: list[str] = field(default_factory=list)
    """Local variables with a truth value, which may change."""
    depth: int = 0
    can_break: bool = False
    can_return: bool = True
    in_handler: bool = False
    in_finally: bool = False
    """Whether this is in a `finally` block. Graphs cannot represent an exception that it raises before its steps."""
    once: bool = False
    """Whether declarations here run only once. A name refers to the last step declared with it. A second declaration
    while the first step runs would replace it, which graphs do not represent.
    """
    in_class: bool = False
    """Whether a `depends=` here is inside the class, where the analysis looks for it to determine the mode."""

    def inside(self, **changed: object) -> Self:
        """Return the scope of a nested block."""
        copied = {name: list(getattr(self, name)) for name in (*_SHARED, *_LOCAL)}
        return replace(self, **{**copied, "depth": self.depth + 1, **changed})  # type: ignore[arg-type]

    def function(self, **changed: object) -> Self:
        """Return the scope of a nested function body, which excludes the enclosing loops, tasks and assignments."""
        fresh = {"can_break": False, "can_return": True, "in_handler": False, "in_finally": False, "once": False}
        gone: dict[str, list[str]] = {name: [] for name in _LOCAL}
        return self.inside(**{**fresh, **gone, **changed})
