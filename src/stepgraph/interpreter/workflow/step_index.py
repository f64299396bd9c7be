"""The declared steps by their properties, for steps with a parameter that matches no declaration."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from msgspec import Struct, field

from stepgraph.interpreter.values.heap_cells import Declarations
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.facts import StepPrefix
from stepgraph.ir.nodes import StepDefinition
from stepgraph.ir.values import Value


class StepIndex(Struct):
    """The steps in some declarations, in order. New declarations are added without a pass over the earlier ones."""

    steps: list[StepDefinition] = field(default_factory=list)
    """All steps."""
    with_braces: list[StepDefinition] = field(default_factory=list)
    """The steps whose names may contain code, as in an f-string."""
    by_function_name: dict[str, StepDefinition] = field(default_factory=dict)
    """The first step of each function."""
    _size: int = 0
    """The number of indexed declarations."""
    _changes: int = 0
    """The value of `Declarations.changes` for which the index is valid."""

    def update(self, declarations: Declarations) -> None:
        """Add the declarations since the last update. Index all of them again if one was replaced or removed."""
        if declarations.changes != self._changes:
            self.steps = []  # a new list, because facts refer to the old one
            self.with_braces.clear()
            self.by_function_name.clear()
            self._size, self._changes = 0, declarations.changes
        for value in islice(declarations.values(), self._size, None):
            for step in (function.definition for function in step_functions_in(value)):
                self.steps.append(step)
                self.by_function_name.setdefault(step.function_name, step)
                if "{" in step.declared_name:
                    self.with_braces.append(step)
        self._size = len(declarations)

    def first_steps(self) -> StepPrefix:
        """Return the current steps."""
        return StepPrefix(self.steps, len(self.steps))


def step_functions_in(value: Value) -> Iterator[StepFunction]:
    """Yield the steps that a declaration may refer to."""
    if isinstance(value, StepFunction):
        yield value
    elif isinstance(value, Union):
        for case in value.cases:
            yield from step_functions_in(case.value)
