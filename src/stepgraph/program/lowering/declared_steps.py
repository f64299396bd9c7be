"""The steps that a program declares, as the step object knows them."""

from __future__ import annotations

from msgspec import Struct, field

from stepgraph.program.ir import StepDefinition, StepRun
from stepgraph.program.values import Declarations, StepFunction


class DeclaredSteps(Struct):
    """The steps declared so far, by name, and how many there were.

    `runs` are their runs as dependencies with the version of the declarations that they hold for, `resolving` the steps
    whose dependencies are being looked up, `choosing` how many of them there were where a dependency is one of several.
    `ran` are the steps that ran, `hides` says which step that had not run another one of its name took the place of.
    `lists_depends` tells that some step was declared as in legacy mode.
    """

    by_name: Declarations = field(default_factory=Declarations)
    count: int = 0
    runs: dict[StepDefinition, tuple[int, StepRun]] = field(default_factory=dict)
    resolving: list[StepDefinition] = field(default_factory=list)
    choosing: list[int] = field(default_factory=list)
    ran: set[StepDefinition] = field(default_factory=set)
    hides: dict[StepDefinition, StepDefinition] = field(default_factory=dict)
    lists_depends: bool = False

    def add(self, step: StepFunction) -> int:
        """Count a step that is declared, and return its number; it may hide one of its name."""
        before = self.by_name.get(step.definition.name)
        if isinstance(before, StepFunction) and before.definition not in self.ran:
            self._hide(before.definition, step.definition)
        self.count += 1
        return self.count

    def _hide(self, before: StepDefinition, now: StepDefinition) -> None:
        if before.place.node is not now.place.node:
            self.hides[now] = before
