from __future__ import annotations

import pytest

from tests.checks.snippets import findings_in_module, findings_in_run, flagged_in_run


@pytest.mark.parametrize(
    "types",
    [
        "RuntimeError",
        "KeyError",
        "OSError",
        "TimeoutError",
        "asyncio.TimeoutError",
        "json.JSONDecodeError",
        "httpx.HTTPError",
    ],
)
def test_type_that_step_errors_never_have(types: str) -> None:
    body = f"try:\n    await a()\nexcept {types}:\n    pass"

    assert flagged_in_run("SG210", body, "import asyncio\nimport json\nimport httpx") == [types]


@pytest.mark.parametrize(
    "types",
    [
        *(
            "ValueError",
            "TypeError",
            "Exception",
            "BaseException",
            "NonRetryableError",
            "JsException",
            "asyncio.CancelledError",
        ),
        *(
            "(RuntimeError, Exception)",
            "(KeyError, JsException)",
            "ExceptionGroup",
            "RecursionError",
            "NameError",
            "errors[0]",
            "unknown",
        ),
    ],
)
def test_types_that_step_errors_may_have(types: str) -> None:
    imports = "import asyncio\nfrom pyodide.ffi import JsException\nfrom workers.workflows import NonRetryableError"

    assert flagged_in_run("SG210", f"try:\n    await a()\nexcept {types}:\n    pass", imports) == []


@pytest.mark.parametrize(
    "tried",
    [
        "await a()\nawait b()",
        "x = await a()",
        "return await a()",
        "x, y = await asyncio.gather(a(), b())",
        'await step.wait_for_event("w", "t")',
        'await a()\nawait step.sleep("s", 10)',
        'x = await a()\nprint(f"done {x}", len(event["payload"]["items"]))',
        "if event:\n    await a()",
        "for x in xs:\n    await a()",
        '@step.do("c")\nasync def c():\n    return 1\nawait c()',
        "t = asyncio.create_task(a())\nawait t",
        "await asyncio.gather(*[a(), b()])",
        "await asyncio.tasks.gather(a(), b())",
        "await asyncio.Task(a())",
        "await asyncio.ensure_future(a())",
        "await loop.create_task(a())",
        "c = step.do('c')(lambda: 1)\nawait c()",
    ],
)
def test_bodies_in_which_only_steps_raise(tried: str) -> None:
    indented = tried.replace("\n", "\n    ")
    body = f"loop = asyncio.get_running_loop()\ntry:\n    {indented}\nexcept RuntimeError:\n    pass"

    assert flagged_in_run("SG210", body) == ["RuntimeError"]


_FAILING = """
async def failing():
    await a()
    raise RuntimeError

loop = asyncio.get_running_loop()
task = asyncio.create_task(failing())
coroutine = failing()
tasks = [asyncio.create_task(failing())]

"""


@pytest.mark.parametrize(
    "tried",
    [
        "await a()\nunknown()",
        "await a()\nraise RuntimeError",
        "await a()\nawait self.env.KV.get('k')",
        "await asyncio.wait_for(a(), 5)",
        "async with asyncio.timeout(5):\n    await a()",
        "async def more():\n    await a()\n    unknown()\nawait more()",
        "x = await a()\nx.method()",
        "unknown()",
        "import other\nawait a()",
        "await failing()",
        "await task",
        "await asyncio.gather(task, a())",
        "await asyncio.gather(coroutine)",
        "await asyncio.gather(*tasks)",
        "await loop.create_task(failing())",
        "await asyncio.Task(failing())",
        "await asyncio.tasks.gather(task, a())",
    ],
)
def test_bodies_in_which_other_code_may_raise(tried: str) -> None:
    indented = tried.replace("\n", "\n    ")

    assert flagged_in_run("SG210", f"{_FAILING}try:\n    {indented}\nexcept RuntimeError:\n    pass") == []


_HELPERS = """
class Bad(Exception):
    pass

async def load(step):
    @step.do("load")
    async def loaded():
        raise Bad

    return await loaded()

async def outer(step, call):
    await load(step)
    return await call()

async def checked(step):
    if await a():
        raise Bad

async def unchecked(step, validate):
    await load(step)
    validate()

async def read(step, row):
    await load(step)
    return row.total

async def repeated(step, count):
    await load(step)
    if count:
        await repeated(step, count - 1)

class Row:
    @property
    def total(self):
        raise Bad
"""


