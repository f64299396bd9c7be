"""The tracer that a check uses to follow differences between the runs of a replayed workflow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Final

import libcst as cst

from stepgraph.interpreter.frame import PathResult
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.side_effects import (
    access_outside_step,
    discarded_access,
    is_logging_only,
    only_decides_logging,
    request_outside_step,
)
from stepgraph.interpreter.python.parameter_tests import record_selection
from stepgraph.interpreter.raised_exceptions import record_function_errors
from stepgraph.interpreter.replay.call_arguments import observe_uncertain_callee, observe_wrong_arguments
from stepgraph.interpreter.replay.module_state import ModuleState
from stepgraph.interpreter.replay.observed_values import (
    AttributeValues,
    observe_arguments,
    observe_assignment,
    observe_call,
    observe_elements,
    observe_lookup,
)
from stepgraph.interpreter.replay.races import observe_races
from stepgraph.interpreter.replay.replay_state import ReplayState
from stepgraph.interpreter.replay.sleeps import sleep_outside_step
from stepgraph.interpreter.replay.step_state import (
    is_pure_mutation,
    observe_changed_state,
    observe_event_key,
    record_attribute_change,
    record_binding,
    record_change,
    record_element_change,
    record_in_place_operator,
    record_method_call,
    record_mutating_function,
    record_read,
    record_reads_of_next_iteration,
)
from stepgraph.interpreter.replay.taint import (
    deferred_uses,
    propagate_taint,
    record_memoized_uses,
    record_test,
    record_use,
    record_uses_in_loop,
    returned_arguments,
    taint_selected_values,
    tainted_result,
    with_fixed_end,
    with_offset,
)
from stepgraph.interpreter.replay.tracer import NO_CONTEXT, CallTrace, ReplayPosition, TraceMark, Tracer
from stepgraph.interpreter.replay.unformatted_names import observe_unformatted_arguments, observe_unformatted_name
from stepgraph.interpreter.static_values import static_arguments, static_value_at
from stepgraph.interpreter.triggers import observe_workflow_start
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import BuiltinMethod, FunctionValue, LexicalScope, ProjectObject
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.step_api import expects_type_error
from stepgraph.ir.facts import (
    CalledInStep,
    DecoratorApplied,
    KeyUse,
    LateBoundVariable,
    MethodCalled,
    Returned,
    StepCalled,
)
from stepgraph.ir.nodes import StepDefinition
from stepgraph.ir.static_values import StaticArguments
from stepgraph.ir.values import UNKNOWN, External, Resource, Value
from stepgraph.ir.walk import VisitedOperation
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.changes import is_log_call
from stepgraph.syntax.step_methods import is_step_method, stores_arguments

_COMPOSITE: Final = (Collection, Mapping, Union)


class ReplayTracer(Tracer):
    """A tracer of nondeterministic values, of state that steps change, and of effects outside of steps."""

    __slots__ = ("attribute_values", "interpreter", "module_state", "state")

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.state = ReplayState(interpreter)
        self.module_state = ModuleState(interpreter)
        self.attribute_values = AttributeValues(interpreter)

    # Positions

    @property
    def position(self) -> ReplayPosition:
        return self.state.position

    def restore(self, position: ReplayPosition) -> None:
        self.state.restore(position)

    def join_paths(self, ends: Sequence[ReplayPosition | None]) -> None:
        present = self.position
        self.state.join_paths([end or present for end in ends])

    def on_completion(self) -> None:
        self.state.complete_step()

    # Contexts of evaluation

    def step_body(self, step: cst.CSTNode) -> AbstractContextManager[None]:
        return self.state.step_body(step)

    def after_dependencies(self) -> AbstractContextManager[None]:
        return self.state.after_dependencies()

    def function_body(self) -> AbstractContextManager[None]:
        return self.state.arguments(logs=False, are_parameters=False)

    def task_body(self) -> AbstractContextManager[None]:
        return self.state.task_body()

    def callee(self, call: cst.Call) -> AbstractContextManager[None]:
        return self.state.target if is_pure_mutation(call) else NO_CONTEXT

    def arguments(self, call: cst.Call, callee: Value) -> AbstractContextManager[None]:
        return self.state.arguments(logs=is_log_call(call), are_parameters=isinstance(callee, FunctionValue))

    def iterable(self, loop: cst.For) -> AbstractContextManager[None]:
        return self.state.logging_only if is_logging_only(loop.body) else NO_CONTEXT

    def test(self, branch: cst.If) -> AbstractContextManager[None]:
        is_for_logs = self.interpreter.in_step and only_decides_logging(branch)
        return self.state.logging_only if is_for_logs else NO_CONTEXT

    def assigned_value(self, node: cst.Assign) -> AbstractContextManager[Callable[[Value], None]]:
        """Return a context that counts a value in a step as used only when its variable is, as in a later log call."""
        interpreter = self.interpreter
        match node.targets:
            case [cst.AssignTarget(target=cst.Name(value=name))] if (
                interpreter.in_step
                and self.state.nondeterministic_count
                and interpreter.frame.scope.bindings.binds(name)
            ):
                return deferred_uses(self.state)
            case _:
                return super().assigned_value(node)

    def base(self) -> AbstractContextManager[None]:
        return self.state.base

    def target(self) -> AbstractContextManager[None]:
        return self.state.target

    # Expressions

    def on_read(self, node: cst.Name | cst.Attribute, owner: Value | None, value: Value) -> None:
        """Record a read. A value that a step body reads counts as used, because the engine stores the step's result."""
        state, interpreter = self.state, self.interpreter
        if (
            state.nondeterministic_count  # without a call, because most workflows have no such values
            and state.reads_are_uses
            and not (state.base.depth and isinstance(value, _COMPOSITE))
        ):
            record_use(state, value, interpreter.place(node))
        if state.state_changes or (interpreter.loop_depth and interpreter.replays):
            record_read(state, node, owner, value)
        if type(node) is cst.Attribute and owner is not None:
            self.attribute_values.observe_read(node, owner, value)

    def on_element_read(self, node: cst.Subscript, value: Value) -> None:
        if self.state.reads_are_uses:
            record_use(self.state, value, self.interpreter.place(node))

    def on_lookup(self, owner: Value, place: SourcePlace) -> None:
        observe_lookup(self.interpreter, owner, place)

    def on_method_call(self, call: cst.Call, method: Value) -> None:
        record_method_call(self.state, call, method)
        self.module_state.record_method_call(call, method)

    def on_result(self, call: cst.Call, callee: Value, arguments: Arguments, result: Value) -> Value:
        if not self.state.nondeterministic_count:
            return result
        result = propagate_taint(self.state, returned_arguments(call, arguments), result)
        if self.state.reads_are_uses and isinstance(callee, BuiltinMethod):
            record_use(self.state, result, self.interpreter.place(call))
        return result

    def on_external_call(self, callee: External, arguments: Arguments, place: SourcePlace, result: Value) -> Value:
        self.state.record_fact(request_outside_step(self.interpreter, callee.name, place, result))
        self.state.record_fact(sleep_outside_step(self.interpreter, callee.name, arguments, place))
        record_mutating_function(self.state, callee.name, arguments, place)
        return tainted_result(self.state, callee, arguments, place, result)

    def on_operation(self, operands: Iterable[Value], result: Value = UNKNOWN) -> Value:
        return propagate_taint(self.state, operands, result)

    def on_sum(self, left: Value, right: Value, result: Value, place: SourcePlace) -> Value:
        return with_offset(left, right, propagate_taint(self.state, (left, right), result), place)

    def on_difference(self, left: Value, right: Value, result: Value) -> Value:
        return with_fixed_end(left, propagate_taint(self.state, (left, right), result))

    def on_test(self, test: Value, test_place: SourcePlace, decision_place: SourcePlace, first_branch: int = 0) -> None:
        from stepgraph.interpreter.replay.constant_conditions import observe_dead_code

        record_test(self.state, test, test_place, decision_place, first_branch)
        self.module_state.record_test(test_place, decision_place, first_branch)
        observe_dead_code(self.interpreter, test, test_place)

    def on_selection(self, tests: Sequence[Value], paths: Sequence[PathResult], start: TraceMark) -> None:
        taint_selected_values(self.state, tests, paths, start)

    def on_cases(self, union: Union) -> None:
        record_selection(self.interpreter, union)

    def on_access(self, resource: Resource, place: SourcePlace) -> None:
        self.state.record_fact(access_outside_step(self.interpreter, resource, place))

    def on_event_key(self, use: KeyUse, event: Value, key: Value, owner: SourcePlace, place: SourcePlace) -> None:
        observe_event_key(self.interpreter, use, event, key, owner, place)

    def on_workflow_start(self, binding: str, method: str, arguments: Arguments, place: SourcePlace) -> None:
        observe_workflow_start(self.interpreter, binding, method, arguments, place)

    # Statements

    def on_binding(self, name: str) -> None:
        if self.state.nondeterministic_count:
            self.state.bindings.append((self.interpreter.frame.scope, name))
        if self.interpreter.replays and (self.state.state_changes or self.interpreter.loop_depth):
            record_binding(self.state, name)

    def on_assignment(self, target: cst.Name, value: Value, source: SourcePlace | None) -> None:
        interpreter = self.interpreter
        if source is not None:
            observe_assignment(interpreter, target, value, source)
        bindings = interpreter.frame.scope.bindings
        if target.value in bindings.globals:
            self.module_state.record_assignment(target, source)
        if interpreter.in_step and (target.value in bindings.nonlocals or target.value in bindings.globals):
            record_change(self.state, target, value, interpreter.place(target), rebound=True)

    def on_attribute_change(self, target: cst.Attribute, owner: Value) -> None:
        record_attribute_change(self.state, target, owner)

    def on_attribute_assignment(
        self, target: cst.Attribute, owner: Value, value: Value, source: SourcePlace | None
    ) -> None:
        self.attribute_values.assign(target, owner, value, source)

    def on_named_assignment(self, instance: ProjectObject, name: str | None) -> None:
        self.attribute_values.change(instance, name)

    def on_field(self, instance: ProjectObject, name: str, argument: Argument) -> None:
        self.attribute_values.set_field(instance, name, argument.value, argument.place)

    def on_element_change(self, target: cst.Subscript, owner: Value) -> None:
        record_element_change(self.state, target, owner)
        self.module_state.record_change(target)

    def on_augmented_assignment(self, node: cst.AugAssign, target: Value, value: Value) -> None:
        record_in_place_operator(self.state, node, target, value)
        self.module_state.record_change(node.target)

    def on_discard(self, value: Value) -> None:
        self.state.record_fact(discarded_access(self.interpreter, value))

    def on_return(self, function: SourcePlace, value: Value, place: SourcePlace) -> None:
        """Record a returned value. The result of the workflow counts as used, because the engine stores it."""
        self.interpreter.observe(Returned(function, static_value_at(value, place), place))
        if function.node is self.state.entry:
            record_use(self.state, value, place)

    def on_function(self, node: cst.FunctionDef | cst.Lambda) -> None:
        interpreter = self.interpreter
        if (interpreter.frame.loop is not None or interpreter.loop_depth) and not interpreter.in_step:
            _observe_late_bindings(interpreter, node)

    # Steps

    def on_step_method(self, name: str, arguments: Arguments, place: SourcePlace) -> StaticArguments:
        """Record a call of a step method. The arguments that the engine stores count as used, except for the name."""
        interpreter = self.interpreter
        passed = static_arguments(arguments, shows_hidden=True)
        expected = expects_type_error(interpreter, place)
        interpreter.observe(MethodCalled(name, passed, place, interpreter.in_step, expected))
        observe_unformatted_name(interpreter, arguments)
        if self.state.nondeterministic_count and is_step_method(name) and stores_arguments(name):
            by_keyword = (argument for argument in arguments.items if argument.keyword not in (None, "name"))
            for argument in (*arguments.positional[1:], *by_keyword):
                record_use(self.state, argument.value, argument.place)
        return passed

    def on_declaration(self, step_arguments: StaticArguments, arguments: Arguments, place: SourcePlace) -> None:
        self.interpreter.observe(DecoratorApplied(step_arguments, static_arguments(arguments), place))

    def on_step_call(self, step: StepDefinition, arguments: Arguments, place: SourcePlace) -> None:
        self.interpreter.observe(StepCalled(step, static_arguments(arguments), place, self.interpreter.in_step))

    # Loops, functions and the workflow

    def on_function_call(self, callee: FunctionValue, arguments: Arguments, place: SourcePlace | None) -> None:
        observe_arguments(self.interpreter, callee, arguments, place)
        observe_call(self.interpreter, callee, place)
        observe_wrong_arguments(self.interpreter, callee, arguments, place)
        observe_unformatted_arguments(self.interpreter, arguments)
        self.attribute_values.initialize(callee, arguments, place)
        if self.interpreter.in_step and callee.scope.is_local:
            fact = CalledInStep(SourcePlace(callee.scope.module, callee.node))
            if fact not in self.interpreter.facts:
                self.interpreter.observe(fact)

    def on_union_call(self, callees: Union, place: SourcePlace) -> None:
        observe_uncertain_callee(self.interpreter, callees, place)

    def on_function_end(self, body: cst.BaseSuite) -> None:
        frame = self.interpreter.frame
        # No handler around steps is around a call by the engine, nor around a call that handles data in a step.
        if frame.call_place is not None and (frame.emitted or not self.interpreter.in_step):
            record_function_errors(self.interpreter, body)

    def on_iteration(self, target: cst.BaseExpression, iterable: Value) -> None:
        observe_elements(self.interpreter, target, iterable)

    def mark(self) -> TraceMark:
        return self.state.mark()

    def on_loop_end(self, start: TraceMark, *, repeats: bool) -> None:
        """Record the uses and reads of the next iteration that come after a step or its changes in this iteration."""
        state = self.state
        if repeats and state.last_step > start.last_step:
            record_uses_in_loop(state, start.use_count, start.nondeterministic_count)
        if state.state_changes or not self.interpreter.loop_depth:
            record_reads_of_next_iteration(state, start.state_read_count, start.newest_serial)

    def trace_since(self, start: TraceMark, place: SourcePlace | None) -> CallTrace:
        return self.state.trace_since(start, place)

    def on_memoized_call(self, trace: CallTrace, scope: LexicalScope, place: SourcePlace | None) -> None:
        record_memoized_uses(self.state, trace, scope)
        self.state.repeat_facts(trace.facts, place)
        self.state.repeat_changes(trace.state_changes, place)
        if trace.completes_step:
            self.state.complete_step()

    def on_entry(self, run: cst.CSTNode) -> None:
        self.state.entry = run

    def on_end(self, operations: Sequence[VisitedOperation]) -> None:
        observe_races(self.interpreter, operations)
        observe_changed_state(self.state)
        self.module_state.observe_tests()


