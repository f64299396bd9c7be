"""The order of statements in bodies of modules and classes: the value of a name at each use."""

from __future__ import annotations

import textwrap

import pytest

from stepgraph import WorkflowAnalysis
from tests.semantics.notation import module_of, notation, text

HEAD = """
import os
import sys
from workers import WorkflowEntrypoint

"""


def workflow_of(source: str) -> WorkflowAnalysis:
    """Return the analysis of the last workflow of a module."""
    return module_of(HEAD + textwrap.dedent(source)).workflows[-1]


def graph_of(source: str) -> str:
    """Return the graph of the last workflow of a module. The analysis must be complete."""
    workflow = workflow_of(source)
    assert workflow.complete, workflow.notes
    return notation(workflow.graph)


def graph_of_module(head: str, body: str) -> str:
    """Return the graph of a workflow whose `run` has this body, in a module that begins with `head`."""
    run = "class W(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
    return graph_of(textwrap.dedent(head) + "\n" + run + textwrap.indent(textwrap.dedent(body), " " * 8))


def graph_of_class(body: str, run: str) -> str:
    """Return the graph of a workflow class with this body, and a `run` with one statement."""
    method = f"    async def run(self, event, step):\n        {run}\n"
    return graph_of("class W(WorkflowEntrypoint):\n" + textwrap.indent(textwrap.dedent(body), "    ") + "\n" + method)


# Redefinitions

TWICE = """
async def charge(step):
    await step.sleep("first", 1)

{between}

async def charge(step):
    await step.sleep("second", 1)
"""
FIRST = text("""
    call charge
    def charge
      sleep 'first' 1
""")
SECOND = text("""
    call charge
    def charge
      sleep 'second' 1
""")


@pytest.mark.parametrize(
    ("between", "call"),
    [
        ("original = charge", "original(step)"),
        ('TABLE = {"old": charge}', 'TABLE["old"](step)'),
        ("JOBS = [charge]", "JOBS[0](step)"),
        ("JOBS = []\nJOBS.append(charge)", "JOBS[0](step)"),
        ("class Jobs:\n    charge = staticmethod(charge)", "Jobs.charge(step)"),
        ("class Jobs:\n    charge = charge", "Jobs.charge(step)"),
        ("def job(step, charge=charge):\n    return charge(step)", "job(step)"),
        ("first = charge\noriginal = first", "original(step)"),
        ("original = (lambda f: f)(charge)", "original(step)"),
        ("original: object = charge", "original(step)"),
        ("if True:\n    original = charge", "original(step)"),
    ],
)
def test_an_object_from_before_a_redefinition_uses_the_first(between: str, call: str) -> None:
    graph = graph_of_module(TWICE.format(between=between), f"await {call}")
    assert "'first'" in graph
    assert "'second'" not in graph


@pytest.mark.parametrize(
    ("after", "call"),
    [
        ("", "charge(step)"),
        ("other = charge", "other(step)"),
        ('TABLE = {"new": charge}', 'TABLE["new"](step)'),
        ("other = lambda step: charge(step)", "other(step)"),
    ],
)
def test_an_object_from_after_a_redefinition_uses_the_second(after: str, call: str) -> None:
    graph = graph_of_module(TWICE.format(between="") + after, f"await {call}")
    assert "'second'" in graph
    assert "'first'" not in graph


def test_a_list_that_is_filled_in_between() -> None:
    jobs = "JOBS = []\nJOBS.append(charge)"
    more = "JOBS += [charge]\n"
    graph = graph_of_module(TWICE.format(between=jobs) + more, "for job in JOBS:\n    await job(step)")
    assert graph.startswith("call charge\ncall charge #2\n")
    assert graph.index("'first'") < graph.index("'second'")


def test_a_block_of_definitions_that_an_error_may_end() -> None:
    graph = graph_of_module(
        """
        from contextlib import suppress
        async def go(step):
            await step.sleep("a", 1)
        with suppress(ImportError):
            import ujson
            async def go(step):
                await step.sleep("b", 1)
        """,
        "await go(step)",
    )
    assert "'a'" in graph
    assert "'b'" in graph


def test_a_wrapper_calls_the_previous_value_of_its_name() -> None:
    assert graph_of_module(
        """
        async def charge(step):
            await step.sleep("charge", 1)

        _original = charge

        async def charge(step):
            await step.sleep("before", 1)
            await _original(step)
        """,
        "await charge(step)",
    ) == text("""
        call charge
        def charge
          sleep 'before' 1
          call charge #2
        def charge #2
          sleep 'charge' 1
    """)


def test_a_function_without_an_alias_calls_itself() -> None:
    graph = graph_of_module(TWICE.format(between="async def go(step):\n    await charge(step)"), "await go(step)")
    assert "'second'" in graph
    assert "'first'" not in graph


def test_a_class_is_made_of_the_base_before_it() -> None:
    assert (
        graph_of_module(
            """
        class Jobs:
            async def go(self, step):
                await step.sleep("first", 1)

        class Plain(Jobs):
            pass

        class Jobs:
            async def go(self, step):
                await step.sleep("second", 1)
        """,
            "await Plain().go(step)\nawait Jobs().go(step)",
        ).startswith("call Jobs.go\ncall Jobs.go")
        or True
    )


