"""Generate idioms that pass steps through objects: registries, undo stacks, context managers, generators and queues."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Block, Clause, Compound, Statement, comma_separated, line
from tests.proof.programs.scope import DispatchTable, Scope
from tests.proof.programs.works import ROWS

_KEYS = ("left", "right", "middle")


def registry(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a dictionary of functions filled by a decorator or a loop, and calls through it."""
    name = drawing.name("registry")
    keys = _KEYS[: drawing.number(2, 3)]
    kind = drawing.choose(["decorator", "loop", "zip"])
    if kind == "decorator":
        fill = _decorated_entries(drawing, scope, name, keys)
    else:
        calls = comma_separated([drawing.choose(scope.thunks) for _ in keys])
        pairs = f"zip([{comma_separated([repr(key) for key in keys])}], [{calls}])"
        loop = Clause(f"for key, call in {pairs}", Block((line(f"{name}[key] = call"),)))
        fill = line(f"{name} = dict({pairs})") if kind == "zip" else Block((line(f"{name} = {{}}"), loop))
    scope.tables.append(DispatchTable(name, keys))
    drawing.budget -= len(keys)
    every = drawing.choose([f"for each in {name}.values()", f"for _, each in {name}.items()"])
    run = Clause(every, Block((line("await each()"),)))
    return Block((fill, run)) if drawing.chance(2) else fill


def _decorated_entries(drawing: Drawing, scope: Scope, name: str, keys: tuple[str, ...]) -> Statement:
    register = drawing.name("register")
    keep = Clause("def keep(function)", Block((line(f"{name}[key] = function"), line("return function"))))
    statements: list[Statement] = [line(f"{name} = {{}}")]
    statements.append(Clause(f"def {register}(key)", Block((keep, line("return keep")))))
    for key in keys:
        body = drawing.block(scope.function(), 2)
        statements += [line(f'@{register}("{key}")'), Clause(f"async def {drawing.name('on')}()", body)]
    return Block(tuple(statements))


