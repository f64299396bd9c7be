"""Generate objects, lists and variables that keep functions, flags and tasks, and statements that change them."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Block, Clause, SourceExpression, Statement, comma_separated, line, source
from tests.proof.programs.scope import Scope
from tests.proof.programs.values import value
from tests.proof.programs.works import coroutine, thunks

_TRUTH_VALUES = ["False", "True", "None", "flip()"]
_STATE_FORMS = [
    """\
{name} = types.SimpleNamespace(call={call}, flag={flag}, count=0, task=None)
""",
    """\
class {class_name}:
    def __init__(this):
        this.call = {call}
        this.flag = {flag}
        this.count = 0
        this.task = None
{name} = {class_name}()
""",
]
_STATE_TESTS = ["{0}.flag", "not {0}.flag", "{0}.count > 1", "{0}.flag is None", "{0}.count == 0"]
_COUNT_CHANGES = ["+= 1", "-= 1", "= 0", "= 2"]
_FLAG_TESTS = ["{0}", "not {0}", "{0} is None", "{0} is not None"]
_LIST_CHANGES = ["{0}[0] = {1}", "{0}.append({1})", "{0}.insert(0, {1})", "{0}.reverse()", "{0}[:] = [{1}]"]
_LOOPS_OVER_COPIES = ["for each in list({0})", "for each in {0}[1:]", "for each in reversed({0})"]
_LOOP_OVER_LIST = "for each in {0}"


def state(drawing: Drawing, scope: Scope) -> Statement:
    """Draw an object with a function, a flag, a counter and a task."""
    name = drawing.name("state")
    call, flag_value = drawing.choose(scope.thunks), drawing.choose(_TRUTH_VALUES)
    scope.states.append(name)
    scope.thunks.append(f"{name}.call")
    scope.conditions += _conditions(_STATE_TESTS, name)
    form = drawing.choose(_STATE_FORMS)
    return source(form.format(name=name, class_name=name.title(), call=call, flag=flag_value))


def variable(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a variable with a function."""
    name = drawing.name("chosen")
    assignment = line(f"{name} = {drawing.choose(scope.thunks)}")
    scope.function_variables.append(name)
    scope.thunks.append(name)
    return assignment


def function_list(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a list of functions."""
    name = drawing.name("functions")
    members = comma_separated(thunks(drawing, scope, 1, 2))
    scope.function_lists.append(name)
    scope.thunks += [f"{name}[0]", f"{name}[-1]"]
    scope.conditions.append(SourceExpression(f"len({name}) > 1"))
    return line(f"{name} = [{members}]")


def loop_over_function_list(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a loop that calls the functions of a list, which may change meanwhile."""
    if not scope.function_lists:
        return function_list(drawing, scope)
    drawing.budget -= 1
    name = drawing.choose(scope.function_lists)
    head = drawing.choose([*_LOOPS_OVER_COPIES, _LOOP_OVER_LIST])
    inner = scope.inside(can_break=True, once=False)
    if head == _LOOP_OVER_LIST:
        inner.function_lists.clear()  # the loop would not end if each pass appended a function
    return Clause(head.format(name), Block((line("await each()"), *drawing.block(inner, 1).statements)))


def flag(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a local flag, and sometimes a loop until it is set."""
    name = drawing.name("flag")
    first = line(f"{name} = {drawing.choose(_TRUTH_VALUES[:3])}")
    scope.flags.append(name)
    scope.conditions += _conditions(_FLAG_TESTS, name)
    if drawing.chance(2):
        return first
    body = drawing.block(scope.inside(can_break=True, once=False), 2)
    last = line(f"{name} = {drawing.choose(['True', 'flip()', 'more()'])}")
    guard = Clause("if not more()", Block((line("break"),)))
    reset = line(f"{name} = {drawing.choose(['False', 'None'])}")
    return Block((reset, Clause(f"while not {name}", Block((guard, *body.statements, last)))))


def change(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a change of an object, a list or a variable."""
    kinds = {
        _change_of_state: 6 if scope.states else 0,
        _change_of_flag: 6 if scope.flags else 0,
        _change_of_list: 4 if scope.function_lists else 0,
        _change_of_variable: 4 if scope.function_variables else 0,
    }
    if not any(kinds.values()):
        return drawing.choose([state, flag, function_list, variable])(drawing, scope)
    return drawing.weighted(kinds)(drawing, scope)


def _change_of_state(drawing: Drawing, scope: Scope) -> Statement:
    name = drawing.choose(scope.states)
    kinds = {"call": 5, "flag": 5, "value": 2, "count": 3, "setattr": 1, "task": 3, "join": 3}
    match drawing.weighted(kinds):
        case "call":
            return line(f"{name}.call = {drawing.choose(scope.thunks)}")
        case "flag":
            return line(f"{name}.flag = {drawing.choose([*_TRUTH_VALUES, f'not {name}.flag'])}")
        case "value":
            return line(f"{name}.flag = {value(drawing, scope)}")
        case "count":
            return line(f"{name}.count {drawing.choose(_COUNT_CHANGES)}")
        case "setattr":
            return line(f'setattr({name}, "call", {drawing.choose(scope.thunks)})')
        case "task":
            return line(f"{name}.task = asyncio.create_task({coroutine(drawing, scope)})")
        case _:
            reset = [line(f"{name}.task = None")] if drawing.chance(2) else []
            return Clause(f"if {name}.task", Block((line(f"await {name}.task"), *reset)))


def _change_of_flag(drawing: Drawing, scope: Scope) -> Statement:
    return line(f"{drawing.choose(scope.flags)} = {drawing.choose(_TRUTH_VALUES)}")


def _change_of_list(drawing: Drawing, scope: Scope) -> Statement:
    name, call = drawing.choose(scope.function_lists), drawing.choose(scope.thunks)
    return line(drawing.choose(_LIST_CHANGES).format(name, call))


def _change_of_variable(drawing: Drawing, scope: Scope) -> Statement:
    return line(f"{drawing.choose(scope.function_variables)} = {drawing.choose(scope.thunks)}")


def _conditions(tests: list[str], name: str) -> list[SourceExpression]:
    return [SourceExpression(test.format(name)) for test in tests]
