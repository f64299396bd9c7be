"""Tasks that begin only after an exception has left the `try` that starts them."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text, workflow_of

HELPER = "async def go():\n    t = asyncio.create_task(a())\n    raise ValueError\n\n"
CHECK = "def check():\n    raise ValueError\n\n"


@pytest.mark.parametrize(
    "body",
    [
        "try:\n    t = asyncio.create_task(a())\n    raise ValueError\nexcept ValueError:\n    await b()\nawait t",
        "try:\n    t = asyncio.create_task(a())\n    raise ValueError\nexcept ValueError:\n    await b()\n    await t",
        f"{CHECK}try:\n    t = asyncio.create_task(a())\n    check()\nexcept ValueError:\n    await b()\nawait t",
        f"{HELPER}try:\n    await go()\nexcept ValueError:\n    await b()",
        f"{HELPER}try:\n    await go()\nfinally:\n    await b()",
        f"{HELPER}await go()\ntry:\n    await go()\nexcept ValueError:\n    await b()",
    ],
)
def test_a_task_concurrent_with_the_handler_is_reported(body: str) -> None:
    assert [note.code for note in workflow_of(body).notes] == ["late-task"]


@pytest.mark.parametrize(
    ("handlers", "codes"),
    [
        ("except KeyError:\n    await b()", []),
        ("except (KeyError, Bad):\n    await b()", []),
        ("except ValueError:\n    pass\nexcept Exception:\n    await b()", []),
        ("except (KeyError, ValueError):\n    await b()", ["late-task"]),
        ("except KeyError:\n    pass\nexcept Exception:\n    await b()", ["late-task"]),
        ("except KeyError:\n    pass\nfinally:\n    await b()", ["late-task"]),
        ("except* KeyError:\n    await b()", ["late-task"]),
    ],
)
def test_a_task_is_late_only_if_a_handler_catches_the_type(handlers: str, codes: list[str]) -> None:
    workflow = workflow_of(f"class Bad(Exception): ...\n\n{HELPER}try:\n    await go()\n{handlers}")
    assert [note.code for note in workflow.notes] == codes


@pytest.mark.parametrize(
    ("raised", "caught", "codes"),
    [
        ("NonRetryableError", "JsException", []),
        ("NonRetryableError", "ValueError", []),
        ("Fatal", "(JsException, ValueError)", []),
        ("ValueError", "NonRetryableError", []),
        ("Fatal", "NonRetryableError", ["late-task"]),
        ("NonRetryableError", "NonRetryableError", ["late-task"]),
        ("NonRetryableError", "(JsException, Exception)", ["late-task"]),
        ("Unknown", "JsException", ["late-task"]),
        ("NonRetryableError", "Unknown", ["late-task"]),
    ],
)
def test_the_exceptions_of_the_sdk_catch_only_their_types(raised: str, caught: str, codes: list[str]) -> None:
    imports = "from pyodide.ffi import JsException\nfrom workers.workflows import NonRetryableError\n"
    classes = f"{imports}from errors import Unknown\n\nclass Fatal(NonRetryableError): ...\n\n"
    helper = HELPER.replace("ValueError", f"{raised}('x')")
    workflow = workflow_of(f"{classes}{helper}try:\n    await go()\nexcept {caught}:\n    await b()")
    assert [note.code for note in workflow.notes] == codes


@pytest.mark.parametrize(
    ("handler", "codes"),
    [
        ("except KeyError:\n    await b()", ["late-task"]),
        ("except ValueError:\n    pass", []),
        ("except ValueError:\n    raise KeyError", ["late-task"]),
        ("except ValueError:\n    await b()\n    raise KeyError", []),
        ("except ValueError:\n    await asyncio.sleep(1)\n    raise KeyError", []),
    ],
)
def test_a_caught_exception_does_not_leave_outer_blocks(handler: str, codes: list[str]) -> None:
    go = "async def go():\n    try:\n        t = asyncio.create_task(a())\n        raise ValueError\n    "
    body = (
        go
        + handler.replace("\n", "\n    ")
        + "\n    await b()\n\ntry:\n    await go()\nexcept Exception:\n    await c()"
    )
    assert [note.code for note in workflow_of(body).notes] == codes


@pytest.mark.parametrize(
    ("block", "codes"),
    [
        ("with contextlib.suppress(ValueError):\n        check()", []),
        ("with contextlib.suppress(KeyError):\n        check()", ["late-task"]),
        ("try:\n        pass\n    except ValueError:\n        pass\n    else:\n        check()", ["late-task"]),
        ("try:\n        check()\n    finally:\n        await asyncio.sleep(0)\n        await b()", []),
        ("try:\n        check()\n    finally:\n        await t", []),
        ("try:\n        check()\n    finally:\n        await log()", ["late-task"]),
    ],
)
def test_tasks_begin_before_an_exception_leaves_a_function(block: str, codes: list[str]) -> None:
    helpers = f"import contextlib\n\nasync def log():\n    pass\n\n{CHECK}"
    go = f"async def go():\n    t = asyncio.create_task(a())\n    {block}\n    await b()\n\n"
    body = f"{helpers}{go}try:\n    await go()\nexcept ValueError:\n    await c()"
    assert [note.code for note in workflow_of(body).notes] == codes


def test_a_task_group_changes_the_type_of_an_exception() -> None:
    body = (
        "try:\n    async with asyncio.TaskGroup():\n        t = asyncio.create_task(a())\n        check()\n"
        "except ExceptionGroup:\n    await b()\nawait t"
    )
    assert [note.code for note in workflow_of(CHECK + body).notes] == ["late-task"]


@pytest.mark.parametrize(
    ("handler", "codes"),
    [
        ("await t", []),
        ("await t\n    await b()", []),
        ("await asyncio.gather(t, b())", []),
        ("await asyncio.gather(b(), c())", []),
        ("await asyncio.sleep(1)\n    await b()", []),
        ("await pause()\n    await b()", []),
        ("await log()\n    await b()", ["late-task"]),
        ("await repair()", ["late-task"]),
        ("if event['payload']['x']:\n        await t\n    await b()", ["late-task"]),
        ("step.sleep('s', 1)\n    await t", ["late-task"]),
    ],
)
def test_a_task_is_late_only_if_a_step_precedes_it(handler: str, codes: list[str]) -> None:
    helpers = "async def pause():\n    await asyncio.sleep(1)\n\nasync def log():\n    pass\n\n"
    helpers += "async def repair():\n    await b()\n\n"
    body = f"try:\n    t = asyncio.create_task(a())\n    check()\nexcept ValueError:\n    {handler}\nawait t"
    assert [note.code for note in workflow_of(f"{CHECK}{helpers}{body}").notes] == codes


def test_a_task_that_a_handler_awaits_first_resolves_there() -> None:
    body = "try:\n    t = asyncio.create_task(a())\n    check()\nexcept Exception:\n    await t\n    await b()"
    assert graph_of(CHECK + body) == text("""
        parallel all
          try
            a [1>]
          catch
            b [2>3]
    """)


@pytest.mark.parametrize(
    ("awaited", "codes"),
    [
        ("asyncio.gather(a(), b())", []),
        ("asyncio.create_task(a())", []),
        ("asyncio.wait([asyncio.create_task(a()), asyncio.create_task(b())])", []),
        ("asyncio.wait([asyncio.create_task(a()), check()])", ["late-task"]),
    ],
)
def test_a_task_that_begins_at_once_precedes_the_handler(awaited: str, codes: list[str]) -> None:
    go = f"async def go():\n    try:\n        await {awaited}\n    except ValueError:\n        raise\n\n"
    body = f"{CHECK}{go}try:\n    await go()\nexcept ValueError:\n    await c()"
    assert [note.code for note in workflow_of(body).notes] == codes


@pytest.mark.slow
def test_a_task_that_only_the_body_awaits_has_no_end_clock() -> None:
    body = "try:\n    t = asyncio.create_task(a())\n    check()\n    await t\nexcept ValueError:\n    await b()"
    assert workflow_of(CHECK + body).complete
    assert graph_of(CHECK + body) == text("""
        try
          parallel all
            a [1>]
        catch
          switch exception
          | case ValueError
            b
          | default
            return
    """)


@pytest.mark.parametrize(
    ("code", "nodes"),
    [
        ("x = event['payload']['x']", ["parallel all", "  a [1>2]"]),
        ("x = limit + 1", ["parallel all", "  a [1>2]"]),
        ("print(limit)", ["parallel all", "  a [1>2]"]),
        ("x = limit", ["a"]),
        ("assert limit", ["parallel all", "  a [1>2]"]),
        ("await asyncio.sleep(event['payload']['x'])", ["parallel all", "  a [1>2]"]),
        ("await b()\n    x = event['payload']['x']", ["parallel all", "  a [1>3]", "  b [1>2]"]),
    ],
)
def test_a_task_that_begins_after_other_code_keeps_its_group(code: str, nodes: list[str]) -> None:
    start = f"limit = 2\ntry:\n    t = asyncio.create_task(a())\n    {code}"
    body = f"{start}\n    await t\nexcept Exception:\n    await c()"
    assert graph_of(body).splitlines() == ["try", *(f"  {node}" for node in nodes), "catch", "  c"]


@pytest.mark.parametrize(
    ("helper", "body", "is_late"),
    [
        ("x = event['payload']['x']\n    await t", "t = asyncio.create_task(a())\n    await go(t)", True),
        ("x = event['payload']['x']\n    await t", "await go(asyncio.create_task(a()))", True),
        ("await t", "t = asyncio.create_task(a())\n    x = event['payload']['x']\n    await go(t)", True),
        ("await t", "t = asyncio.create_task(a())\n    await log()\n    print(t)\n    await go(t)", True),
        ("await inner(t)", "t = asyncio.create_task(a())\n    await go(t)", True),
        ("check()\n    await t", "t = asyncio.create_task(a())\n    await go(t)", True),
        ("return await t", "t = asyncio.create_task(a())\n    await go(t)", False),
        ("await t", "t = asyncio.create_task(a())\n    await log()\n    await go(t)", False),
        ("await t", "await go(asyncio.create_task(a()))", False),
    ],
)
def test_a_task_that_a_helper_awaits_keeps_its_group_if_it_is_late(helper: str, body: str, *, is_late: bool) -> None:
    inner = "async def inner(t):\n    x = event['payload']['x']\n    await t\n\nasync def log():\n    pass\n\n"
    code = f"{CHECK}{inner}async def go(t):\n    {helper}\n\ntry:\n    {body}\nexcept Exception:\n    await c()"
    nodes = ["  parallel all", "    a [1>2]"] if is_late else ["  a"]
    assert graph_of(code).splitlines() == ["try", *nodes, "catch", "  c"]


def test_a_task_outside_of_a_try_needs_no_group() -> None:
    assert graph_of("t = asyncio.create_task(a())\nx = event['payload']['x']\nawait t\nawait b()") == "a\nb"


@pytest.mark.parametrize(
    ("call", "nodes"),
    [
        ("await helper()", ["  a"]),
        ("try:\n    await helper()\nexcept Exception:\n    await b()", ["  parallel all", "    a [1>2]"]),
    ],
)
def test_task_needs_a_group_if_a_caller_catches_its_errors(call: str, nodes: list[str]) -> None:
    helper = "async def helper():\n    t = asyncio.create_task(a())\n    x = event['payload']['x']\n    await t\n"
    _, body = graph_of(helper + call).split("def helper\n")
    assert body.splitlines() == nodes


@pytest.mark.parametrize(
    "body",
    [
        "try:\n    t = asyncio.create_task(a())\n    raise ValueError\nexcept ValueError:\n    pass\nawait t",
        "try:\n    t = asyncio.create_task(a())\n    await b()\n    raise Bad\nexcept Bad:\n    await c()\nawait t",
        "t = asyncio.create_task(a())\ntry:\n    raise ValueError\nexcept ValueError:\n    await b()\nawait t",
        f"{HELPER}try:\n    await go()\nexcept ValueError:\n    pass\nawait b()",
    ],
)
def test_a_task_that_begins_at_another_await_is_not_reported(body: str) -> None:
    assert workflow_of(body).complete


@pytest.mark.parametrize("start", ["await a()\n    raise ValueError", "check()\n    await a()"])
def test_tasks_begin_before_an_exception_in_a_later_task(start: str) -> None:
    body = f"{CHECK}async def go():\n    {start}\n\n"
    gather = "try:\n    await asyncio.gather(go(), go())\nexcept TypeError:\n    await b()"
    assert graph_of(f"{body}{gather}").splitlines()[2:4] == ["    call go [1>2]", "    call go [1>2]"]


def test_a_gather_of_functions_that_repeat_steps_is_complete() -> None:
    workflow = workflow_of("""
async def go():
    for attempt in range(3):
        try:
            return await a()
        except Exception:
            if attempt == 2:
                raise
            await b()

async def both():
    await asyncio.gather(go(), go())

try:
    await both()
except Exception:
    await c()
""")
    assert workflow.complete


def test_a_task_is_late_beside_a_task_without_steps() -> None:
    body = "try:\n    t = asyncio.create_task(a())\n    u = asyncio.create_task(pause())\n    check()\n"
    handler = "except ValueError:\n    await b()\nawait t"
    pause = "async def pause():\n    await asyncio.sleep(1)\n\n"
    assert [note.code for note in workflow_of(f"{CHECK}{pause}{body}{handler}").notes] == ["late-task"]


@pytest.mark.parametrize("check", ["raise ValueError", "if event['payload']['x']:\n        raise ValueError"])
def test_a_task_that_an_awaited_function_leaves_is_not_reported(check: str) -> None:
    workflow = workflow_of(f"""
async def check():
    {check}

try:
    t = asyncio.create_task(a())
    await check()
except ValueError:
    await c()
await t
""")
    assert workflow.complete
