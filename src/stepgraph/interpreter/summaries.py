"""Function summaries: the memoized effects and results of calls of project functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.equivalence import MISSING
from stepgraph.interpreter.frame import Frame, FunctionSummary, Recursion, ReturnedValue
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import callable_name, join_values
from stepgraph.interpreter.objects.copies import Copier
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.path_joins import PathChanges, apply, join_ends
from stepgraph.interpreter.python.arguments import bind_arguments, callable_arguments
from stepgraph.interpreter.replay.tracer import CallTrace, TraceMark
from stepgraph.interpreter.signatures import (
    CallKey,
    Signature,
    call_key,
    is_distinguished,
    is_recursive,
    scope_without_sizes,
)
from stepgraph.interpreter.values.calls import Arguments, GeneratorCall, StepCall
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, hide_alternatives
from stepgraph.interpreter.values.objects import (
    CallableArgument,
    DecoratingManager,
    FunctionValue,
    LexicalScope,
    ProjectObject,
)
from stepgraph.interpreter.values.steps import StepFunction, StepObject
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.dependencies import declare_again
from stepgraph.interpreter.workflow.early_raises import record_early_raise
from stepgraph.interpreter.write_log import WriteLog
from stepgraph.ir.nodes import EMPTY_BLOCK, Function, OperationBlock, Suspension
from stepgraph.ir.suspensions import may_raise_at_start, suspension_of
from stepgraph.ir.values import UNKNOWN, Constant, ExternalResult, Unknown, Value, is_none
from stepgraph.ir.walk import may_await, may_run_steps
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourcePlace

# Number of interpreted bodies after which the latest summary of a function is used for calls with any arguments.
MAX_INTERPRETED_BODIES: Final = 20_000

_MAX_REPEATED_CELLS: Final = 50
"""The maximum number of cells in a new result, because results that contain other results twice grow exponentially."""


def summarize_call(
    interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: SourcePlace | None = None
) -> FunctionSummary:
    """Return the summary of the call at `place`. The body is interpreted unless its summary is memoized.

    `place` is None for a call by the engine and for a call that is only tried.

    Raises TypeError for a lambda, whose body is an expression.
    """
    summary = _memoized_summary(interpreter, callee, arguments, place)
    for caveat in callee.caveats:
        if summary.function.may_run_steps or (caveat.may_be_another and _has_step_arguments(arguments)):
            interpreter.report_caveat(caveat)
    return replace(summary, result=_with_caveats(summary.result)) if callee.caveats else summary


def _with_caveats(result: Value) -> Value:
    """Return a result that unknown code may replace, with irrelevant values replaced by `UNKNOWN`."""
    match result:
        case ProjectObject():
            return replace(result, may_be_replaced=True)
        case Union(cases=cases):
            return replace(result, cases=tuple(replace(case, value=_with_caveats(case.value)) for case in cases))
        case Collection(items=items):
            return result if any(item.value.relevant for item in items) else UNKNOWN
        case Mapping(entries=entries):
            return result if any(entry.value.relevant for entry in entries) else UNKNOWN
        case _:
            return result if result.relevant or result.tainted else UNKNOWN


def _has_step_arguments(arguments: Arguments) -> bool:
    return any(isinstance(argument.value, StepObject | StepFunction | StepCall) for argument in arguments.items)


def _replaces_steps(interpreter: Interpreter, summary: FunctionSummary) -> bool:
    """Return whether a call declares steps that have run since an earlier call declared them.

    The calls of a function without steps are not in the graph, so the new declarations need their own definitions.
    """
    ran = interpreter.steps.ran
    return not summary.function.may_run_steps and any(step.definition in ran for step in summary.declared)


def _memoized_summary(
    interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: SourcePlace | None
) -> FunctionSummary:
    node = callee.node
    if type(node) is not cst.FunctionDef:
        raise TypeError("a lambda is read where it is called")
    interpreter.tracer.on_function_call(callee, arguments, place)
    scope = function_scope(interpreter, callee, arguments)
    general = Signature(is_recursive=is_recursive(interpreter, callee))
    key = general_key = call_key(interpreter, callee, scope, general)
    if general.omits_sizes:
        key = call_key(interpreter, callee, scope, Signature(has_sizes=True))
        if not is_distinguished(interpreter, callee, key, general_key):
            scope, key = scope_without_sizes(interpreter, callee, scope), general_key
    memoized = interpreter.summaries.get((interpreter.replays, *key))
    is_current = memoized is not None and memoized.epoch == interpreter.store.current_epoch()
    if memoized is not None and is_current and memoized.reusable and not _replaces_steps(interpreter, memoized):
        return _repeat_effects(interpreter, memoized, scope, place)
    keys, repeated = CallKey(key, None), None
    if general.is_recursive:
        # Imported here and below because many workflows have no recursive functions.
        from stepgraph.interpreter.recursive_calls import find_repeated_call

        call_place = place or SourcePlace(callee.scope.module, node)
        scope, keys, repeated = find_repeated_call(interpreter, callee, scope, key, general, call_place)
    if repeated is not None:
        if repeated.is_approximate:
            _report_variants(interpreter, callee)
        from stepgraph.interpreter.recursive_calls import call_recursively

        call_recursively(interpreter, repeated)
        return _incomplete_summary(repeated.function, interpreter.recursions[repeated.function])
    if interpreter.interpreted_bodies >= MAX_INTERPRETED_BODIES and node in interpreter.latest_summaries:
        _report_variants(interpreter, callee)
        return interpreter.latest_summaries[node]
    return _summarize(interpreter, callee, node, scope, keys, place)


def _repeat_effects(
    interpreter: Interpreter, memoized: FunctionSummary, scope: LexicalScope, place: SourcePlace | None
) -> FunctionSummary:
    """Repeat the effects of an interpreted call for a call at `place`, and return its summary with a new result."""
    frame, store = interpreter.frame, interpreter.store
    frame.called |= memoized.called
    interpreter.work.risk_count += memoized.has_risk
    frame.started_bindings |= dict.fromkeys(memoized.started_bindings)
    declare_again(interpreter, memoized.declared)
    store.reads |= memoized.reads
    for write in memoized.writes:
        if write.container.get(write.key, MISSING) != write.value:
            store.write(write.container, write.key, write.value)
    interpreter.tracer.on_memoized_call(memoized.trace, scope, place)
    frame.raises_unseen |= memoized.function.raises_unseen or memoized.raises
    frame.raises |= memoized.raises
    frame.raises_in_data |= memoized.raises and not memoized.function.may_run_steps
    if memoized.function.may_raise_at_start:
        record_early_raise(interpreter, memoized.function.place)
    if not memoized.allocates:
        return memoized
    copier = Copier(store, memoized.since, _MAX_REPEATED_CELLS)
    copy = replace(memoized, result=copier.copy(memoized.result), yields=copier.copy_elements(memoized.yields))
    if not copier.is_complete:
        _share_results(interpreter, memoized, memoized.since)
    return copy


def _share_results(interpreter: Interpreter, summary: FunctionSummary, since: int) -> None:
    """Record that several calls of a function share new cells of large results."""
    # Imported here because few results are large.
    from stepgraph.interpreter.values.data import mark_repeated

    values = (summary.result, *(element.value for element in summary.yields))
    mark_repeated(values, since, summary.function.place, interpreter.store.budget)


def function_scope(interpreter: Interpreter, callee: FunctionValue, arguments: Arguments) -> LexicalScope:
    """Return the scope of a call, with the parameters bound to the arguments."""
    values = bind_arguments(interpreter, callee, arguments)
    names = interpreter.store.new(values)
    is_lambda = type(callee.node) is cst.Lambda
    callables = tuple(callable_arguments(values.values()))
    identities = {argument.identity for argument in callables}
    enclosing = (each for each in callee.scope.callable_arguments if each.identity not in identities)
    return LexicalScope(
        bindings_of(callee.node, callee.scope.module),
        names,
        callee.scope,
        callee.scope.module,
        path=callee.scope.path if is_lambda else (*callee.scope.path, callee.name),
        kind="expression" if is_lambda else "function",
        callable_arguments=(*enclosing, *callables),
        is_from_body=interpreter.is_import_time,
    )


def yields_of(interpreter: Interpreter, generator: GeneratorCall) -> tuple[Element, ...]:
    """Return the relevant values that a generator yields, without emitting operations."""
    results: list[tuple[Element, ...]] = []
    interpreter.branch(
        lambda: results.append(summarize_call(interpreter, generator.function, generator.arguments).yields)
    )
    return results[0]


def returned_by(interpreter: Interpreter, function: FunctionValue, arguments: Arguments) -> Value:
    """Return the value that a function, coroutine or generator returns, without emitting operations."""
    results: list[Value] = []
    with interpreter.without_replay():
        interpreter.branch(lambda: results.append(summarize_call(interpreter, function, arguments).result))
    return results[0]


def _summarize(
    interpreter: Interpreter,
    callee: FunctionValue,
    node: cst.FunctionDef,
    scope: LexicalScope,
    keys: CallKey,
    place: SourcePlace | None,
) -> FunctionSummary:
    """Interpret the body of a function and memoize its summary."""
    key, risk_count = keys.exact, interpreter.work.risk_count
    function = Function(callee.names, SourcePlace(callee.scope.module, node), callee.is_async)
    function.may_run_steps = node in interpreter.step_functions
    caller_reads = interpreter.store.enter_function(scope.names.serial)
    recursion = _begin_recursion(interpreter, function, node, scope, keys)
    interpreter.active_functions.setdefault(node, {})[key] = function
    frame, log, trace_start = _interpret_to_fixpoint(interpreter, function, scope, recursion, place, callee.managers)
    del interpreter.recursions[function]
    reads = interpreter.store.leave_function(caller_reads)
    del interpreter.active_functions[node][key]
    _record_effects(interpreter, function, scope, frame)
    result = _result_of(frame, function, keeps_constants=interpreter.keeps_constants)
    trace = interpreter.tracer.trace_since(trace_start, place)
    writes = log.repeatable_writes()
    summary = FunctionSummary(
        function,
        result,
        frame.called,
        tuple(frame.declared),
        returns_awaitable=frame.returns_awaitable,
        emits_before_return=frame.emits_before_return,
        epoch=interpreter.store.current_epoch(),
        reusable=writes is not None and _is_reusable(interpreter, frame, result, trace, recursion),
        writes=writes or (),
        trace=trace,
        may_await=may_await(function.body),
        yields=tuple(frame.yields),
        may_return_true=frame.may_return_true,
        raises=frame.raises,
        reads=reads,
        started_bindings=tuple(frame.started_bindings),
        has_risk=interpreter.work.risk_count > risk_count,
        returned_tasks=tuple(frame.returned_tasks),
    )
    _memoize(interpreter, node, (interpreter.replays, *key), summary, scope.names.serial - 1)
    return summary


def _is_reusable(interpreter: Interpreter, frame: Frame, result: Value, trace: CallTrace, recursion: Recursion) -> bool:
    """Return whether equal calls have the same effects, and results that need not be told apart."""
    creates_values = bool(frame.declared) or trace.creates_nondeterministic
    is_unique_per_call = creates_values and (result.relevant or result.tainted or bool(frame.yields))
    if is_unique_per_call or frame.raises_early:
        return False
    return not interpreter.work.has_begun_generator(recursion.generator_count, before=recursion.own_names.serial)


def _begin_recursion(
    interpreter: Interpreter, function: Function, node: cst.FunctionDef, scope: LexicalScope, keys: CallKey
) -> Recursion:
    """Return a new record of the recursive calls of a function, which calls inside the function find."""
    recursion = interpreter.recursions[function] = Recursion(
        checkpoint=interpreter.store.checkpoint(),
        newest_serial=interpreter.store.serial,
        own_names=scope.names,
        function=node,
        place=function.place,
        generator_count=len(interpreter.work.exhausted),
        generalized_key=keys.generalized,
    )
    return recursion


def _interpret_to_fixpoint(
    interpreter: Interpreter,
    function: Function,
    scope: LexicalScope,
    recursion: Recursion,
    place: SourcePlace | None,
    managers: Sequence[DecoratingManager],
) -> tuple[Frame, WriteLog, TraceMark]:
    """Interpret the body of a function. Return its frame, its writes, and the tracer's mark before the body.

    At first, recursive calls are assumed to run no steps, change nothing and return an unknown value. The body is
    interpreted again until these assumptions equal its effects and result, which is the least fixpoint.
    """
    checkpoint, node = recursion.checkpoint, recursion.function
    while True:
        is_over_data, assumes_steps = node in interpreter.recursions_over_data, function.may_run_steps
        apply(interpreter.store, recursion.head)
        interpreter.interpreted_bodies += 1
        interpreter.budget.spend(Limit.SUMMARIES)
        frame = Frame.of_body(scope, node, is_async=node.asynchronous is not None)
        frame.call_place = place
        summary_count, trace_start = len(interpreter.summary_keys), interpreter.tracer.mark()
        with interpreter.store.logged(scope.names.serial - 1) as log:
            function.body = _interpret_body(interpreter, frame, node.body, managers)
        has_new_assumption = not is_over_data and node in interpreter.recursions_over_data
        if not recursion.is_called and not has_new_assumption:
            return frame, log, trace_start
        from stepgraph.interpreter.recursive_calls import assume_effects
        from stepgraph.interpreter.recursive_results import omit_recursive_results

        if has_new_assumption and len(interpreter.active_functions[node]) > 1:
            return frame, log, trace_start  # the outermost call starts again
        if has_new_assumption:
            recursion.restart()
            interpreter.discards_passes = False
        omit_recursive_results(recursion, frame)
        result = _result_of(frame, function, keeps_constants=interpreter.keeps_constants)
        is_stable = not assume_effects(interpreter, recursion, frame, result, restarts=has_new_assumption)
        if assumes_steps or not may_run_steps(function.body):
            if is_stable:
                return frame, log, trace_start
        else:
            _assume_steps(interpreter)
        interpreter.expose(checkpoint)
        interpreter.store.rollback(checkpoint)
        _forget_summaries(interpreter, summary_count)


def _record_effects(interpreter: Interpreter, function: Function, scope: LexicalScope, frame: Frame) -> None:
    """Record the effects of an interpreted body in its function and in the frame of the caller."""
    function.may_run_steps = False  # so that recursive calls alone do not count as steps
    function.may_run_steps = may_run_steps(function.body)
    _set_names(interpreter, function, scope.callable_arguments, frame.called)
    function.raises_unseen = frame.raises_unseen
    function.suspension = _suspension_of(interpreter, function, frame)
    is_visible = function.may_run_steps and not frame.raises_in_data
    function.may_raise_at_start = frame.raises and (not is_visible or may_raise_at_start(function.body))
    function.redeclared_steps = tuple(step.definition for step in frame.declared)
    caller = interpreter.frame
    caller.add_effects(frame)
    caller.raises_unseen |= frame.raises
    caller.raises_in_data |= frame.raises and not function.may_run_steps
    declare_again(interpreter, frame.declared)


def _memoize(
    interpreter: Interpreter, node: cst.FunctionDef, key: tuple[object, ...], summary: FunctionSummary, since: int
) -> None:
    """Store the summary of a call for further calls. `since` is the serial of the newest cell before the call."""
    copier = Copier(interpreter.store, since)
    result, yields = copier.copy(summary.result), copier.copy_elements(summary.yields)
    if not copier.is_complete:
        _share_results(interpreter, summary, since)
    template = summary
    if copier.copies:
        template = replace(summary, result=result, yields=yields, since=since, allocates=True)
    interpreter.summaries[key] = interpreter.latest_summaries[node] = template
    interpreter.summary_keys.append(key)


def _suspension_of(interpreter: Interpreter, function: Function, frame: Frame) -> Suspension:
    """Return whether calls of a function suspend. The body of a step has no pauses before it starts tasks."""
    suspension = suspension_of(function.body)
    is_unknown = suspension is Suspension.NEVER and interpreter.in_step and frame.is_async
    return Suspension.MAYBE if is_unknown else suspension


def _set_names(
    interpreter: Interpreter, function: Function, arguments: tuple[CallableArgument, ...], called: int
) -> None:
    """Name a function after the callable arguments whose steps have run (`called`), as in `run_all(charge, ship)`."""
    if not arguments:
        return
    lambda_names = interpreter.lambda_names
    names = [lambda_names.get(a.identity, a.name) if isinstance(a.identity, cst.Lambda) else a.name for a in arguments]
    function.callables = tuple(dict.fromkeys(names))
    used = [name for name, a in zip(names, arguments, strict=True) if called & interpreter.work.bit_of(a.identity)]
    function.callable_arguments = tuple(used)
    if used:
        function.names = tuple(f"{name}({', '.join(used)})" for name in function.names)


def _assume_steps(interpreter: Interpreter) -> None:
    """Assume that all active functions run steps: one does, and the rest call it."""
    for node, functions in interpreter.active_functions.items():
        if functions:
            interpreter.step_functions.add(node)
        for function in functions.values():
            function.may_run_steps = True


def _forget_summaries(interpreter: Interpreter, summary_count: int) -> None:
    """Keep only the first `summary_count` summaries. The others depend on assumptions about an active function."""
    for summary_key in interpreter.summary_keys[summary_count:]:
        interpreter.summaries.pop(summary_key, None)
    del interpreter.summary_keys[summary_count:]


def _execute(interpreter: Interpreter, managers: Sequence[DecoratingManager], body: cst.BaseSuite) -> None:
    surrounding = [manager for manager in managers if manager.is_async == interpreter.frame.is_async]
    if not surrounding:
        interpreter.execute(body)
        return
    # Imported here because few functions have such decorators.
    from stepgraph.interpreter.python.context_managers.with_ import execute_managed

    execute_managed(interpreter, surrounding, interpreter.module, body)


def _interpret_body(
    interpreter: Interpreter, frame: Frame, body: cst.BaseSuite, managers: Sequence[DecoratingManager]
) -> OperationBlock:
    live = interpreter.is_reachable
    interpreter.is_reachable = True
    frame.checkpoint, frame.last_task_id = interpreter.store.checkpoint(), interpreter.work.last_task_id
    frame.branch_depth = interpreter.branch_depth
    with interpreter.in_frame(frame), interpreter.tracer.function_body():
        with interpreter.collect_operations() as operations:
            _execute(interpreter, managers, body)
            if operations:
                interpreter.tracer.on_function_end(body)
        block = OperationBlock(tuple(operations)) if operations else EMPTY_BLOCK
    if interpreter.is_reachable:
        frame.returns.append(ReturnedValue(None, Constant(None)))
    if frame.return_states:
        ends = list(frame.return_states)
        if interpreter.is_reachable or frame.returns_at_end:
            ends.append(PathChanges(None, interpreter.store.changes(frame.checkpoint)))
        interpreter.expose(frame.checkpoint)
        interpreter.store.rollback(frame.checkpoint)
        join_ends(interpreter.store, ends, SourcePlace(frame.scope.module, body), frame.last_task_id)
    interpreter.is_reachable = live
    return block


def _result_of(frame: Frame, function: Function, *, keeps_constants: bool) -> Value:
    """Return the join of the returned values, usually without constants, because calls are never folded.

    A value that is returned outside of branches is the default. If several are, as in a loop and after it, or if only
    some are returned by the cases of one `match`, the result is a choice by name.
    """
    if not frame.returns:
        return UNKNOWN
    if len(frame.returns) == 1:
        value = frame.returns[0].value
        is_shown = keeps_constants or isinstance(value, ExternalResult)
        return value if is_shown else hide_alternatives(value)
    cases = sorted(frame.returns, key=lambda case: case.condition is None)
    values = [case.value for case in cases]
    has_one_default = [case.condition for case in cases[-2:]] != [None, None]
    discriminants = {case.discriminant for case in cases if case.condition is not None}
    if (has_one_default and len(discriminants) == 1) or not any(value.relevant for value in values):
        discriminant = next(iter(discriminants), None)
        value = join_values([(case.condition, case.value) for case in cases], discriminant, function.place)
    else:
        names = [_result_name(case, function) for case in cases]
        value = union_of_values(values, names, f"{function.names[0]}()", function.place)
    if isinstance(value, Unknown) and frame.selected_result is not None:
        return frame.selected_result
    return value if keeps_constants else hide_alternatives(value)


def _result_name(result: ReturnedValue, function: Function) -> str:
    """Return the condition of a result in a choice by name: a callable, a condition in the function, or `None`."""
    name = callable_name(result.value)
    if name is not None:
        return name
    return "None" if is_none(result.value) else result.condition or function.names[0]


def _incomplete_summary(function: Function, recursion: Recursion) -> FunctionSummary:
    """Return the summary of a function whose body is being interpreted, with the result of earlier passes."""
    from stepgraph.interpreter.recursive_results import assumed_result

    return FunctionSummary(
        function,
        assumed_result(recursion),
        0,
        (),
        returns_awaitable=recursion.returns_awaitable,
        emits_before_return=recursion.emits_before_return,
        epoch=0,
        reusable=False,
    )


def _report_variants(interpreter: Interpreter, callee: FunctionValue) -> None:
    interpreter.note(
        "too-many-variants",
        SourcePlace(callee.scope.module, callee.node),
        f"`{callee.name}` has too many different calls to analyze each of them.",
        "The graph shows the body of one call for the others. Call it with fewer different arguments.",
    )
