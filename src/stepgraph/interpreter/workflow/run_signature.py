"""The signatures of `run`, which gets the event and the step object, and `__init__`, which gets `ctx` and `env`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import find_member, project_classes, resolution_order
from stepgraph.interpreter.replay.tracer import NO_TRACER
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, ProjectObject
from stepgraph.ir.facts import Fact, RunFault, UnusableInitializer, UnusableRun
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourceModule, SourcePlace

# The instance and two arguments: the event and the step object for `run`, `ctx` and `env` for `__init__`.
_ARGUMENT_COUNT: Final = 3
_FAULTS_OF_PARAMETERS: Final[tuple[RunFault, ...]] = ("missing", "extra", "order")
_SWAPPED_NAMES: Final = ["step", "event"]
# Source text of code that may set `self.env` and `self.ctx`: by the initializer of the base class, or itself.
_SETS_ATTRIBUTES: Final = (
    r"\b(?:super|__init__|__dict__|setattr|vars|WorkflowEntrypoint)\b"
    r"|\.(?:env|ctx)\b|\bself(?:[^.\w]|$)|\bself\.\w+\("
)


def observe_unusable_run(interpreter: Interpreter, run: FunctionValue, *, of_base: bool) -> None:
    """Record a fact if the engine cannot run a method `run` of a workflow class, and note wrong parameters.

    A method whose decorators may change its signature, or a function that is assigned to `run`, is usable. A class that
    may be a base can get extra arguments from the classes that derive from it.
    """
    node = run.node
    if run.caveats or not isinstance(node, cst.FunctionDef) or node.name.value != "run":
        return
    module = run.scope.module
    fault = "generator" if bindings_of(node, module).is_generator else _binding_fault(run, node.params)
    if fault is None or (fault == "extra" and of_base):
        return
    parameters, place = module.brief_text(node.params), SourcePlace(module, node.name)
    interpreter.observe(UnusableRun(fault, parameters, place))
    if fault in _FAULTS_OF_PARAMETERS:
        interpreter.note(
            "run-parameters",
            place,
            f"`run` takes `({parameters})`, but the engine passes the event, then the step.",
            "Write `async def run(self, event, step)`.",
            incomplete=False,
        )


def has_swapped_parameters(facts: Iterable[Fact]) -> bool:
    """Return whether a fact reports a method `run(self, step, event)`."""
    return any(isinstance(fact, UnusableRun) and fact.fault == "order" for fact in facts)


def observe_unusable_initializer(interpreter: Interpreter, initializer: FunctionValue, workflow: ClassValue) -> None:
    """Record a fact if the runtime cannot create an instance of a workflow class with `ctx` and `env`."""
    fault = _parameter_fault(initializer.node.params)
    if fault in ("missing", "extra") and _is_called_by_runtime(initializer, workflow):
        _observe_initializer(interpreter, initializer)


def observe_unset_attribute(interpreter: Interpreter, instance: ProjectObject, place: SourcePlace) -> None:
    """Record a fact for a read of `self.env` or `self.ctx` if the `__init__` of a workflow class does not set it."""
    if interpreter.tracer is NO_TRACER:
        return
    if any("__new__" in owner.scope.bindings.binders for owner in project_classes(instance.cls)):
        return
    initializer = find_member(interpreter, resolution_order(instance.cls), "__init__")
    if (
        isinstance(initializer, FunctionValue)
        and _is_called_by_runtime(initializer, instance.cls)
        and initializer.scope.module.once_for(initializer.node, _sets_no_attributes)
    ):
        _observe_initializer(interpreter, initializer, place)


def _observe_initializer(interpreter: Interpreter, initializer: FunctionValue, read: SourcePlace | None = None) -> None:
    node, module = initializer.node, initializer.scope.module
    if isinstance(node, cst.FunctionDef):
        parameters = module.brief_text(node.params)
        interpreter.observe(UnusableInitializer(parameters, SourcePlace(module, node.name), read))


def _is_called_by_runtime(initializer: FunctionValue, workflow: ClassValue) -> bool:
    """Return whether the runtime calls a function as the `__init__` of a workflow class, as it is written."""
    is_plain = not workflow.caveats and not workflow.decorator_names and workflow.has_plain_metaclass
    return is_plain and not initializer.caveats and initializer.kind == "function"


def _sets_no_attributes(function: cst.CSTNode, module: SourceModule) -> bool:
    if not isinstance(function, cst.FunctionDef) or _first_name(function.params) != "self":
        return False
    return re.search(_SETS_ATTRIBUTES, module.text(function.body)) is None


def _first_name(params: cst.Parameters) -> str:
    positional = [*params.posonly_params, *params.params]
    return positional[0].name.value if positional else ""


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
