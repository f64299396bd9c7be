"""Callbacks that branches, loops and helpers push on an exit stack."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of, notation, text, workflow_of


def _in_stack(body: str) -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"async with contextlib.AsyncExitStack() as stack:\n{lines}await d()"


def test_a_callback_that_a_branch_pushes_may_run_at_the_exit() -> None:
    assert graph_of(_in_stack("if wanted:\n    stack.push_async_callback(b)\nawait a()")) == text("""
        try
          a
        finally
          if stack.push_async_callback(b)
            b
        d
    """)


MANAGER = """
class Lock:
    def __init__(self, release=None):
        self.release = release
    async def __aenter__(self):
        await a()
        return self
    async def __aexit__(self, kind, error, traceback):
        await b()
        return self.release
"""


def test_managers_that_a_loop_enters_are_left_at_the_exit() -> None:
    body = "for row in rows:\n    lock = await stack.enter_async_context(Lock())\nawait c()"
    assert graph_of(MANAGER.replace("return self.release", "pass") + _in_stack(body)) == text("""
        try
          loop
            call __aenter__
          c
        finally
          loop
            try
              if stack.enter_async_context(Lock())
                call __aexit__
            catch
        d
        def __aenter__
          a
        def __aexit__
          b
    """)


@pytest.mark.parametrize(
    ("exit_", "at_exit"),
    [
        ("    try:\n        yield name\n    finally:\n        await release()", "call release"),
        ("    yield name\n    await release()", "call release"),
        ("    yield name", ""),
    ],
)
def test_a_generator_that_a_loop_enters_is_split_at_its_yield(exit_: str, at_exit: str) -> None:
    manager = (
        "async def release():\n    await b()\n\n@contextlib.asynccontextmanager\nasync def lock(name):\n    await a()\n"
    )
    body = "for x in xs:\n    name = await stack.enter_async_context(lock(x))\nawait c()"
    after = text("""
        finally
          loop
            try
              if stack.enter_async_context(lock(x))
                call release
            catch
        d
        def release
          b
    """)
    protected = text("""
        try
          loop
            a
          c
    """)
    expected = f"{protected}\n{after}" if at_exit else "loop\n  a\nc\nd"
    workflow = workflow_of(f"{manager}{exit_}\n{_in_stack(body)}")
    assert workflow.complete
    assert graph_of(f"{manager}{exit_}\n{_in_stack(body)}") == expected


def test_handlers_that_raise_again_run_at_the_exit() -> None:
    manager = """
@contextlib.asynccontextmanager
async def lock(name):
    try:
        yield name
    except ValueError:
        await a()
        raise
    else:
        await b()
    finally:
        await c()
"""
    workflow = workflow_of(manager + _in_stack("for x in xs: await stack.enter_async_context(lock(x))\nawait d()"))
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        try
          d
        finally
          loop
            try
              if stack.enter_async_context(lock(x))
                switch exception
                | case ValueError
                  a
                | case no exception
                  b
                c
            catch
        d
    """)


@pytest.mark.parametrize(
    "exit_",
    [
        "    try:\n        yield\n    except ValueError:\n        pass",
        "    try:\n        yield\n    except ValueError:\n        if wanted: raise",
        "    self.release = b\n    yield\n    self.release = d",
        "    task = asyncio.create_task(b())\n    yield\n    await task",
        "    try:\n        await b()\n        yield\n    finally:\n        await d()",
        "    def get():\n        return release\n    yield get\n    release = b\n    await release()",
    ],
)
def test_a_generator_that_cannot_be_split_is_reported(exit_: str) -> None:
    manager = "@contextlib.asynccontextmanager\nasync def lock():\n    await a()\n"
    body = "if wanted:\n    await stack.enter_async_context(lock())\nawait c()"
    assert not workflow_of(f"{manager}{exit_}\n{_in_stack(body)}").complete


def test_a_step_that_the_second_half_of_a_generator_declares() -> None:
    manager = """
@contextlib.asynccontextmanager
async def lock():
    await a()
    yield
    @step.do("release")
    async def release():
        return 1
    await release()
"""
    body = "if wanted:\n    await stack.enter_async_context(lock())\nawait c()"
    assert graph_of(manager + _in_stack(body)) == text("""
        try
          if wanted
            a
          c
        finally
          if stack.enter_async_context(lock())
            release
        d
    """)


def test_a_swallowing_manager_in_a_branch_is_reported() -> None:
    body = "if wanted:\n    await stack.enter_async_context(Lock(wanted))\nawait c()"
    assert not workflow_of(MANAGER + _in_stack(body)).complete


def test_callbacks_of_a_helper_run_in_reverse_order() -> None:
    assert graph_of(f"""
async def open(step, undo, to):
    await step()
    to.push_async_callback(undo)

{_in_stack("await open(a, b, stack)")}
    """) == text("""
        try
          call open(a)
        finally
          if to.push_async_callback(undo)
            b
        d
        def open(a)
          a
    """)


def test_a_failing_callback_does_not_keep_others_from_running() -> None:
    body = "def defer(undo):\n    stack.push_async_callback(undo)\ndefer(a)\ndefer(b)\nawait c()"
    assert graph_of(_in_stack(body)) == text("""
        try
          c
        finally
          try
            if stack.push_async_callback(undo)
              b
          finally
            if stack.push_async_callback(undo)
              a
        d
    """)


def test_callbacks_of_a_loop_run_any_number_of_times() -> None:
    assert graph_of(_in_stack("for x in xs:\n    await a()\n    stack.push_async_callback(b)\nawait c()")) == text("""
        try
          loop
            a
          c
        finally
          loop
            try
              if stack.push_async_callback(b)
                b
            catch
        d
    """)


