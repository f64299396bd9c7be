"""Classes in `run` whose methods use the step object without an attribute that holds it."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of

LOCAL_CLASS = """
class Job:
    async def go(self, *args):
        await a()
"""


@pytest.mark.parametrize(
    "use",
    [
        "plugin(Job)",
        "plugin(Job())",
        "plugin([Job])",
        "plugin({'job': Job})",
        "plugin.hook = Job",
        "plugin(functools.partial(Job))",
        "plugin(lambda: Job())",
        "asyncio.create_task(b()).add_done_callback(Job())",
        "sum([Job()])",
        "await anext(Job())",
        "@plugin.register\nclass Other(Job): ...",
    ],
)
def test_local_class_that_escapes(use: str) -> None:
    assert codes_of(f"import plugin{LOCAL_CLASS}{use}\nawait b()") == ["escapes"]


def test_local_class_without_steps_that_escapes() -> None:
    assert codes_of("import plugin\nclass Job:\n    def go(self): ...\nplugin(Job())\nawait b()") == []


@pytest.mark.parametrize("call", ["await Flow().start()", "Flow().visit(event)"])
def test_inherited_method_that_may_call_an_override(call: str) -> None:
    body = "import plugin\nclass Flow(plugin.Base):\n    async def go(self): await a()\n"
    assert codes_of(f"{body}{call}\nawait b()") == ["unresolved-call"]


def test_method_of_a_user_dict_that_calls_an_override() -> None:
    assert codes_of("""
        import collections
        class Table(collections.UserDict):
            def __setitem__(self, key, value):
                step.sleep("set", 1)
                super().__setitem__(key, value)
        table = Table()
        table.update(key=1)
        await a()
    """) == ["escapes"]


def test_lambda_that_an_inherited_method_may_call() -> None:
    body = "import plugin\nclass Flow(plugin.Base):\n    go = lambda self: a()\n"
    assert codes_of(f"{body}await Flow().start()\nawait b()") == ["unresolved-await", "unresolved-call"]


LAMBDA_METHODS = "    __enter__ = lambda self: self\n    __exit__ = lambda *error: None\n"


@pytest.mark.parametrize(
    "code",
    [
        "import plugin\nclass Flow(plugin.Base):\n    go = lambda self: 1\nFlow().start()",
        "class Meta(type):\n    __new__ = lambda *args: type.__new__(*args)\nclass Flow(metaclass=Meta): ...",
        f"import contextlib\nclass Span(contextlib.ContextDecorator):\n{LAMBDA_METHODS}@Span()\ndef log(): ...\nlog()",
    ],
)
def test_lambda_without_steps_in_a_class(code: str) -> None:
    assert codes_of(f"{code}\nawait b()") == []


def test_lambda_of_a_metaclass_that_starts_a_step() -> None:
    body = "class Meta(type):\n    __new__ = lambda *args: step.sleep('nap', 1)\nclass Flow(metaclass=Meta): ...\n"
    assert codes_of(f"{body}await b()") == ["escapes"]


def test_own_method_of_a_class_with_an_external_base() -> None:
    assert (
        codes_of("""
        import plugin
        class Flow(plugin.Base):
            async def go(self): await a()
        await Flow().go()
    """)
        == []
    )


@pytest.mark.parametrize(
    "use",
    [
        "class Flow(plugin.Base, hook=job): ...",
        "job in plugin.jobs",
        "plugin.first < job",
        "plugin.jobs[job]",
        "f'{plugin.x:{job}}'",
    ],
)
def test_function_that_an_operation_of_external_code_receives(use: str) -> None:
    assert codes_of(f"import plugin\nasync def job(): await a()\n{use}\nawait b()") == ["escapes"]


def test_step_in_the_instance_check_of_a_metaclass() -> None:
    assert codes_of("""
        class Kind(type):
            def __instancecheck__(cls, value):
                step.sleep("check", 1)
                return True
        class Job(metaclass=Kind): ...
        if isinstance(event, Job):
            await a()
    """) == ["escapes"]


@pytest.mark.parametrize(
    "use", ["zip(Rows())", "map(str, Rows())", "list(enumerate(Rows()))", "iter(Rows())", "isinstance(1, Checked)"]
)
def test_special_methods_with_effects_that_library_functions_run(use: str) -> None:
    assert "escapes" in codes_of(f"""
        class Rows:
            def __iter__(self):
                fns[0] = b
                return iter(())

        class Kind(type):
            def __instancecheck__(cls, value):
                fns[0] = b
                return True
        class Checked(metaclass=Kind): ...

        fns = [a]
        {use}
        await fns[0]()
    """)


@pytest.mark.parametrize("body", ["return iter((1, 2))", "yield 1"])
def test_special_methods_without_effects_in_library_calls(body: str) -> None:
    assert (
        codes_of(f"""
        class Rows:
            def __iter__(self):
                {body}

        for index, row in enumerate(Rows()):
            await a()
    """)
        == []
    )


def test_steps_in_an_iterator_that_nothing_uses() -> None:
    assert "escapes" in codes_of("""
        class Rows:
            def __iter__(self):
                step.sleep("nap", 1)
                return iter(())

        zip(Rows())
        await a()
    """)
