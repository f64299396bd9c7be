"""Generator expressions that use themselves, or equal ones that they create, as in a recursive function.

Such a use emits nothing, and its elements are unknown. It runs the code of the outer use, so a note reports it only if
the outer use runs steps, or creates or stores values that can lead to steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.equivalence import Slot
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import has_relevant_value
from stepgraph.interpreter.signatures import Signature
from stepgraph.interpreter.values.calls import GeneratorExpression
from stepgraph.interpreter.values.containers import Element
from stepgraph.interpreter.values.data import data_objects
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.interpreter.write_log import WriteLog
from stepgraph.ir.nodes import OperationBlock
from stepgraph.ir.values import UNKNOWN, Unresolved, Value
from stepgraph.ir.walk import may_run_steps
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace

MAX_GENERATOR_DEPTH: Final = 5
"""The maximum number of evaluations of one generator expression inside each other."""


class OpenGenerator(Struct, eq=False):
    """A generator expression whose elements are being evaluated."""

    generator: GeneratorExpression
    newest_serial: int
    """The serial of the newest heap cell at the start of the evaluation."""
    key: object
    """The values that its code can read. None if no evaluation of the same code has created it."""
    log: WriteLog
    """The writes of the evaluation."""
    elements: list[Value] = field(default_factory=list)
    """The elements so far."""
    is_recursive: bool = False
    """Whether the evaluation uses the generator expression, or an equal one that it creates."""


def recursive_element(interpreter: Interpreter, generator: GeneratorExpression) -> Element | None:
    """Return an element that stands for all elements of a generator expression that is used recursively.

    Return None for other generator expressions. A generator expression that exists before the evaluation of its code
    may be used in it, as in `clean(clean(rows))`.
    """
    same_code = [each for each in interpreter.open_generators if each.generator.node is generator.node]
    if not same_code:
        return None
    place = SourcePlace(generator.scope.module, generator.node)
    key = _key(interpreter, generator, same_code[0])
    for each in same_code:
        if each.generator.state is generator.state or (key is not None and each.key == key):
            each.is_recursive = True
            return Element(UNKNOWN, place, many=True, may_be_missing=True)
    if key is None or len(same_code) < MAX_GENERATOR_DEPTH:
        return None
    unresolved = Unresolved("it is an element of a generator expression that uses itself", place)
    return Element(unresolved, place, many=True, may_be_missing=True)


@contextmanager
def evaluating(interpreter: Interpreter, generator: GeneratorExpression) -> Iterator[OpenGenerator]:
    """Evaluate elements of a generator expression, and report recursive uses if steps depend on them."""
    key = None
    for each in interpreter.open_generators:
        if each.generator.node is generator.node:
            key = _key(interpreter, generator, each)
            break
    position = len(interpreter.operations)
    with interpreter.store.logged(interpreter.store.serial) as log:
        opened = OpenGenerator(generator, interpreter.store.serial, key, log)
        interpreter.open_generators.append(opened)
        try:
            yield opened
        finally:
            interpreter.open_generators.remove(opened)
    if opened.is_recursive and (
        data_objects(*opened.elements) is None
        or may_run_steps(OperationBlock(tuple(interpreter.operations[position:])))
        or any(_leads_to_steps(value) for logged in log for value in logged.values)
    ):
        place = SourcePlace(generator.scope.module, generator.node)
        interpreter.note(
            "generator",
            place,
            f"the generator expression `{place.brief_text}` uses itself, as in a recursive function.",
            "The graph shows only the outermost use. Replace the expression with a generator function.",
        )


@contextmanager
def suspended(interpreter: Interpreter, opened: OpenGenerator) -> Iterator[None]:
    """Interpret code that runs between two elements of a generator expression."""
    index = interpreter.open_generators.index(opened)
    del interpreter.open_generators[index]
    try:
        yield
    finally:
        interpreter.open_generators.insert(index, opened)


def _leads_to_steps(written: Slot) -> bool:
    """Return whether a written value may lead to a step, unless it is the state of a generator expression."""
    elements = written if isinstance(written, tuple) else ()
    is_state = any(isinstance(each, Element) and type(each.place.node) is cst.GeneratorExp for each in elements)
    return not is_state and has_relevant_value(written)


def _key(interpreter: Interpreter, generator: GeneratorExpression, outermost: OpenGenerator) -> object:
    """Return the values that a generator expression can read and that the evaluation `outermost` has created.

    Return None if the generator expression existed before this evaluation.
    """
    if generator.state.serial <= outermost.newest_serial:
        return None
    signature = Signature(is_recursive=True)
    parts = [signature.key_of(generator.first, 0)]
    scope: LexicalScope | None = generator.scope
    while scope is not None and scope.names.serial > outermost.newest_serial:
        parts += (signature.key_of(value, 0) for value in scope.names.values())
        scope = scope.parent
    interpreter.budget.spend(Limit.ELEMENTS, signature.parts)
    return (*parts, scope)
