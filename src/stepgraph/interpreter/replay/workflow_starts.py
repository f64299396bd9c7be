"""Calls that start instances of workflows, recorded for the rules."""

from __future__ import annotations

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.python.arguments import unpacked_arguments
from stepgraph.interpreter.replay.tracer import Tracer
from stepgraph.interpreter.static_values import static_arguments
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.ir.facts import WorkflowStarted
from stepgraph.syntax.module import SourcePlace


class WorkflowStartTracer(Tracer):
    """A tracer that only records calls that start instances of workflows."""

    __slots__ = ("interpreter",)

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter

    def on_workflow_start(self, binding: str, method: str, arguments: Arguments, place: SourcePlace) -> None:
        """Record the call."""
        observe_workflow_start(self.interpreter, binding, method, arguments, place)


def observe_workflow_start(
    interpreter: Interpreter, binding: str, method: str, arguments: Arguments, place: SourcePlace
) -> None:
    """Record a fact for a call of `create` or `create_batch` of the binding of a workflow."""
    from stepgraph.syntax.batch_loops import batch_loops

    function = interpreter.frame.function
    loops = {} if function is None else place.module.once_for_code(function, batch_loops)
    loop = loops.get(id(place.node))
    interpreter.observe(
        WorkflowStarted(
            binding,
            method != "create",
            static_arguments(unpacked_arguments(arguments, shows_hidden=True), shows_hidden=True),
            place,
            None if loop is None else SourcePlace(place.module, loop),
        )
    )
