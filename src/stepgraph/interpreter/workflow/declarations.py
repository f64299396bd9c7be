"""The declarations of steps, in the order of the calls that make them."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count, takewhile

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.ir.nodes import StepDefinition


def declare_step(interpreter: Interpreter, step: StepFunction) -> None:
    """Declare a step. It replaces an earlier step with the same name (SDK: `step_closures`)."""
    number = interpreter.steps.add(step)
    interpreter.store.write(interpreter.steps.by_name, step.definition.name, step)
    interpreter.frame.declared.pop(step, None)
    interpreter.frame.declared[step] = number


def declare_again(interpreter: Interpreter, steps: Collection[StepFunction]) -> None:
    """Declare the steps of a function again at a call of the function.

    Steps that are still current only move to the end of the order. A chain of calls would otherwise declare the
    steps of its last function in each caller, which takes quadratic time.
    """
    current = interpreter.steps.by_name
    if not all(current.get(step.definition.name) is step for step in steps):
        for step in steps:
            declare_step(interpreter, step)
        return
    declared = interpreter.frame.declared
    for step in () if declared.keys().isdisjoint(steps) else steps:
        declared.pop(step, None)
    declared.update(zip(steps, count(interpreter.steps.count + 1), strict=False))
    interpreter.steps.count += len(steps)


def declared_since(interpreter: Interpreter, number: int) -> tuple[StepDefinition, ...]:
    """Return the steps that the present frame has declared after the declaration `number`, in order."""
    recent = takewhile(lambda entry: entry[1] > number, reversed(interpreter.frame.declared.items()))
    return tuple(step.definition for step, _ in recent)[::-1]
