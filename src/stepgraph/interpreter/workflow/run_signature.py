"""The signature of `run`, which the engine calls with the event and the step object."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.ir.facts import RunFault, UnusableRun
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourcePlace

# The instance, the event and the step object.
_ARGUMENT_COUNT: Final = 3
_SWAPPED_NAMES: Final = ["step", "event"]


def observe_unusable_run(interpreter: Interpreter, run: FunctionValue, *, of_base: bool) -> None:
    """Record a fact if the engine cannot run a method `run` of a workflow class.

    A method whose decorators may change its signature, or a function that is assigned to `run`, is usable. A class that
    may be a base can get extra arguments from the classes that derive from it.
    """
    node = run.node
    if run.caveats or not isinstance(node, cst.FunctionDef) or node.name.value != "run":
        return
    module = run.scope.module
    fault = "generator" if bindings_of(node, module).is_generator else _binding_fault(run, node.params)
    if fault is not None and not (fault == "extra" and of_base):
        parameters = module.brief_text(node.params)
        interpreter.observe(UnusableRun(fault, parameters, SourcePlace(module, node.name)))


def is_static_with_instance(run: FunctionValue) -> bool:
    """Return whether `run` is a static method with a parameter for the instance, which the SDK passes to it, too."""
    return run.kind == "static" and _parameter_fault(run.node.params) != "missing"


def _binding_fault(run: FunctionValue, params: cst.Parameters) -> RunFault | None:
    """Return why the SDK cannot call `run` with the instance, the event and the step, as it calls each function.

    The SDK takes the attribute from the class body: a class method is not callable there (SDK: `_wrap_workflow_step`).
    """
    match run.kind:
        case "function" if run.receiver is not None:
            return _parameter_fault(params)
        case "static":
            fault = _parameter_fault(params)
            return "static" if fault == "missing" else fault
        case "class":
            return "class"
    return None


def _parameter_fault(params: cst.Parameters) -> RunFault | None:
    positional = [*params.posonly_params, *params.params]
    if len(positional) < _ARGUMENT_COUNT and not isinstance(params.star_arg, cst.Param):
        return "missing"
    if any(each.default is None for each in (*positional[_ARGUMENT_COUNT:], *params.kwonly_params)):
        return "extra"
    names = [parameter.name.value for parameter in positional[1:_ARGUMENT_COUNT]]
    return "order" if names == _SWAPPED_NAMES else None