def test_callbacks_of_tasks_run_in_any_order() -> None:
    body = "async def go(undo):\n    await a()\n    stack.push_async_callback(undo)\nawait asyncio.gather(go(b), go(c))"
    assert "  loop\n    try\n      if stack.push_async_callback(undo)" in graph_of(_in_stack(body))


def test_a_conditional_callback_runs_in_reverse_order() -> None:
    body = "stack.push_async_callback(a)\nif wanted:\n    stack.push_async_callback(b)\nstack.push_async_callback(c)"
    assert graph_of(_in_stack(body)) == text("""
        try
          try
            finally
              c
          finally
            if stack.push_async_callback(b)
              b
        finally
          a
        d
    """)


@pytest.mark.parametrize(
    "body",
    [
        "for x in xs:\n    await stack.enter_async_context(manager(a))",
        "if wanted:\n    stack.push_async_exit(a)",
        "async def undo(*error):\n    await b()\n    return True\nif wanted:\n    stack.push_async_exit(undo)",
        "if wanted:\n    stack.push_async_callback(b)\nrest = stack.pop_all()",
        "await stack.enter_async_context(manager(a))\nstack.pop_all()",
        "def again():\n    stack.push_async_callback(a)\nif wanted:\n    stack.callback(again)",
    ],
)
def test_other_pushes_are_reported(body: str) -> None:
    assert not workflow_of(_in_stack(body)).complete


@pytest.mark.parametrize("pop", ["stack.pop_all()", "if wanted:\n    stack.pop_all()"])
def test_callbacks_that_a_block_may_discard(pop: str) -> None:
    body = _in_stack(f"stack.push_async_callback(b)\nawait a()\n{pop}")
    assert workflow_of(body).complete
    assert graph_of(body) == text("""
        try
          a
        finally
          if no stack.pop_all()
            b
        d
    """)


def test_callbacks_of_a_loop_that_a_block_may_discard() -> None:
    body = _in_stack("for x in xs:\n    await a()\n    stack.push_async_callback(b)\nstack.pop_all()")
    assert workflow_of(body).complete
    assert graph_of(body) == text("""
        try
          loop
            a
        finally
          if no stack.pop_all()
            loop
              try
                if stack.push_async_callback(b)
                  b
              catch
        d
    """)


def test_callbacks_without_steps_leave_the_block_as_it_is() -> None:
    assert graph_of(_in_stack("for x in xs:\n    stack.callback(print, x)\nawait a()")) == "a\nd"


UNDO = "async def undo(type, error, traceback):\n    await b()\n"


def test_an_exit_function_runs_at_the_exit() -> None:
    assert graph_of(_in_stack(f"{UNDO}stack.push_async_exit(undo)\nawait a()")) == text("""
        try
          a
        finally
          call undo
        d
        def undo
          b
    """)


def test_an_exit_function_may_swallow_errors() -> None:
    assert graph_of(_in_stack(f"{UNDO}    return error is None\nstack.push_async_exit(undo)\nawait a()")) == text("""
        try
          a
        catch
        finally
          call undo
        d
        def undo
          b
    """)


@pytest.mark.parametrize(
    "push", ["@stack.push_async_exit\n" + UNDO, UNDO + "if wanted:\n    stack.push_async_exit(undo)"]
)
def test_an_exit_function_that_a_branch_or_decorator_pushes(push: str) -> None:
    graph = graph_of(_in_stack(f"{push}\nawait a()"))
    assert graph.startswith("try\n  a\nfinally\n  if stack.push_async_exit")
    assert graph.endswith("    call undo\nd\ndef undo\n  b")


QUIET = """
class Quiet:
    def __enter__(self): ...
    def __exit__(self, *error):
        return True
"""


@pytest.mark.parametrize(
    "pushing",
    [
        "if lenient:\n    stack.enter_context(contextlib.suppress(ValueError))",
        f"{QUIET}if lenient:\n    stack.enter_context(Quiet())",
        "if lenient:\n    stack.push(lambda *error: True)",
    ],
)
def test_a_branch_that_makes_a_stack_swallow_errors_is_reported(pushing: str) -> None:
    assert codes_of(_in_stack(f"{pushing}\nawait a()\nawait b()")) == ["context-manager"]


def test_swallowed_errors_without_steps_are_not_reported() -> None:
    assert codes_of(_in_stack("if lenient:\n    stack.enter_context(contextlib.suppress(ValueError))\nparse()")) == []


def test_branches_push_different_callbacks() -> None:
    body = "if wanted:\n    stack.push_async_callback(b)\nelse:\n    stack.push_async_callback(c)\nawait a()"
    assert graph_of(_in_stack(body)) == text("""
        try
          a
        finally
          if stack.push_async_callback(b)
            if wanted
              b
            else
              c
        d
    """)


@pytest.mark.parametrize("manager", ["Session() if wanted else Lock()", "(Session, Lock)[wanted]()"])
def test_a_loop_enters_one_of_several_managers(manager: str) -> None:
    classes = "".join(
        f"class {name}:\n    async def __aenter__(self): ...\n"
        f"    async def __aexit__(self, *error):\n        await {close}()\n"
        for name, close in (("Session", "b"), ("Lock", "c"))
    )
    body = f"for each in items:\n    await stack.enter_async_context({manager})\nawait a()"
    graph = graph_of(classes + _in_stack(body))
    assert codes_of(classes + _in_stack(body)) == []
    assert "call Session.__aexit__" in graph
    assert "call Lock.__aexit__" in graph
