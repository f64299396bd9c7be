"""What can be named where a statement stands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from tests.proof.programs.printing import Expression


@dataclass(frozen=True, slots=True)
class Callee:
    """A function that is called with the step object, with something to call, or with a number, as it says."""

    text: str
    takes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A name for steps or functions by key."""

    name: str
    keys: tuple[str, ...]


@dataclass
class Scope:
    """The names of a place. A statement adds to those of its block; what it holds gets a scope `inside`."""

    step: str
    """How the step object is written."""
    thunks: list[str] = field(default_factory=list)
    """What gives a coroutine when it is called without arguments: steps, closures, partial functions."""
    steps: list[str] = field(default_factory=list)
    """Those of them that are names of declared steps."""
    callees: list[Callee] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    """Names of literal lists of steps."""
    needs: list[str] = field(default_factory=list)
    """What a step may need: names of steps in implicit mode, their functions in legacy mode."""
    conditions: list[Expression] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    """Names that are certainly bound to tasks."""
    possible_tasks: list[str] = field(default_factory=list)
    """Names that are bound to a task or to None."""
    task_lists: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    """Names of task groups that are open."""
    rows: list[str] = field(default_factory=list)
    """Variables of loops."""
    depth: int = 0
    can_break: bool = False
    can_return: bool = True
    in_handler: bool = False
    in_final: bool = False
    """Whether a `finally` is around: the graph has no word for an exception that it raises before its steps."""
    once: bool = False
    """Whether what is declared here is declared once in a run. A name stands for the step that bore it last: one that
    is declared anew while another goes on takes its place, which the graph does not show.
    """
    in_class: bool = False
    """Whether `depends=` written here is in the class, where the analysis looks for it to know the mode."""

    def inside(self, **changed: object) -> Self:
        """Give the scope of a block in this one."""
        names = ("thunks", "steps", "callees", "tables", "lists", "needs", "conditions", "tasks", "possible_tasks")
        copied = {name: list(getattr(self, name)) for name in (*names, "task_lists", "groups", "rows")}
        return replace(self, **{**copied, "depth": self.depth + 1, **changed})  # type: ignore[arg-type]

    def function(self, **changed: object) -> Self:
        """Give the scope of a function's body in this one: nothing is left of the loops around, and of its tasks."""
        fresh = {"can_break": False, "can_return": True, "in_handler": False, "in_final": False, "once": False}
        gone: dict[str, list[str]] = {"tasks": [], "possible_tasks": [], "task_lists": [], "groups": []}
        return self.inside(**{**fresh, **gone, **changed})