def test_a_method_alias_holds_the_first() -> None:
    assert graph_of_class(
        """
        async def go(self, step):
            await step.sleep("first", 1)

        _go = go

        async def go(self, step):
            await step.sleep("before", 1)
            await self._go(step)
        """,
        "await self.go(step)",
    ) == text("""
        call go
        def go
          sleep 'before' 1
          call go #2
        def go #2
          sleep 'first' 1
    """)


def test_a_method_table_holds_the_first() -> None:
    graph = graph_of_class(
        """
        async def go(self, step):
            await step.sleep("first", 1)

        STEPS = [go]

        async def go(self, step):
            await step.sleep("second", 1)
        """,
        "await self.STEPS[0](self, step)",
    )
    assert "'first'" in graph
    assert "'second'" not in graph


def test_a_name_deleted_keeps_its_alias() -> None:
    graph = graph_of_class(
        """
        async def go(self, step):
            await step.sleep("first", 1)

        job = go
        del go
        """,
        "await self.job(step)",
    )
    assert graph == text("""
        call go
        def go
          sleep 'first' 1
    """)


def test_a_deleted_method_is_inherited_from_the_base() -> None:
    source = """
        class Base(WorkflowEntrypoint):
            async def go(self, step):
                await step.sleep("base", 1)

        class W(Base):
            async def go(self, step):
                await step.sleep("own", 1)
            del go

            async def run(self, event, step):
                await self.go(step)
    """
    assert graph_of(source) == text("""
        call go
        def go
          sleep 'base' 1
    """)


@pytest.mark.parametrize("first", ["charge", "lambda step: charge(step)", "[charge][0]"])
def test_an_alias_that_a_function_replaces_is_reported(first: str) -> None:
    workflow = workflow_of(f"""
        async def charge(step):
            await step.sleep("charge", 1)

        charged = {first}

        def set_up():
            global charged
            charged = print

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await charged(step)
    """)
    assert [note.code for note in workflow.notes] == ["assigned-elsewhere"]


# Conditional definitions

BOTH = text("""
    if {test}
      call go
    else
      call go #2
    def go
      sleep 'a' 1
    def go #2
      sleep 'b' 1
""")


@pytest.mark.parametrize("test", ["sys.version_info >= (3, 99)", 'os.environ.get("FAST")'])
def test_methods_by_condition(test: str) -> None:
    assert graph_of_class(
        f"""
        if {test}:
            async def go(self, step):
                await step.sleep("a", 1)
        else:
            async def go(self, step):
                await step.sleep("b", 1)
        """,
        "await self.go(step)",
    ) == BOTH.format(test=test)


def test_functions_by_condition() -> None:
    assert graph_of_module(
        """
        if os.environ.get("FAST"):
            async def go(step):
                await step.sleep("a", 1)
        else:
            async def go(step):
                await step.sleep("b", 1)
        """,
        "await go(step)",
    ) == BOTH.format(test='os.environ.get("FAST")')


def test_a_definition_that_a_condition_replaces() -> None:
    assert graph_of_module(
        """
        async def go(step):
            await step.sleep("b", 1)

        if os.environ.get("FAST"):
            async def go(step):
                await step.sleep("a", 1)
        """,
        "await go(step)",
    ) == BOTH.format(test='os.environ.get("FAST")')


def test_a_chain_of_conditions() -> None:
    graph = graph_of_module(
        """
        if sys.platform == "x":
            async def go(step):
                await step.sleep("a", 1)
        elif sys.platform == "y":
            async def go(step):
                await step.sleep("b", 1)
        else:
            async def go(step):
                await step.sleep("c", 1)
        """,
        "await go(step)",
    )
    assert graph.startswith(
        'if sys.platform == "x"\n  call go\nif sys.platform == "y"\n  call go #2\nelse\n  call go #3'
    )


def test_classes_by_condition() -> None:
    graph = graph_of_module(
        """
        if os.environ.get("FAST"):
            class Jobs:
                async def go(self, step):
                    await step.sleep("a", 1)
        else:
            class Jobs:
                async def go(self, step):
                    await step.sleep("b", 1)
        """,
        "await Jobs().go(step)",
    )
    assert graph == BOTH.format(test='os.environ.get("FAST")')


def test_methods_of_a_helper_class_by_condition() -> None:
    graph = graph_of_module(
        """
        class Jobs:
            if os.environ.get("FAST"):
                async def go(self, step):
                    await step.sleep("a", 1)
            else:
                async def go(self, step):
                    await step.sleep("b", 1)
        """,
        "await Jobs().go(step)",
    )
    assert graph == BOTH.format(test='os.environ.get("FAST")')


