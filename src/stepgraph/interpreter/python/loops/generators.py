"""Loops over project generators whose code affects steps.

The code of the generator is inlined in place of the loop, with the loop body at each `yield`. A `break` in the loop
body leaves the innermost loop in the code of the generator, and the code after that loop runs only if the generator has
not ended. Loops over generators that cannot be inlined are shown with one call of the generator in each pass, which a
note reports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.effects import call_may_run_steps, call_time_matters
from stepgraph.interpreter.frame import Frame, FunctionSummary, InlinedGenerator, LoopState, PathResult
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.python.jumps import emit_jump
from stepgraph.interpreter.python.loops.generator_bodies import (
    GeneratorPasses,
    has_plain_yields,
    is_last_statement,
    last_statement,
    may_leave,
    shared_yields,
    yields_in_one_loop,
)
from stepgraph.interpreter.python.loops.interpretation import join_continues
from stepgraph.interpreter.summaries import function_scope, summarize_call
from stepgraph.interpreter.values.calls import Arguments, GeneratorCall
from stepgraph.interpreter.values.containers import Element
from stepgraph.interpreter.values.objects import FunctionValue, ProjectObject
from stepgraph.interpreter.workflow.await_exits import may_continue_after_error
from stepgraph.interpreter.workflow.dependencies import declare_again
from stepgraph.ir.nodes import (
    EMPTY_BLOCK,
    Await,
    Call,
    Choice,
    JumpKind,
    LoopOperation,
    Operation,
    OperationBlock,
    Pause,
    Run,
    Scope,
    StartOperation,
    Suspension,
    operations_in,
)
from stepgraph.ir.values import UNKNOWN, External, Value
from stepgraph.ir.walk import may_run_steps
from stepgraph.limits import Limit
from stepgraph.model.vocabulary import NO_BREAK
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import statements_below


def run_generator(
    interpreter: Interpreter, generator: GeneratorCall, frame: Frame, part: Sequence[cst.CSTNode] | None = None
) -> None:
    """Execute the code of a generator in a frame, as a part of the function that iterates over or enters it.

    `part` are the statements of the body to execute, by default all.
    """
    function, outer = generator.function, interpreter.frame
    frame.call_place = generator.place
    with interpreter.inlining(function.node), interpreter.in_frame(frame):
        if part is None:
            interpreter.execute(body_of(function))
        else:
            interpreter.execute_each(part)
    outer.emitted = outer.emitted or frame.emitted
    outer.has_started_tasks = outer.has_started_tasks or frame.has_started_tasks
    outer.add_effects(frame)
    outer.raises_in_data |= frame.raises_in_data
    declare_again(interpreter, frame.declared)


def may_handle_errors(function: FunctionValue) -> bool:
    """Return whether a generator has exception handlers or enters managers, which may swallow errors."""
    body = statements_below(body_of(function))
    return any(
        isinstance(statement, cst.With) or (isinstance(statement, cst.Try | cst.TryStar) and statement.handlers)
        for statement in body
    )


def body_of(function: FunctionValue) -> cst.BaseSuite:
    """Return the body of a generator function. The body is empty for a lambda."""
    return cst.IndentedBlock([]) if isinstance(function.node, cst.Lambda) else function.node.body


def inline_generator(
    interpreter: Interpreter,
    generator: GeneratorCall,
    take: Callable[[Value], None],
    place: SourcePlace,
) -> bool:
    """Inline the code of a generator, with `take` at each `yield`. Return whether it was inlined.

    A generator is not inlined if it has no effects on steps or cannot be inlined exactly. The latter is reported, here
    or where the call of the generator is emitted.
    """
    interpreter.work.begun.add(id(generator.place.node))
    if not call_time_matters(interpreter, generator.function, generator.arguments):
        return False
    is_inlined = _try_to_inline(interpreter, generator, take, place)
    if not is_inlined and not call_may_run_steps(interpreter, generator.function, generator.arguments):
        _report_early_changes(interpreter, generator)
    return is_inlined


def _try_to_inline(
    interpreter: Interpreter, generator: GeneratorCall, take: Callable[[Value], None], place: SourcePlace
) -> bool:
    is_new = _is_new(interpreter, generator)
    interpreter.work.exhausted[id(generator)] = generator
    if not _can_inline(interpreter, generator, is_closed=is_new and _closes(interpreter, generator, place)):
        return False
    if is_new:
        _inline(interpreter, generator, take, place)
        return True
    return _resume(interpreter, generator, place, lambda passes: _inline(interpreter, generator, take, place, passes))


def take_first(interpreter: Interpreter, generator: GeneratorCall, place: SourcePlace) -> Value | None:
    """Inline the code of a generator up to its next `yield`, and return the yielded value.

    Return None if the generator has no effects on steps or cannot be inlined exactly.
    """
    interpreter.work.begun.add(id(generator.place.node))
    if not call_time_matters(interpreter, generator.function, generator.arguments):
        return None
    if not _can_inline(interpreter, generator, is_closed=False):
        return None
    is_new = _is_new(interpreter, generator)
    values: list[Value] = []

    def take(passes: GeneratorPasses) -> None:
        since = interpreter.work.last_task_id
        frame, inlined = inlined_frame(interpreter, generator)

        def at_yield(value: Value) -> None:
            values.append(value)
            scope = Scope(EMPTY_BLOCK, place)
            passes.add(scope, value)
            interpreter.operations.append(scope)
            return_from_generator(interpreter, inlined, place)

        frame.at_yield = at_yield
        block = interpreter.block_of(lambda: run_generator(interpreter, generator, frame))
        emit_pass(interpreter, block, inlined.body_state, place, since)

    if is_new:
        take(GeneratorPasses(interpreter.store, interpreter.store.serial))
    elif not _resume(interpreter, generator, place, take):
        return None
    interpreter.work.exhausted[id(generator)] = generator
    return union_of_values(values, [place.text] * len(values), place.text, place) if values else UNKNOWN


def close_generator(
    interpreter: Interpreter, generator: GeneratorCall, arguments: Arguments, place: SourcePlace
) -> Value:
    """Model `close` and `aclose` of a generator. A later loop over the generator may end before its first pass."""
    del arguments
    if any(generator is iterated for iterated in interpreter.work.iterated):
        interpreter.note(
            "generator",
            place,
            f"`{place.brief_text}` closes a generator while a loop iterates over it.",
            "The graph shows the loop over all elements. Leave the loop with `break`.",
        )
    interpreter.work.exhausted[id(generator)] = generator
    return UNKNOWN


def _is_new(interpreter: Interpreter, generator: GeneratorCall) -> bool:
    """Return whether this is the first use of a generator. Each pass of a loop around the use resumes the generator."""
    return id(generator) not in interpreter.work.exhausted and interpreter.loop_depth <= generator.loop_depth


def _resume(
    interpreter: Interpreter, generator: GeneratorCall, place: SourcePlace, run: Callable[[GeneratorPasses], None]
) -> bool:
    """Inline the code of a generator that may have yielded values before. Return whether it was inlined.

    This is exact for a loop that affects steps only before its `yield`, because resuming it starts another pass. Its
    passes may be over. The generator must yield only objects that existed before it, because earlier uses may have
    changed its own. `run` inlines the code from its start, and adds the operation at each `yield`.
    """
    if not yields_in_one_loop(body_of(generator.function)):
        return False
    passes = GeneratorPasses(interpreter.store, interpreter.store.serial)
    frame = interpreter.frame
    return_count, state_count = len(frame.returns), len(frame.return_states)
    path = interpreter.branch(lambda: run(passes), place.text)
    block = _without_first_pass(path.block, {id(each) for each in passes.scopes})
    if block is None or passes.yields_own_objects:
        del frame.returns[return_count:], frame.return_states[state_count:]
        return False
    interpreter.operations.extend(block.operations)
    over = PathResult(EMPTY_BLOCK, {}, is_reachable=True)
    interpreter.join_path_results([(place.text, path), (None, over)], None, place)
    return True


def _without_first_pass(block: OperationBlock, passes: AbstractSet[int]) -> OperationBlock | None:
    """Return the code of a generator as a loop with any number of passes.

    `passes` are the operations at each `yield`, by `id`. Return None if other code affects steps than the code of the
    loop before each `yield`.
    """
    match block.operations:
        case []:
            return block
        case [Scope(block=body) as scope]:
            active = [operation for operation in body.operations if _is_active(operation)]
        case _:
            return None
    match active:
        case [LoopOperation() as loop] if not loop.orelse.operations and _ends_at(loop.body, passes):
            repeated = replace(loop, infinite=False, at_least_once=False, iterations=None)
            return OperationBlock((replace(scope, block=OperationBlock((repeated,))),))
        case _:
            return None


def _ends_at(block: OperationBlock, passes: AbstractSet[int]) -> bool:
    """Return whether no code after a `yield` affects steps before the next pass."""
    for index, operation in enumerate(block.operations):
        if not any(id(each) in passes for each in operations_in(OperationBlock((operation,)))):
            continue
        if any(map(_is_active, block.operations[index + 1 :])):
            return False
        if id(operation) in passes:
            return True
        return isinstance(operation, Choice) and all(_ends_at(branch.block, passes) for branch in operation.branches)
    return True


def _is_active(operation: Operation) -> bool:
    """Return whether an operation or a part of it runs or awaits work, or suspends."""
    return any(
        isinstance(each, Run | StartOperation | Await | Pause) for each in operations_in(OperationBlock((operation,)))
    )


def _can_inline(interpreter: Interpreter, generator: GeneratorCall, *, is_closed: bool) -> bool:
    function = generator.function
    if function.kind == "context" or interpreter.is_recursive(function.node, generator.serial):
        return False
    body = body_of(function)
    if has_plain_yields(body):
        return True
    return has_plain_yields(body, in_finally=True) and (is_closed or _has_inert_exits(interpreter, generator))


def _closes(interpreter: Interpreter, generator: GeneratorCall, place: SourcePlace) -> bool:
    """Return whether the `finally` blocks of a generator run before any code after the loop over it at `place`.

    Otherwise, those of an async generator run when Python collects it. A loop does not leave them to Python if

    - it leaves the iteration only at its end, or with an error that ends the run,
    - it creates a generator that is not async, which Python collects when the loop ends, or
    - `aclosing(...)` closes the generator immediately after the loop.
    """
    loop = place.node
    if not isinstance(loop, cst.For):
        return not may_continue_after_error(interpreter)
    if not may_continue_after_error(interpreter) and not may_leave(loop.body):
        return True
    if loop.asynchronous is None:
        return generator.place.node is loop.iter
    parents = place.module.parents
    with_ = parents.get(id(parents.get(id(loop))))
    if not isinstance(with_, cst.With) or last_statement(with_.body) is not loop:
        return False
    match with_.items[-1].item:
        case cst.Call(func=function, args=[cst.Arg(value=value)]) if value is generator.place.node:
            manager = interpreter.evaluate(function)
            return isinstance(manager, External) and manager.name == "contextlib.aclosing"
        case _:
            return False


def _has_inert_exits(interpreter: Interpreter, generator: GeneratorCall) -> bool:
    """Return whether it does not matter to steps when the `finally` blocks and managers of a generator exit."""
    statements = list(statements_below(body_of(generator.function)))
    blocks = [each.finalbody.body for each in statements if isinstance(each, cst.Try) and each.finalbody]
    withs = [each for each in statements if isinstance(each, cst.With)]
    is_inert = True

    def at_yield(_: Value) -> None:
        nonlocal is_inert
        is_inert = is_inert and not any(_matters(interpreter, partial(interpreter.execute, block)) for block in blocks)
        is_inert = is_inert and all(_exits_inertly(interpreter, with_) for with_ in withs)

    def run() -> None:
        frame, _ = inlined_frame(interpreter, generator)
        frame.at_yield = at_yield
        interpreter.block_of(lambda: run_generator(interpreter, generator, frame))

    with interpreter.without_replay():
        interpreter.branch(run)
    return is_inert


def _exits_inertly(interpreter: Interpreter, node: cst.With) -> bool:
    """Return whether it does not matter to steps when the managers of a `with` statement exit."""
    from stepgraph.interpreter.python.context_managers.managers import exit_object, may_swallow

    managers: list[Value] = []

    def leave() -> None:
        for item in node.items:
            managers.append(interpreter.evaluate(item.item))
            exit_object(interpreter, managers[-1], interpreter.place(item), is_async=node.asynchronous is not None)

    return not _matters(interpreter, leave) and not any(
        may_swallow(manager) if isinstance(manager, ProjectObject) else _is_relevant(interpreter, manager)
        for manager in managers
    )


def _is_relevant(interpreter: Interpreter, manager: Value) -> bool:
    """Return whether code of a manager, which is not an object of the project, may affect steps."""
    if isinstance(manager, GeneratorCall):
        return call_time_matters(interpreter, manager.function, manager.arguments)
    return manager.relevant


def _matters(interpreter: Interpreter, run: Callable[[], None]) -> bool:
    """Return whether steps may depend on when code runs. Its effects are undone."""
    with interpreter.store.logged(interpreter.store.serial, isolated=True) as log:
        block = interpreter.branch(run).block
    pauses = (each for each in operations_in(block) if isinstance(each, Pause))
    is_active = may_run_steps(block) or any(pause.suspension is Suspension.ALWAYS for pause in pauses)
    return is_active or any(logged.affects_steps for logged in log)


def _inline(
    interpreter: Interpreter,
    generator: GeneratorCall,
    take: Callable[[Value], None],
    place: SourcePlace,
    passes: GeneratorPasses | None = None,
) -> None:
    """Inline the code of a generator, and add an operation at each `yield` to `passes`."""
    outer, since = interpreter.frame, interpreter.work.last_task_id
    frame, inlined = inlined_frame(interpreter, generator)
    ends_outer_generator = False

    def at_yield(value: Value) -> None:
        nonlocal ends_outer_generator
        loop = frame.loop or inlined.body_state
        state = LoopState(interpreter.store.checkpoint(), is_pass=loop.is_pass)
        before = {} if loop.is_pass else interpreter.store.changes(loop.checkpoint)
        with interpreter.at_yield_of(outer), outer.in_loop(state):
            interpreter.work.iterated.append(generator)
            block = interpreter.block_of(lambda: take(value))
            interpreter.work.iterated.pop()
        if passes is None:
            emit_pass(interpreter, block, state, place, since)
        else:
            scope = Scope(block, place, is_iteration=True)
            passes.add(scope, value)
            interpreter.emit(scope)
            join_continues(interpreter, state, place, since)
        ends_outer_generator = ends_outer_generator or state.ends_generator
        if not state.breaks:
            return
        if loop.is_pass:
            inlined.may_have_ended = True
            return
        loop.breaks = loop.ends_generator = True
        for changes in state.break_states:
            loop.add_jump(before | changes, breaks=True)

    frame.at_yield = at_yield
    block = interpreter.block_of(lambda: run_generator(interpreter, generator, frame))
    emit_pass(interpreter, block, inlined.body_state, place, since)
    if ends_outer_generator and outer.inlined is not None:
        outer.inlined.may_have_ended = True


def inlined_frame(interpreter: Interpreter, generator: GeneratorCall) -> tuple[Frame, InlinedGenerator]:
    """Return a new frame for the code of a generator, and the state of its inlining."""
    frame = Frame.of_body(function_scope(interpreter, generator.function, generator.arguments), is_async=True)
    frame.loop = LoopState(interpreter.store.checkpoint(), is_pass=True)
    frame.inlined = InlinedGenerator(frame.loop, body_of(generator.function))
    return frame, frame.inlined


def emit_pass(
    interpreter: Interpreter, block: OperationBlock, state: LoopState, place: SourcePlace, since: int
) -> None:
    """Emit a pass as a scope. After it, join the states of its `continue` statements."""
    if block.operations:
        interpreter.emit(Scope(block, place, is_iteration=True))
    join_continues(interpreter, state, place, since)


def return_from_generator(interpreter: Interpreter, generator: InlinedGenerator, place: SourcePlace) -> None:
    """Execute a `return` in the code of an inlined generator, which ends the loop over the generator.

    The `return` acts as a `break` of the innermost loop in the generator. Outside of a loop, it ends the generator.
    """
    loop = interpreter.frame.loop or generator.body_state
    kind = JumpKind.CONTINUE if loop.is_pass else JumpKind.BREAK
    loop.continues = loop.continues or loop.is_pass
    if loop is not generator.body_state:
        loop.breaks = loop.ends_generator = True
    loop.add_jump(interpreter.store.changes(loop.checkpoint), breaks=loop is not generator.body_state)
    emit_jump(interpreter, kind, place, goes_on=loop.is_pass)


def execute_unless_ended(
    interpreter: Interpreter, generator: InlinedGenerator, statement: cst.CSTNode, remaining: Sequence[cst.CSTNode]
) -> None:
    """Execute the remaining statements of a block in a generator that may have ended in `statement`."""
    generator.may_have_ended = False
    place = interpreter.place(statement)
    is_last = interpreter.frame.loop is generator.body_state and is_last_statement(
        generator.body, [statement, *remaining][-1]
    )
    if is_last and not remaining:
        return
    paths: list[tuple[str | None, PathResult]] = [
        (NO_BREAK, interpreter.branch(lambda: interpreter.execute_each(remaining), NO_BREAK))
    ]
    if not is_last:
        paths.append((None, interpreter.branch(lambda: return_from_generator(interpreter, generator, place))))
    interpreter.join_branches(paths, None, place)


def emit_generator_call(interpreter: Interpreter, iterable: GeneratorCall) -> FunctionSummary:
    """Emit one call of a generator that is not inlined, and return the summary of the call.

    The call is reported if it runs steps, because these run between the passes of a loop.
    """
    summary = summarize_call(interpreter, iterable.function, iterable.arguments, iterable.place)
    if not summary.function.may_run_steps:
        if summary.function.suspension is not Suspension.NEVER:
            interpreter.record_suspension(Suspension.MAYBE)
        return summary
    interpreter.emit(Run(Call(summary.function), iterable.place))
    interpreter.note(
        "generator",
        iterable.place,
        f"the generator `{iterable.function.name}` runs steps between the passes of a loop.",
        "The graph shows it as one call in each pass.",
    )
    return summary


def consume_generator(
    interpreter: Interpreter, generator: GeneratorCall, *, exhausts: bool = True
) -> tuple[Element, ...]:
    """Run the code of a generator at once, and return the relevant values that it yields.

    This is exact if the first consumer `exhausts` the generator. Other consumers are reported.
    """
    interpreter.work.begun.add(id(generator.place.node))
    since, time_matters = (
        interpreter.store.serial,
        call_time_matters(interpreter, generator.function, generator.arguments),
    )
    if time_matters:
        is_first = id(generator) not in interpreter.work.exhausted and interpreter.loop_depth == generator.loop_depth
        interpreter.work.exhausted[id(generator)] = generator
        if not (exhausts and is_first):
            _report_early_changes(interpreter, generator)
    summary = emit_generator_call(interpreter, generator)
    interpreter.budget.spend(Limit.ELEMENTS, len(summary.yields))
    return summary.yields if time_matters else shared_yields(interpreter, generator, summary.yields, since)


def _report_early_changes(interpreter: Interpreter, generator: GeneratorCall) -> None:
    """Report a generator whose changes the graph shows where its first element is used."""
    interpreter.note(
        "generator",
        generator.place,
        f"the generator `{generator.function.name}` changes values one element at a time.",
        "The graph shows the changes where the first element is used.",
    )