_BEGINNINGS_WITHOUT_AWAIT: Final = (b"eager", b"run_sync", b"run_until_complete", b"asyncio.run")
"""The names of functions that begin tasks without an `await`."""


def _observe_late_bindings(interpreter: Interpreter, function: cst.FunctionDef | cst.Lambda) -> None:
    """Record a fact for each variable that a function reads and that a loop around it changes from pass to pass."""
    from stepgraph.syntax.late_binding import calls_in_stored_lambda, late_bindings

    if any(map(interpreter.module.mentions, _BEGINNINGS_WITHOUT_AWAIT)):
        return  # a task may begin in the pass that creates it
    name = function.name.value if isinstance(function, cst.FunctionDef) else ""
    inside = calls_in_stored_lambda(function, interpreter.module)
    for binding in late_bindings(function, interpreter.module):
        interpreter.observe(
            LateBoundVariable(
                function=interpreter.place(function),
                function_name=name,
                runs_later=binding.runs_later,
                variable=binding.variable,
                place=interpreter.place(binding.read),
                loop=interpreter.place(binding.loop),
                later_loops=tuple(map(interpreter.place, binding.later_loops)),
                may_begin_in_pass=binding.may_begin_in_pass,
                is_collected=binding.is_collected,
                calls=tuple(map(interpreter.place, binding.calls)),
                calls_inside=tuple(map(interpreter.place, inside)),
            )
        )
