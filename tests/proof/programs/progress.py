"""Generate loops and branches that depend on recorded progress: retries, errors, phases, work lists and results."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Block, Clause, Compound, SourceExpression, Statement, line
from tests.proof.programs.scope import Scope
from tests.proof.programs.works import ROWS, coroutine

_HANDLERS = ["except Exception", "except JsException", "except ValueError"]
_ERROR_TESTS = ["if {0}", "if {0} is not None"]
_RESULT_TESTS = ["if {0}", "if not {0}", "if len({0}) > 1", "if any({0})", "if all({0})"]
_LAST_PHASES = ['"c"', 'pick("c", "end")']


def retry(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a loop that tries again after an error."""
    attempt = drawing.name("attempt")
    inner = scope.inside(can_break=True, once=False)
    body = drawing.block(inner, 2).then(line(f"await {coroutine(drawing, scope)}"))
    handled = drawing.block(scope.inside(can_break=True, once=False, in_handler=True), 1)
    if not scope.in_finally and drawing.chance(2):
        handled = Block((Clause(f"if {attempt} == 1", Block((line("raise"),))), *handled.statements))
    handler = Clause(drawing.choose(_HANDLERS), handled)
    match drawing.choose(["break", "else", "repeat"]):
        case "break":
            clauses = [Clause("try", body.then(line("break"))), handler]
        case "else":
            success = drawing.block(inner, 1).then(line("break"))
            clauses = [Clause("try", body), handler, Clause("else", success)]
        case _:
            clauses = [Clause("try", body), handler]
    loop = Clause(f"for {attempt} in range(2)", Block((Compound(tuple(clauses)),)))
    if drawing.chance(2):
        return loop
    return Compound((loop, Clause("else", drawing.block(scope.inside(), 1))))


def kept_error(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a `try` that stores the error, and sometimes a branch that depends on it or raises it."""
    name = drawing.name("kept_error")
    body = drawing.block(scope.inside(), 2).then(line(f"await {coroutine(drawing, scope)}"))
    handled = Block((line(f"{name} = error"), *drawing.block(scope.inside(in_handler=True), 1).statements))
    tried = Compound((Clause("try", body), Clause("except Exception as error", handled)))
    first = line(f"{name} = None")
    kind = drawing.choose(["none", "branch"] if scope.in_finally else ["none", "branch", "raise"])
    if kind == "none":
        return Block((first, tried))
    after = drawing.block(scope.inside(), 2)
    if kind == "raise":
        after = after.then(line(f"raise {name}"))
    return Block((first, tried, Clause(drawing.choose(_ERROR_TESTS).format(name), after)))


def machine(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a state machine with the phases a, b, c and end."""
    name = drawing.name("phase")
    following = ['pick("b", "c")', drawing.choose(_LAST_PHASES), '"end"']
    blocks = [drawing.block(scope.inside(can_break=True, once=False), 2) for _ in following]
    bodies = [block.then(line(f"{name} = {phase}")) for block, phase in zip(blocks, following, strict=True)]
    if drawing.chance(2):
        heads = [f'if {name} == "a"', f'elif {name} == "b"', f'elif {name} == "c"']
        chosen: Statement = Compound(tuple(map(Clause, heads, bodies)))
    else:
        cases = Compound(tuple(map(Clause, ['case "a"', 'case "b"', 'case "c"'], bodies)))
        chosen = Clause(f"match {name}", Block((cases,)))
    guard = Clause("if not more()", Block((line("break"),)))
    return Block((line(f'{name} = "a"'), Clause(f'while {name} != "end"', Block((guard, chosen)))))


def work_list(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a loop that takes work from a list, and sometimes adds work to it."""
    name, item = drawing.name("todo"), drawing.name("item")
    inner = scope.inside(can_break=True, once=False)
    inner.conditions += [SourceExpression(f'{item} == "a"'), SourceExpression(f"len({name}) > 1")]
    take = line(f"{item} = {name}.{drawing.choose(['pop()', 'pop(0)'])}")
    grow = Clause(f'if {item} == "a" and more()', Block((line(f'{name}.append("c")'),)))
    body = Block((take, *drawing.block(inner, 3).statements, grow))
    return Block((line(f'{name} = ["a", "b"]'), Clause(f"while {name}", body)))


def results(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a loop that collects results, and a branch that depends on them."""
    name, row = drawing.name("results"), drawing.name("row")
    before = drawing.block(scope.inside(can_break=True, once=False), 1)
    collect = line(f"{name}.append(await {coroutine(drawing, scope)})")
    loop = Clause(f"for {row} in {drawing.choose(ROWS)}", before.then(collect))
    test = drawing.choose(_RESULT_TESTS).format(name)
    return Block((line(f"{name} = []"), loop, Clause(test, drawing.block(scope.inside(), 2))))