@pytest.mark.parametrize(
    "tried",
    [
        "await load(step)",
        "await outer(step, a)",
        "await asyncio.gather(load(step), a())",
        "await asyncio.create_task(load(step))",
        "for each in event['payload']['rows']:\n        await load(step)",
    ],
)
def test_error_of_a_step_in_a_function(tried: str) -> None:
    body = f"{_HELPERS}\ntry:\n    {tried}\nexcept Bad:\n    await b()"
    (finding,) = findings_in_run("SG210", body)

    assert finding.message.startswith("`Bad` from the step 'load' arrives as `JsException`")


@pytest.mark.parametrize(
    "tried",
    [
        "await checked(step)",
        "await outer(step, lambda: checked(step))",
        "await unchecked(step, unknown)",
        "await read(step, Row())",
        "await repeated(step, 3)",
        "await load(step)\n    await checked(step)",
    ],
)
def test_function_that_may_raise_outside_its_steps(tried: str) -> None:
    helpers = _HELPERS.replace("async def loaded():\n        raise Bad", "async def loaded():\n        return 1")
    body = f"{helpers}\ntry:\n    {tried}\nexcept Bad:\n    await b()"

    assert flagged_in_run("SG210", body) == []


@pytest.mark.parametrize(
    "tried",
    [
        "await outer(step, lambda: checked(step))",
        "await unchecked(step, unknown)",
        "await repeated(step, 3)",
        "await load(step)\n    await checked(step)",
        "await asyncio.gather(load(step), checked(step))",
    ],
)
def test_a_step_raises_the_type_of_other_code(tried: str) -> None:
    body = f"{_HELPERS}\ntry:\n    {tried}\nexcept Bad:\n    await b()"
    (finding,) = findings_in_run("SG210", body)

    assert finding.message == (
        "`Bad` from the step 'load' arrives as `JsException`, so this does not catch it: only ValueError,"
        " TypeError and NonRetryableError keep their type."
    )


@pytest.mark.parametrize(
    ("body", "handlers"),
    [
        ("raise Bad", "except (Bad, JsException)"),
        ("raise Bad", "except JsException:\n    pass\nexcept Bad"),
        ("raise ValueError", "except ValueError"),
        ("raise OSError", "except Bad"),
        ("try:\n        raise Bad\n    except Bad:\n        return 1", "except Bad"),
    ],
)
def test_an_error_of_a_step_that_no_handler_misses(body: str, handlers: str) -> None:
    step = f'@step.do("c")\nasync def c():\n    {body}\n'
    program = f"{_HELPERS}\n{step}\ntry:\n    await c()\n    await checked(step)\n{handlers}:\n    await b()"

    assert flagged_in_run("SG210", program, imports="from pyodide.ffi import JsException") == []


def test_an_inner_handler_catches_the_error_of_a_step() -> None:
    inner = "try:\n        await load(step)\n    except Exception:\n        pass"
    body = f"{_HELPERS}\ntry:\n    {inner}\n    await checked(step)\nexcept Bad:\n    await b()"

    assert flagged_in_run("SG210", body) == []


def test_function_that_raises_for_other_arguments() -> None:
    body = (
        "async def call(function):\n    await a()\n    await function()\n\nasync def failing():\n    raise KeyError\n\n"
        "await call(failing)\nawait call(b)\ntry:\n    await call(failing)\nexcept KeyError:\n    pass"
    )

    assert flagged_in_run("SG210", body) == []


_GROUP = "async with asyncio.TaskGroup() as group:\n        group.create_task({call})\n"


@pytest.mark.parametrize("call", ["a()", "load(step)"])
def test_errors_of_a_task_group(call: str) -> None:
    body = f"{_HELPERS}\ntry:\n    {_GROUP.format(call=call)}except* Bad:\n    await b()"

    assert flagged_in_run("SG210", body) == ["Bad"]


@pytest.mark.parametrize(
    ("group", "handler"),
    [
        (_GROUP.format(call="a()"), "except Bad"),
        (_GROUP.format(call="checked(step)"), "except* Bad"),
        (_GROUP.format(call="a()") + "        unknown()\n", "except* Bad"),
        ("async with asyncio.timeout(5):\n        await a()\n", "except* TimeoutError"),
        ("async with asyncio.TaskGroup(), asyncio.timeout(5):\n        await a()\n", "except* TimeoutError"),
    ],
)
def test_other_errors_of_a_task_group(group: str, handler: str) -> None:
    assert flagged_in_run("SG210", f"{_HELPERS}\ntry:\n    {group}{handler}:\n    await b()") == []


