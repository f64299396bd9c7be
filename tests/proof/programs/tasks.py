"""Generate tasks that are started in one place and awaited in another, or never."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.expressions import condition
from tests.proof.programs.printing import Block, Clause, Statement, comma_separated, line, source
from tests.proof.programs.scope import Scope
from tests.proof.programs.works import ROWS, awaitable, coroutine, gather, gather_comprehension, gather_members


def start(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a task, named or unnamed, or a group of awaitables."""
    kinds = {"new": 6, "gather": 2, "passes": 1, "lost": 1, "possible": 2, "list": 3 if scope.task_lists else 0}
    kinds |= {"again": 3 if scope.possible_tasks else 0, "held": 5 if scope.groups else 0}
    kind = drawing.weighted(kinds)
    if kind == "lost":
        return line(_create_task(drawing, scope))
    if kind == "held" and drawing.chance(2):
        return line(_group_task(drawing, scope))
    if kind == "list":
        return line(f"{drawing.choose(scope.task_lists)}.append({_create_task(drawing, scope)})")
    if kind == "again":
        return line(f"{drawing.choose(scope.possible_tasks)} = {_create_task(drawing, scope)}")
    name = drawing.name("task")
    if kind == "possible":
        scope.possible_tasks.append(name)
        return line(f"{name} = None")
    makers = {"gather": gather, "passes": gather_comprehension, "held": _group_task, "new": _create_task}
    assignment = line(f"{name} = {makers[kind](drawing, scope)}")
    scope.tasks.append(name)
    return assignment


def _create_task(drawing: Drawing, scope: Scope) -> str:
    if drawing.chance(3):
        return f"asyncio.ensure_future({awaitable(drawing, scope)})"
    coroutine_text = coroutine(drawing, scope)
    return drawing.choose(["asyncio.create_task({})", "asyncio.get_running_loop().create_task({})"]).format(
        coroutine_text
    )


def _group_task(drawing: Drawing, scope: Scope) -> str:
    return f"{drawing.choose(scope.groups)}.create_task({coroutine(drawing, scope)})"


def join(drawing: Drawing, scope: Scope) -> Statement:
    """Draw an await of running tasks."""
    kinds = {"await": 6, "gather": 3, "wait": 4, "loop": 2, "as completed": 1, "limit": 1, "either": 1}
    if not scope.tasks:
        kinds = {}
    kinds |= {"possible": 4 if scope.possible_tasks else 0, "list": 6 if scope.task_lists else 0}
    if not any(kinds.values()):
        return start(drawing, scope)
    kind = drawing.weighted(kinds)
    if kind == "possible":
        name = drawing.choose(scope.possible_tasks)
        return Clause(f"if {name}", Block((line(f"await {name}"),)))
    if kind == "list":
        return _join_of_list(drawing, scope, drawing.choose(scope.task_lists))
    if kind == "await":
        return line(f"await {drawing.choose(scope.tasks)}")
    if kind == "either":
        first, second = drawing.choose(scope.tasks), drawing.choose(scope.tasks)
        return line(f"await ({first} if {condition(drawing, scope)} else {second})")
    if kind == "limit":
        return line(f"await asyncio.wait_for({drawing.choose(scope.tasks)}, {drawing.choose([30, 1])})")
    if kind == "gather":
        return line(f"await asyncio.gather({comma_separated(gather_members(drawing, scope))})")
    tasks = f"[{comma_separated(drawing.sample(scope.tasks) or [scope.tasks[-1]])}]"
    return _joins(drawing, scope, tasks)[kind]


def _join_of_list(drawing: Drawing, scope: Scope, name: str) -> Statement:
    joins = _joins(drawing, scope, name)
    joins["gather"] = line(f"await asyncio.gather(*{name})")
    joins["gather of results"] = line(f"await asyncio.gather(*{name}, return_exceptions=True)")
    kind = drawing.choose(["gather", "gather of results", "loop", "wait", "as completed"])
    return Clause(f"if {name}", Block((joins[kind],))) if kind == "wait" else joins[kind]


def _joins(drawing: Drawing, scope: Scope, tasks: str) -> dict[str, Statement]:
    when = drawing.choose(["", *(f", return_when=asyncio.{each}" for each in _WHEN), ", timeout=1"])
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
    first = line(_group_task(drawing, inner)) if drawing.chance(2) else start(drawing, inner)
    body = drawing.block(inner)
    return Clause(f"async with asyncio.TaskGroup() as {name}", Block((first, *body.statements)))


