"""Definitions that a condition, or an exception, selects."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.body_order import graph_of_class, graph_of_module, workflow_of
from tests.semantics.notation import notation, text

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