_CUSTOM = """
class Bad(Exception):
    pass

class Row:
    def __str__(self):
        raise Bad

    def __getitem__(self, key):
        raise Bad

    @property
    def checked(self):
        raise Bad

def rank(row):
    raise Bad

def pages():
    yield 1
    raise Bad

row, rest = Row(), pages()
"""


@pytest.mark.parametrize(
    "code",
    [
        "x = row.checked",
        "x = row['key']",
        "x = str(row)",
        "x = f'{row}'",
        "x = sorted([1, 2], key=rank)",
        "x = max([1, 2], key=lambda one: rank(one))",
        "x = list(rest)",
        "for page in rest:\n        await b()",
        "x, *y = rest",
    ],
)
def test_custom_error_raised_by_code_in_the_body(code: str) -> None:
    assert flagged_in_run("SG210", f"{_CUSTOM}try:\n    await a()\n    {code}\nexcept Bad:\n    pass") == []


@pytest.mark.parametrize(
    "code", ["x = self.env.NAME", "x = result['key']", "x = sorted(result)", "x = f'{result}'", "self.x = result"]
)
def test_custom_error_that_no_code_raises(code: str) -> None:
    body = f"{_CUSTOM}self.x = 1\ntry:\n    result = await a()\n    {code}\nexcept Bad:\n    pass"

    assert flagged_in_run("SG210", body) == ["Bad"]


def test_error_of_a_coroutine_that_is_awaited_again() -> None:
    repeated = "try:\n    await job\nexcept RuntimeError:\n    await b()"
    assert flagged_in_run("SG210", f"job = a()\nawait job\n{repeated}") == []
    assert flagged_in_run("SG210", f"job = a()\n{repeated}") == ["RuntimeError"]


def test_logging_never_raises() -> None:
    body = "logger = logging.getLogger()\ntry:\n    x = await a()\n    logger.info(x)\nexcept RuntimeError:\n    pass"

    assert flagged_in_run("SG210", body, imports="import logging") == ["RuntimeError"]


def test_message_names_only_the_unreachable_type() -> None:
    step = '@step.do("c")\nasync def c():\n    raise KeyError\n'
    (finding,) = findings_in_run("SG210", f"{step}\ntry:\n    await c()\nexcept (KeyError, ValueError):\n    pass")

    assert finding.message == (
        "`KeyError` from the step 'c' arrives as `JsException`, so this does not catch it: only ValueError,"
        " TypeError and NonRetryableError keep their type."
    )


def test_builtin_error_of_code_next_to_the_step() -> None:
    body = 'try:\n    x = await a()\n    y = x["key"]\nexcept (KeyError, RuntimeError):\n    pass'

    assert flagged_in_run("SG210", body) == ["RuntimeError"]


def test_message_locates_the_raise_and_the_actual_type() -> None:
    (finding,) = findings_in_module(
        "SG210",
        """
        from workers import WorkflowEntrypoint

        class OutOfStock(ValueError):
            pass

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                @step.do("reserve")
                async def reserve():
                    if event:
                        raise OutOfStock("none")

                try:
                    await reserve()
                except OutOfStock as error:
                    print(error)
        """,
    )

    assert finding.message == (
        "`OutOfStock` from the step 'reserve' arrives as `JsException`, so this handler never runs: only"
        " ValueError, TypeError and NonRetryableError keep their type."
    )


@pytest.mark.parametrize(
    ("base", "count"), [("make_base()", 0), ("made.Failure", 0), ("elsewhere.Failure", 1), ("Exception", 1)]
)
def test_external_base_class_is_flagged_and_unknown_one_is_not(base: str, count: int) -> None:
    source = f"""
    import elsewhere
    from workers import WorkflowEntrypoint

    made = elsewhere.made()

    class Failure({base}):
        pass

    class OutOfStock(Failure):
        pass

    class W(WorkflowEntrypoint):
        async def run(self, event, step):
            @step.do("reserve")
            async def reserve():
                return 1

            try:
                await reserve()
            except OutOfStock:
                pass
    """

    assert len(findings_in_module("SG210", source)) == count


def test_try_inside_a_step_sees_original_errors() -> None:
    body = """
    @step.do("c")
    async def c():
        try:
            return await fetch()
        except TimeoutError:
            return None

    await c()
    """

    assert flagged_in_run("SG210", body) == []


def test_code_after_a_returning_try_is_unreachable() -> None:
    body = "try:\n    await a()\n    return 1\nexcept ValueError:\n    return 2\nb()"

    assert flagged_in_run("SG201", body) == []


