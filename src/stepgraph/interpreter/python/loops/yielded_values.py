"""The values that a generator yields, which are the same objects at each use of the generator.

Each use interprets the code of the generator again, or repeats its memoized summary. Both allocate new objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.copies import Copier
from stepgraph.interpreter.store import Store
from stepgraph.interpreter.values.calls import GeneratorCall
from stepgraph.interpreter.values.containers import Element
from stepgraph.interpreter.widening import is_copy
from stepgraph.interpreter.workflow.work import YieldedValues
from stepgraph.ir.nodes import Scope
from stepgraph.ir.values import Value

_MAX_EVALUATIONS: Final = 8
"""The maximum number of different evaluations of one generator, because each is compared with all earlier ones."""


class GeneratorPasses(Struct):
    """The operations at each `yield` of a generator whose code is inlined."""

    store: Store
    since: int
    """The serial of the newest cell before the code."""
    scopes: list[Scope] = field(default_factory=list)
    yields_own_objects: bool = False
    """Whether the generator yields objects that its code creates, so that code after an earlier use has others."""

    def add(self, scope: Scope, value: Value) -> None:
        """Add the operation at a `yield` of a value."""
        self.scopes.append(scope)
        copier = Copier(self.store, self.since)
        copier.copy(value)
        self.yields_own_objects = self.yields_own_objects or bool(copier.copies)


def shared_yields(
    interpreter: Interpreter, generator: GeneratorCall, yields: tuple[Element, ...], since: int
) -> tuple[Element, ...]:
    """Return the values that a generator may yield, with the objects of its earlier uses.

    `yields` are the values of the current evaluation of the code, which has no effects that matter. `since` is the
    serial of the newest cell before the evaluation.
    """
    store = interpreter.store
    copier = Copier(store, since)
    unchanged = copier.copy_elements(yields)
    if not copier.copies:
        return yields
    evaluations = interpreter.work.yielded.setdefault(id(generator), (generator, []))[1]
    if not any(_is_repeated(interpreter, yields, evaluation) for evaluation in evaluations):
        if len(evaluations) == _MAX_EVALUATIONS:
            _report_values(interpreter, generator)
            return _all_yields(evaluations)
        # A rollback undoes the writes that filled the original cells, but keeps the contents of copies.
        unused = [cell for cell in generator.cells if not cell]
        shared = Copier(store, since, unused=unused).copy_elements(yields)
        evaluations.append(YieldedValues(shared, unchanged, since))
    return _all_yields(evaluations)


def _is_repeated(interpreter: Interpreter, yields: tuple[Element, ...], earlier: YieldedValues) -> bool:
    """Return whether an evaluation has the same result as an earlier one, apart from the allocated objects."""
    budget = interpreter.store.budget
    return len(yields) == len(earlier.unchanged) and all(
        element.place == before.place and is_copy(element.value, before.value, earlier.since, budget)
        for element, before in zip(yields, earlier.unchanged, strict=True)
    )


def _all_yields(evaluations: Iterable[YieldedValues]) -> tuple[Element, ...]:
    return tuple(element for evaluation in evaluations for element in evaluation.elements)


def _report_values(interpreter: Interpreter, generator: GeneratorCall) -> None:
    interpreter.note(
        "generator",
        generator.place,
        f"the generator `{generator.function.name}` yields different objects at each use.",
        "The graph shows the objects of the first uses.",
    )
