"""Jumps out of blocks by `break`, `continue`, `return` and `raise`."""

from __future__ import annotations

from stepgraph.interpreter.frame import DeferredJump, Frame
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.path_joins import PathChanges
from stepgraph.ir.exceptions import ExceptionType
from stepgraph.ir.nodes import Jump, JumpKind
from stepgraph.syntax.module import SourcePlace


def emit_jump(
    interpreter: Interpreter,
    kind: JumpKind,
    place: SourcePlace,
    raised: ExceptionType | None = None,
    *,
    goes_on: bool = False,
) -> None:
    """Emit a jump and the exit code of the blocks that it leaves. The rest of the current block is unreachable.

    `raised` is the exception type of a `raise`.
    """
    leaves_function = kind in (JumpKind.RETURN, JumpKind.RAISE)
    interpreter.is_reachable = False
    must_leave = True
    for context in reversed(interpreter.frame.open_contexts):
        if not (leaves_function or context.loop is interpreter.frame.loop):
            break
        if kind in context.intercepted and context.deferred is not None:
            if context.loop is interpreter.frame.loop:
                context.deferred.append(DeferredJump(kind, place, interpreter.frame.condition.text))
                context.jump_states.append(interpreter.store.changes(context.checkpoint))
                interpreter.operations.append(Jump(JumpKind.CONTINUE, place, goes_on=True))
                return
            context.has_passed = True
        elif kind in context.intercepted:
            must_leave = False
            context.jump_states.append(interpreter.store.changes(context.checkpoint))
            context.jump_kinds.add(kind)
        elif must_leave and context.leave is not None:
            context.leave()
    is_managed = _record_jump_in_managers(interpreter, interpreter.frame, kind)
    if must_leave and kind is JumpKind.RETURN and not is_managed:
        record_return(interpreter)
    elif must_leave and kind is JumpKind.RAISE:
        _record_raise_in_callers(interpreter)
    interpreter.operations.append(Jump(kind, place, raised=raised, goes_on=goes_on))


def emit_deferred(interpreter: Interpreter, jump: DeferredJump) -> None:
    """Emit a jump that was deferred to the end of a generator."""
    loop = interpreter.frame.loop
    if loop is not None and jump.kind is not JumpKind.RETURN:
        loop.add_jump(interpreter.store.changes(loop.checkpoint), breaks=jump.kind is JumpKind.BREAK)
    emit_jump(interpreter, jump.kind, jump.place)


def record_return(interpreter: Interpreter, *, after_finally: bool = False) -> None:
    """Record the state in which the current function returns."""
    frame = interpreter.frame.managed_frame
    if frame.checkpoint is None:
        return
    if interpreter.branch_depth == frame.branch_depth and frame.loop is None and not after_finally:
        frame.returns_at_end = True
        return
    is_unconditional = after_finally or frame.condition.discriminant is not None  # a pattern is no condition by itself
    condition = None if is_unconditional else frame.condition.text
    frame.return_states.append(PathChanges(condition, interpreter.store.changes(frame.checkpoint)))


def _record_jump_in_managers(interpreter: Interpreter, frame: Frame, kind: JumpKind) -> bool:
    """Record the state at a jump for the generators that manage blocks of a frame. Return whether one intercepts it."""
    contexts = [context for context in frame.around_yields if kind in context.intercepted]
    for context in contexts:
        context.jump_states.append(interpreter.store.changes(context.checkpoint))
        context.jump_kinds.add(kind)
    return bool(contexts)


def _record_raise_in_callers(interpreter: Interpreter) -> None:
    """For each `try` in the callers, record the state in which an exception leaves the function."""
    caller = interpreter.frame.caller
    while caller is not None:
        for context in caller.open_contexts:
            if JumpKind.RAISE in context.intercepted:
                context.jump_states.append(interpreter.store.changes(context.checkpoint))
        _record_jump_in_managers(interpreter, caller, JumpKind.RAISE)
        caller = caller.caller