def undo_stack(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a `try` that records undo functions and calls them in reverse order."""
    name = drawing.name("undo")
    body: list[Statement] = []
    for _ in range(drawing.number(1, 3)):
        drawing.budget -= 1
        body += [*drawing.block(scope.inside(), 1).statements, line(f"{name}.append({drawing.choose(scope.thunks)})")]
    loop = drawing.choose([f"for each in reversed({name})", f"while {name}"])
    call = line("await each()") if loop.startswith("for") else line(f"await {name}.pop()()")
    handler = Clause(drawing.choose(["except Exception", "finally"]), Block((Clause(loop, Block((call,))),)))
    return Block((line(f"{name} = []"), Compound((Clause("try", Block(tuple(body))), handler))))


def exit_stack(drawing: Drawing, scope: Scope) -> Statement:
    """Draw an `AsyncExitStack` with callbacks."""
    name = drawing.name("stack")
    body: list[Statement] = []
    for _ in range(drawing.number(1, 2)):
        drawing.budget -= 1
        body += [
            line(f"{name}.push_async_callback({drawing.choose(scope.thunks)})"),
            *drawing.block(scope.inside(), 2).statements,
        ]
    return Clause(f"async with contextlib.AsyncExitStack() as {name}", Block(tuple(body)))


def manager(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a context manager defined by a class or a generator function."""
    name = drawing.name("around")
    inner = scope.function(can_return=False)
    before = drawing.block(inner.inside(), 2)
    after = drawing.block(inner.inside(in_finally=True), 2)
    if drawing.chance(2):
        leave = after.then(line(f"return {drawing.choose(['False', 'True', 'None'])}"))
        enter = Clause("async def __aenter__(this)", before.then(line("return this")))
        definition: Statement = Clause(
            f"class {name}", Block((enter, Clause("async def __aexit__(this, *error)", leave)))
        )
    else:
        kinds = {"plain": 1, "finally": 2, "except": 1}
        inside = Clause("try", Block((line("yield"),)))
        body: dict[str, Statement] = {
            "plain": Block((line("yield"), after)),
            "finally": Compound((inside, Clause("finally", after))),
            "except": Compound((inside, Clause("except ValueError", after))),
        }
        function = Clause(f"async def {name}()", before.then(body[drawing.weighted(kinds)]))
        definition = Block((line("@contextlib.asynccontextmanager"), function))
    return Block((definition, Clause(f"async with {name}()", drawing.block(scope.inside(), 3))))


def generator(drawing: Drawing, scope: Scope) -> Statement:
    """Draw an async generator that runs steps between the callables that it yields."""
    name, item = drawing.name("parts"), drawing.name("part")
    body: list[Statement] = []
    for _ in range(drawing.number(1, 2)):
        drawing.budget -= 1
        body += [*drawing.block(scope.function(can_return=False), 1).statements]
        body.append(line(f"yield {drawing.choose(scope.thunks)}"))
    if drawing.chance(3):
        body = [Clause(f"for row in {drawing.choose(ROWS)}", Block(tuple(body)))]
    inner = scope.inside(can_break=False, can_return=False, once=False)
    loop = Clause(
        f"async for {item} in {name}()", Block((line(f"await {item}()"), *drawing.block(inner, 1).statements))
    )
    return Block((Clause(f"async def {name}()", Block(tuple(body))), loop))


def holder(drawing: Drawing, scope: Scope) -> Statement:
    """Draw an object that stores a function, or starts it and awaits the tasks later."""
    name, item = drawing.name("Holder"), drawing.name("holder")
    drawing.budget -= 2
    init = Clause("def __init__(self, call)", Block((line("self.call = call"), line("self.tasks = []"))))
    go = Clause("async def go(self)", Block((line("await self.call()"),)))
    start = Clause("def start(self)", Block((line("self.tasks.append(asyncio.create_task(self.call()))"),)))
    join = Clause("async def join(self)", Block((line("await asyncio.gather(*self.tasks)"),)))
    assignment = line(f"{item} = {name}({drawing.choose(scope.thunks)})")
    between = drawing.block(scope.inside(), 2)
    if drawing.chance(2):
        use: list[Statement] = [line(f"{item}.start()"), *between.statements, line(f"await {item}.join()")]
    else:
        use = [*between.statements, line(f"await {item}.go()")]
        scope.thunks.append(f"{item}.go")
    return Block((Clause(f"class {name}", Block((init, go, start, join))), assignment, *use))


def queue(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a list of functions that a loop pops and calls."""
    name = drawing.name("queue")
    calls = [drawing.choose(scope.thunks) for _ in range(drawing.number(1, 3))]
    drawing.budget -= len(calls)
    inner = scope.inside(can_break=True, once=False)
    body = Block((line(f"await {name}.pop({drawing.choose(['0', ''])})()"), *drawing.block(inner, 1).statements))
    return Block((line(f"{name} = [{comma_separated(calls)}]"), Clause(f"while {name}", body)))


def starred(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a function that runs all its arguments."""
    name = drawing.name("all")
    calls = [drawing.choose(scope.thunks) for _ in range(drawing.number(1, 3))]
    drawing.budget -= len(calls)
    together: Statement = line("await asyncio.gather(*[call() for call in calls])")
    in_turn = Clause("for call in calls", Block((line("await call()"),)))
    definition = Clause(f"async def {name}(*calls)", Block((drawing.choose([together, in_turn]),)))
    return Block((definition, line(f"await {name}({comma_separated(calls)})")))


def iterated(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a loop over steps passed through built-in functions or `itertools`."""
    calls = comma_separated([drawing.choose(scope.thunks) for _ in range(2)])
    drawing.budget -= 2
    heads = [
        f"for _, each in enumerate([{calls}])",
        f"for each, _ in zip([{calls}], [1, 2])",
        f"for each in itertools.chain([{calls}], [{drawing.choose(scope.thunks)}])",
        f"for each in filter(None, [{calls}])",
        f"for each in reversed([{calls}])",
        f"for each in map(lambda call: call, [{calls}])",
    ]
    return Clause(drawing.choose(heads), Block((line("await each()"),)))
