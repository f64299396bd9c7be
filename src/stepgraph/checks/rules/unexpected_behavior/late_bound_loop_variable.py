"""Steps that a loop declares, and that run after the loop has changed a variable that they read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.steps import factory_advice, format_code_list
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import LateBoundVariable, Parameter, StepDeclared

if TYPE_CHECKING:
    from stepgraph.checks.analysis.loop_passes import LoopPasses, Work
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    by_function: dict[int, list[LateBoundVariable]] = {}
    for fact in subject.facts_of_type(LateBoundVariable):
        by_function.setdefault(id(fact.function.node), []).append(fact)
    if not by_function:
        return
    # Imported here because few workflows declare steps in loops.
    from stepgraph.checks.analysis.loop_passes import LoopPasses

    declared = [fact for fact in subject.facts_of_type(StepDeclared) if fact.function is not None]
    steps = {id(fact.function.place.node): fact for fact in declared if fact.function is not None}
    functions = {fact.definition: fact.function.place for fact in declared if fact.function is not None}
    facts_of_all = [fact for facts in by_function.values() for fact in facts]
    passes = LoopPasses(
        functions, {id(call.node): fact.function for fact in facts_of_all for call in fact.calls_inside}
    )
    loops = [loop for fact in facts_of_all for loop in (fact.loop, *fact.later_loops)]
    program = passes.find(subject.program.body, loops)
    for function, facts in by_function.items():
        late = [fact for fact in facts if _runs_late(fact, program, passes)] if function in program.functions else []
        if late and function in steps:
            yield _diagnostic_of_step(late, steps[function])
        elif late and (late[0].runs_later or late[0].calls_inside):
            yield _diagnostic_of_function(late)


def _runs_late(fact: LateBoundVariable, program: Work, passes: LoopPasses) -> bool:
    """Return whether a function surely runs after the loop has changed the variable."""
    function, calls = id(fact.function.node), {id(call.node) for call in fact.calls}
    in_pass = passes.work_in(fact.loop, in_tasks=fact.may_begin_in_pass)
    if any(function in passes.work_in(loop, in_tasks=True).functions for loop in fact.later_loops):
        return False
    if function in in_pass.functions:
        return not calls.isdisjoint(in_pass.loops)  # a pass consumes the calls of several passes
    return not fact.may_begin_in_pass or id(fact.loop.node) in program.loops or not calls.isdisjoint(program.loops)


def _diagnostic_of_step(late: Sequence[LateBoundVariable], declared: StepDeclared) -> Diagnostic:
    first, step = late[0], f"the step {declared.definition.quoted_name}"
    variables, values = _variables_and_values(late)
    if not first.is_collected or declared.function is None:
        return Diagnostic(
            first.place.span,
            f"{step} is declared in each pass of a loop but runs once, after the loop, with {values} of {variables}.",
            "Await it in the loop, or declare it after the loop.",
        )
    captured = [Parameter(fact.variable, "positional", None, fact.place) for fact in late]
    return Diagnostic(
        first.place.span,
        f"{step} runs after the loop has changed {variables}, so each run reads {values}.",
        factory_advice(declared, declared.function, captured, is_awaited=False),
    )


def _diagnostic_of_function(late: Sequence[LateBoundVariable]) -> Diagnostic:
    first = late[0]
    function = f"`{first.function_name}`" if first.function_name else "this lambda"
    variables, values = _variables_and_values(late)
    defaults = ", ".join(f"{name}={name}" for name in dict.fromkeys(fact.variable for fact in late))
    return Diagnostic(
        first.place.span,
        f"{function} runs after the loop has changed {variables}, so each call reads {values}.",
        f"Keep the value of each pass in a default: add `{defaults}` to the parameters.",
    )


def _variables_and_values(late: Sequence[LateBoundVariable]) -> tuple[str, str]:
    names = format_code_list(dict.fromkeys(fact.variable for fact in late))
    return names, "the last value" if len(late) == 1 else "the last values"


RULE = Rule(
    code="SG217",
    name="late-bound-loop-variable",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