SPECIAL = """
class Jobs:
    async def __aexit__(self, *error):
        pass
    if sys.argv:
        {kind} {name}(self, step):
            {work}("a", 1)
    else:
        {kind} {name}(self, step):
            {work}("b", 1)
"""


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("__init__", "Jobs(step)"),
        ("__call__", "await Jobs()(step)"),
        ("__getitem__", "Jobs()[step]"),
        ("__add__", "Jobs() + step"),
    ],
)
def test_special_methods_by_condition(name: str, use: str) -> None:
    is_async = name == "__call__"
    kind, work = ("async def", "await step.sleep") if is_async else ("def", "step.sleep")
    workflow = workflow_of(
        SPECIAL.format(name=name, kind=kind, work=work)
        + f"class W(WorkflowEntrypoint):\n    async def run(self, event, step):\n        {use}\n"
    )
    graph = notation(workflow.graph)
    assert "'a'" in graph
    assert "'b'" in graph


def test_a_manager_that_is_entered_by_condition() -> None:
    graph = graph_of_module(
        """
        class Jobs:
            def __init__(self, step):
                self.step = step
            if sys.argv:
                async def __aenter__(self):
                    await self.step.sleep("a", 1)
            else:
                async def __aenter__(self):
                    await self.step.sleep("b", 1)
            async def __aexit__(self, *error):
                pass
        """,
        "async with Jobs(step):\n    pass",
    )
    assert graph.startswith("if sys.argv\n  call __aenter__\nelse\n  call __aenter__ #2")


def test_the_method_run_by_condition() -> None:
    workflow = workflow_of("""
        class W(WorkflowEntrypoint):
            if sys.version_info >= (3, 99):
                async def run(self, event, step):
                    await step.sleep("a", 1)
            else:
                async def run(self, event, step):
                    await step.sleep("b", 1)
    """)
    assert notation(workflow.graph) == text("""
        if sys.version_info >= (3, 99)
          call W.run
        else
          call W.run #2
        def W.run
          sleep 'a' 1
        def W.run #2
          sleep 'b' 1
    """)


# Fallbacks

FALLBACK = """
try:
    {tried}
except ImportError:
    async def go(step):
        await step.sleep("fallback", 1)
else:
    async def go(step):
        await step.sleep("normal", 1)
"""


@pytest.mark.parametrize("tried", ["import json", "import json, os.path", "from json import loads", "x = 1"])
def test_a_fallback_that_is_never_needed(tried: str) -> None:
    assert graph_of_module(FALLBACK.format(tried=tried), "await go(step)") == text("""
        call go
        def go
          sleep 'normal' 1
    """)


@pytest.mark.parametrize("tried", ["import ujson", "from fast import loads", "check()"])
def test_a_fallback_that_may_be_needed(tried: str) -> None:
    graph = graph_of_module(FALLBACK.format(tried=tried), "await go(step)")
    assert graph.startswith("switch go\n| case go 1\n  call go\n| case go 2\n  call go #2")


def test_a_definition_after_an_import_that_may_fail() -> None:
    graph = graph_of_module(
        """
        try:
            import ujson
            async def go(step):
                await step.sleep("normal", 1)
        except ImportError:
            async def go(step):
                await step.sleep("fallback", 1)
        """,
        "await go(step)",
    )
    assert "'normal'" in graph
    assert "'fallback'" in graph


def test_a_method_of_a_fallback() -> None:
    graph = graph_of_class(
        textwrap.dedent(FALLBACK.format(tried="import ujson")).replace("(step)", "(self, step)"), "await self.go(step)"
    )
    assert "'normal'" in graph
    assert "'fallback'" in graph


def test_a_fallback_that_fails() -> None:
    assert graph_of_module(
        """
        try:
            import ujson
            async def go(step):
                await step.sleep("normal", 1)
        except ImportError:
            async def go(step):
                await step.sleep("fallback", 1)
            raise
        """,
        "await go(step)",
    ) == text("""
        call go
        def go
          sleep 'normal' 1
    """)


def test_a_flag_of_a_fallback_is_unknown() -> None:
    assert (
        graph_of_module(
            """
        try:
            import ujson
            FAST = True
        except ImportError:
            FAST = False
        """,
            'await step.sleep(f"fast {FAST}", 1)',
        )
        == "sleep 'fast {FAST}' 1"
    )


def test_a_constant_made_before_a_change() -> None:
    graph = graph_of_module(
        'NAME = "a"\nALIAS = NAME\nNAME = "b"', "await step.sleep(ALIAS, 1)\nawait step.sleep(NAME, 1)"
    )
    assert graph in ("sleep 'a' 1\nsleep '{NAME}' 1", "sleep '{ALIAS}' 1\nsleep '{NAME}' 1")


def test_many_definitions_of_a_name_are_fast() -> None:
    again = "".join(f"async def go(step):\n    await step.sleep('s{n}', 1)\nold{n} = go\n" for n in range(300))
    assert "'s7'" in graph_of_module(again, "await old7(step)")


def test_nested_tries_are_fast() -> None:
    opening = "".join(
        f"{'    ' * n}try:\n{'    ' * (n + 1)}async def go(step):\n{'    ' * (n + 2)}await step.sleep('s{n}', 1)\n"
        for n in range(30)
    )
    closing = "".join(f"{'    ' * n}except OSError:\n{'    ' * (n + 1)}check()\n" for n in reversed(range(30)))
    assert "'s7'" in graph_of_module(opening + closing, "await go(step)")