@pytest.mark.parametrize(("code", "caught"), [("SG210", "KeyError"), ("SG211", "TypeError")])
def test_message_names_except_star(code: str, caught: str) -> None:
    (finding,) = findings_in_run(code, f"try:\n    await a()\nexcept* {caught}:\n    pass")

    assert finding.message.startswith(f"`except* {caught}`")


def test_suppressed_type_that_steps_never_raise() -> None:
    body = "with contextlib.suppress(KeyError):\n    await a()"
    (finding,) = findings_in_run("SG210", body, "import contextlib")

    assert finding.message.startswith("`suppress(KeyError)` never suppresses an error from a step")


@pytest.mark.parametrize(
    "block",
    [
        "with contextlib.suppress(KeyError):\n    await a()\n    print(event['payload']['x'])",
        "with contextlib.suppress(ValueError):\n    await a()",
        "with contextlib.suppress(TimeoutError):\n    async with asyncio.timeout(5):\n        await a()",
        "with contextlib.suppress(asyncio.TimeoutError):\n    await asyncio.wait_for(a(), 5)",
        "with contextlib.suppress(asyncio.CancelledError):\n    await a()",
        "with contextlib.suppress(OSError):\n    await a()\n    load()",
    ],
)
def test_suppressed_types_that_may_be_raised(block: str) -> None:
    assert flagged_in_run("SG210", block, "import asyncio, contextlib\nfrom other import load") == []


@pytest.mark.parametrize(
    ("test", "flagged"),
    [
        ("if isinstance(error, KeyError):\n        return", ["KeyError"]),
        ("print(error)\n    if not isinstance(error, (KeyError, ValueError)):\n        raise", ["KeyError"]),
        ("if event:\n        return\n    elif isinstance(error, OSError):\n        return", ["OSError"]),
        ("match error:\n        case ValueError() | KeyError():\n            return", ["KeyError"]),
        ("if type(error) is KeyError:\n        return", ["KeyError"]),
        ("if type(error) != KeyError:\n        raise", ["KeyError"]),
        ("if type(error) in (KeyError, ValueError):\n        return", ["KeyError"]),
        ("if issubclass(type(error), KeyError):\n        return", ["KeyError"]),
        ("if type(event) is KeyError:\n        return", []),
        ("if isinstance(error, Exception):\n        return", []),
        ("if isinstance(error, HasCode):\n        return", []),
        ("if isinstance(error, (KeyError, JsException)):\n        return", []),
        ("error = error.__cause__\n    if isinstance(error, KeyError):\n        return", []),
        ("if isinstance(event, KeyError):\n        return", []),
    ],
)
def test_type_test_that_step_errors_never_pass(test: str, flagged: list[str]) -> None:
    imports = (
        "from pyodide.ffi import JsException\nfrom typing import Protocol\nclass HasCode(Protocol):\n    code: int"
    )

    assert flagged_in_run("SG210", f"try:\n    await a()\nexcept Exception as error:\n    {test}", imports) == flagged


def test_type_test_for_an_exception_of_other_code() -> None:
    body = "try:\n    row = await a()\n    print(row['id'])\nexcept Exception as error:\n    "

    assert flagged_in_run("SG210", f"{body}if isinstance(error, KeyError):\n        return") == []


_ATTEMPT = "async def attempt(work):\n    try:\n        await work()\n    except KeyError:\n        pass\n"


def test_handler_for_steps_and_other_code() -> None:
    other = "async def other():\n    raise KeyError\n"

    assert flagged_in_run("SG210", f"{_ATTEMPT}{other}await attempt(a)\nawait attempt(other)") == []


def test_handler_for_several_steps_is_reported_once() -> None:
    step = '@step.do("c")\nasync def c():\n    raise KeyError\n'

    assert flagged_in_run("SG210", f"{_ATTEMPT}{step}await attempt(a)\nawait attempt(c)") == ["KeyError"]


def test_errors_of_a_function_in_a_step_stay_in_the_step() -> None:
    body = """
    class Row:
        def __getitem__(self, key):
            raise KeyError(key)

    def name_of(row):
        return row["name"]

    @step.do("c")
    async def c():
        return name_of(Row())

    await c()
    try:
        print(name_of(event["payload"]))
        await a()
    except httpx.HTTPError:
        pass
    """

    assert flagged_in_run("SG210", body, "import httpx") == ["httpx.HTTPError"]
