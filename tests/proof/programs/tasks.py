"""Work that is started in one place and awaited in another, or never."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.expressions import condition
from tests.proof.programs.printing import Block, Clause, Statement, line, listed
from tests.proof.programs.scope import Scope
from tests.proof.programs.works import ROWS, coroutine, gather, passes, work, works


def start(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a task with a name, without one, or one that joins others."""
    kinds = {"new": 6, "gather": 2, "passes": 1, "lost": 1, "possible": 2, "list": 3 if scope.task_lists else 0}
    kinds |= {"again": 3 if scope.possible_tasks else 0, "held": 5 if scope.groups else 0}
    kind = drawing.weighted(kinds)
    if kind == "lost":
        return line(_started(drawing, scope))
    if kind == "held" and drawing.chance(2):
        return line(_held(drawing, scope))
    if kind == "list":
        return line(f"{drawing.among(scope.task_lists)}.append({_started(drawing, scope)})")
    if kind == "again":
        return line(f"{drawing.among(scope.possible_tasks)} = {_started(drawing, scope)}")
    name = drawing.name("task")
    if kind == "possible":
        scope.possible_tasks.append(name)
        return line(f"{name} = None")
    makers = {"gather": gather, "passes": passes, "held": _held, "new": _started}
    made = line(f"{name} = {makers[kind](drawing, scope)}")
    scope.tasks.append(name)
    return made


def _started(drawing: Drawing, scope: Scope) -> str:
    if drawing.chance(3):
        return f"asyncio.ensure_future({work(drawing, scope)})"
    made = coroutine(drawing, scope)
    return drawing.among(["asyncio.create_task({})", "asyncio.get_running_loop().create_task({})"]).format(made)


def _held(drawing: Drawing, scope: Scope) -> str:
    return f"{drawing.among(scope.groups)}.create_task({coroutine(drawing, scope)})"


def join(drawing: Drawing, scope: Scope) -> Statement:
    """Draw an await of tasks that go on."""
    kinds = {"await": 6, "gather": 3, "wait": 4, "loop": 2, "as completed": 1, "limit": 1, "either": 1}
    if not scope.tasks:
        kinds = {}
    kinds |= {"possible": 4 if scope.possible_tasks else 0, "list": 6 if scope.task_lists else 0}
    if not any(kinds.values()):
        return start(drawing, scope)
    kind = drawing.weighted(kinds)
    if kind == "possible":
        name = drawing.among(scope.possible_tasks)
        return Clause(f"if {name}", Block((line(f"await {name}"),)))
    if kind == "list":
        return _join_of_list(drawing, scope, drawing.among(scope.task_lists))
    if kind == "await":
        return line(f"await {drawing.among(scope.tasks)}")
    if kind == "either":
        one, other = drawing.among(scope.tasks), drawing.among(scope.tasks)
        return line(f"await ({one} if {condition(drawing, scope)} else {other})")
    if kind == "limit":
        return line(f"await asyncio.wait_for({drawing.among(scope.tasks)}, {drawing.among([30, 1])})")
    if kind == "gather":
        return line(f"await asyncio.gather({listed(works(drawing, scope))})")
    tasks = f"[{listed(drawing.some(scope.tasks) or [scope.tasks[-1]])}]"
    return _joins(drawing, scope, tasks)[kind]


def _join_of_list(drawing: Drawing, scope: Scope, name: str) -> Statement:
    joins = _joins(drawing, scope, name)
    joins["gather"] = line(f"await asyncio.gather(*{name})")
    joins["gather of results"] = line(f"await asyncio.gather(*{name}, return_exceptions=True)")
    kind = drawing.among(["gather", "gather of results", "loop", "wait", "as completed"])
    return Clause(f"if {name}", Block((joins[kind],))) if kind == "wait" else joins[kind]


def _joins(drawing: Drawing, scope: Scope, tasks: str) -> dict[str, Statement]:
    when = drawing.among(["", *(f", return_when=asyncio.{each}" for each in _WHEN), ", timeout=1"])
    name = drawing.name("done")
    inner = scope.inside(can_break=True, once=False)
    inner.conditions.append(inner.conditions[-1] if inner.conditions else condition(drawing, scope))
    after = drawing.block(inner, 1) if drawing.chance(3) else Block()
    awaited = Block((line(f"await {name}"), *after.statements))
    return {
        "wait": line(f"await asyncio.wait({tasks}{when})"),
        "loop": Clause(f"for {name} in {tasks}", awaited),
        "as completed": Clause(f"for {name} in asyncio.as_completed({tasks})", awaited),
    }


_WHEN = ["FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"]


def group(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a task group."""
    name = drawing.name("group")
    inner = scope.inside()
    inner.groups.append(name)
    first = line(_held(drawing, inner)) if drawing.chance(2) else start(drawing, inner)
    body = drawing.block(inner)
    return Clause(f"async with asyncio.TaskGroup() as {name}", Block((first, *body.statements)))


def as_completed(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a loop over what is over, as it is over."""
    name = drawing.name("done")
    made = listed([coroutine(drawing, scope) for _ in range(drawing.number(1, 3))])
    after = drawing.block(scope.inside(can_break=True, once=False), 2)
    body = Block((line(f"await {name}"), *after.statements))
    return Clause(f"for {name} in asyncio.as_completed([{made}])", body)


def task_list(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a list for tasks, and mostly a loop that fills it."""
    name = drawing.name("tasks")
    members = [_started(drawing, scope) for _ in range(drawing.number(0, 2))]
    made = line(f"{name} = [{listed(members)}]")
    inner = scope.inside(can_break=True, once=False)
    scope.task_lists.append(name)
    if not drawing.chance(2):
        return made
    before = drawing.block(inner, 1)
    added = line(f"{name}.append({_started(drawing, inner)})")
    row = drawing.name("row")
    return Block((made, Clause(f"for {row} in {drawing.among(ROWS)}", before.then(added))))


def early(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a coroutine that is made before it is awaited."""
    name = drawing.name("early")
    made = line(f"{name} = {coroutine(drawing, scope)}")
    between = drawing.block(scope.inside(), 2)
    way = drawing.among([f"await {name}", f"await asyncio.gather({name}, {work(drawing, scope)})"])
    task = f"{name} = asyncio.create_task({name})"
    then = [line(task), line(f"await {name}")] if drawing.chance(4) else [line(way)]
    shell = Clause(f"if {condition(drawing, scope)}", between)
    return Block((made, shell if between.statements and drawing.chance(2) else between, *then))


def first_of(drawing: Drawing, scope: Scope) -> Statement:
    """Draw tasks that are made and waited for on the spot."""
    made = listed([f"asyncio.create_task({coroutine(drawing, scope)})" for _ in range(drawing.number(1, 3))])
    when = drawing.among(["", *(f", return_when=asyncio.{each}" for each in _WHEN)])
    if drawing.chance(4):
        return line(f"await asyncio.wait([{made}], timeout={drawing.among([30, 1])}{when})")
    return line(f"await asyncio.wait([{made}]{when})")


def value_of_work(drawing: Drawing, scope: Scope) -> Statement:
    """Draw an await of several at once."""
    return line(f"await {drawing.among([gather, passes])(drawing, scope)}")
