"""Constants that calls pass for the parameters of functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stepgraph.ir.nodes import Call, Run, StartOperation

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.parameter_tests import ConstantArgument
    from stepgraph.syntax.module import SourcePlace


def passed_constants(subject: WorkflowSubject, place: SourcePlace) -> Sequence[ConstantArgument]:
    """Return the constants that calls pass for a parameter which the expression at `place` uses unchanged."""
    by_parameter = subject.once(_constants_by_parameter)
    if not by_parameter:
        return ()
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.passed_parameters import passed_parameter

    parameter = passed_parameter(place)
    return () if parameter is None else by_parameter.get(parameter, ())


def _constants_by_parameter(subject: WorkflowSubject) -> dict[SourcePlace, list[ConstantArgument]]:
    result: dict[SourcePlace, list[ConstantArgument]] = {}
    for visit in subject.operations:
        operation = visit.operation
        if isinstance(operation, Run | StartOperation) and isinstance(operation.activity, Call):
            for argument in operation.activity.constants:
                if argument.place is not None and len(argument.values) == 1:
                    result.setdefault(argument.parameter, []).append(argument)
    return result