def as_completed(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a loop over `asyncio.as_completed`."""
    name = drawing.name("done")
    members = comma_separated([coroutine(drawing, scope) for _ in range(drawing.number(1, 3))])
    after = drawing.block(scope.inside(can_break=True, once=False), 2)
    body = Block((line(f"await {name}"), *after.statements))
    return Clause(f"for {name} in asyncio.as_completed([{members}])", body)


def task_list(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a list of tasks, usually with a loop that fills it."""
    name = drawing.name("tasks")
    members = [_create_task(drawing, scope) for _ in range(drawing.number(0, 2))]
    assignment = line(f"{name} = [{comma_separated(members)}]")
    inner = scope.inside(can_break=True, once=False)
    scope.task_lists.append(name)
    if not drawing.chance(2):
        return assignment
    before = drawing.block(inner, 1)
    added = line(f"{name}.append({_create_task(drawing, inner)})")
    row = drawing.name("row")
    return Block((assignment, Clause(f"for {row} in {drawing.choose(ROWS)}", before.then(added))))


def coroutine_before_await(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a coroutine that is created before it is awaited."""
    name = drawing.name("early")
    assignment = line(f"{name} = {coroutine(drawing, scope)}")
    between = drawing.block(scope.inside(), 2)
    awaiting = drawing.choose([f"await {name}", f"await asyncio.gather({name}, {awaitable(drawing, scope)})"])
    task = f"{name} = asyncio.create_task({name})"
    then = [line(task), line(f"await {name}")] if drawing.chance(4) else [line(awaiting)]
    shell = Clause(f"if {condition(drawing, scope)}", between)
    return Block((assignment, shell if between.statements and drawing.chance(2) else between, *then))


def wait_for_new_tasks(drawing: Drawing, scope: Scope) -> Statement:
    """Draw an `asyncio.wait` for new tasks."""
    members = comma_separated(
        [f"asyncio.create_task({coroutine(drawing, scope)})" for _ in range(drawing.number(1, 3))]
    )
    when = drawing.choose(["", *(f", return_when=asyncio.{each}" for each in _WHEN)])
    if drawing.chance(4):
        return line(f"await asyncio.wait([{members}], timeout={drawing.choose([30, 1])}{when})")
    return line(f"await asyncio.wait([{members}]{when})")


def await_gather(drawing: Drawing, scope: Scope) -> Statement:
    """Draw an await of a gather."""
    return line(f"await {drawing.choose([gather, gather_comprehension])(drawing, scope)}")


_WAITS = [
    """\
await asyncio.gather(*{name}.values())
""",
    """\
if "left" in {name}:
    await {name}.pop("left")
""",
]
_WAIT_LOOPS = {
    "for job in {name}.values()": "await job",
    "for key, job in {name}.items()": "await job",
    "for key in list({name})": "await {name}.pop(key)",
    "for job in asyncio.as_completed({name}.values())": "await job",
    "while {name}": "await {name}.popitem()[1]",
    "while {pending}": "done, {pending} = await asyncio.wait({pending}, return_when=asyncio.FIRST_COMPLETED)",
}
"""Maps the heads of loops to the first statements of their bodies."""


def task_table(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a dictionary of tasks, and code that awaits them."""
    name = drawing.name("jobs")
    statements: list[Statement] = [line(f"{name} = {{}}")]
    for key in ("left", "right", "middle")[: drawing.number(1, 3)]:
        entry = line(f'{name}["{key}"] = asyncio.create_task({coroutine(drawing, scope)})')
        statements.append(Clause(f"if {condition(drawing, scope)}", Block((entry,))) if drawing.chance(3) else entry)
    if drawing.chance(4):
        row = drawing.name("row")
        entry = line(f"{name}[{row}] = asyncio.create_task({coroutine(drawing, scope.inside(once=False))})")
        statements.append(Clause(f"for {row} in {drawing.choose(ROWS)}", Block((entry,))))
    between = drawing.block(scope.inside(), 2).statements
    return Block((*statements, *between, _wait_for_table(drawing, scope, name)))


def _wait_for_table(drawing: Drawing, scope: Scope, name: str) -> Statement:
    form = drawing.choose([*_WAITS, *_WAIT_LOOPS])
    if form in _WAITS:
        return source(form.format(name=name))
    pending = drawing.name("pending")
    first = line(_WAIT_LOOPS[form].format(name=name, pending=pending))
    after = drawing.block(scope.inside(can_break=True, once=False), 1).statements if drawing.chance(2) else ()
    loop = Clause(form.format(name=name, pending=pending), Block((first, *after)))
    return Block((line(f"{pending} = set({name}.values())"), loop)) if "pending" in form else loop
