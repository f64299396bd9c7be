"""Branches: `if`, `match`, conditional expressions and other conditional evaluation."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text


def test_an_if_has_one_branch_per_clause() -> None:
    assert graph_of("""
        if x:
            await a()
        elif y:
            pass
        if z:
            await b()
        else:
            pass
    """) == text("""
        if x
          a
        if y
        if z
          b
        else
    """)


def test_an_elif_with_steps_in_its_test_is_nested_in_the_else() -> None:
    assert graph_of("""
        if x:
            await a()
        elif await b():
            await c()
        else:
            await d()
    """) == text("""
        if x
          a
        else
          b
          if await b()
            c
          else
            d
    """)


def test_an_elif_with_a_generator_expression_is_a_clause() -> None:
    """The iterator of the expression belongs to the test, so its writes affect no other clause."""
    assert graph_of("""
        if x:
            await a()
        elif any(row.open for row in rows):
            await b()
    """) == text("""
        if x
          a
        if any(row.open for row in rows)
          b
    """)


def test_a_literal_test_decides() -> None:
    assert graph_of("""
        if False:
            await a()
        elif not False:
            await b()
        if TYPE_CHECKING:
            await c()
        import typing
        if typing.TYPE_CHECKING:
            await c()
        x = await d() if True else await a()
        if False:
            await a()
        else:
            await b()
        x and False and await c()
        x and (True or await c())
    """).splitlines() == ["b", "d", "b"]


def test_a_literal_test_that_holds_is_the_last_clause() -> None:
    assert graph_of("""
        if x:
            await a()
        elif True:
            await b()
        else:
            await c()
    """) == text("""
        if x
          a
        else
          b
    """)


@pytest.mark.parametrize(
    ("expression", "graph"),
    [
        ("True and await a()", "a"),
        ("False or await a()", "a"),
        ("True and x and await a()", "if x\n  a"),
        ("True and await a() and await b()", "a\nif await a()\n  b"),
    ],
)
def test_a_literal_operand_decides(expression: str, graph: str) -> None:
    assert graph_of(expression) == graph


@pytest.mark.slow
def test_operands_after_one_with_steps_depend_on_it() -> None:
    assert graph_of("""
        x and y and await a() and await b()
        x or y or await c()
        (x and y) or await d()
    """) == text("""
        if x and y
          a
          if await a()
            b
        if not (x or y)
          c
        if not (x and y)
          d
    """)


@pytest.mark.parametrize(
    ("operands", "condition"),
    [
        ("x or", "not x"),
        ("x.ready or", "not x.ready"),
        ('x["k"] or', 'not x["k"]'),
        ("f(x) or", "not f(x)"),
        ("(x is None) or", "not (x is None)"),
        ("x == 1 or", "not (x == 1)"),
        ("not x or", "not (not x)"),
        ("x or y or", "not (x or y)"),
        ("x and y or", "not (x and y)"),
        ("x and y and", "x and y"),
        ("(x or y) and", "(x or y)"),
        ("x < 1 and (y or z) and", "x < 1 and (y or z)"),
    ],
)
def test_the_operands_before_a_step_are_its_condition(operands: str, condition: str) -> None:
    assert graph_of(f"{operands} await a()") == f"if {condition}\n  a"


def test_a_chained_comparison_is_conditional() -> None:
    assert graph_of("x < await a() < await b()") == text("""
        a
        if x < await a()
          b
    """)


def test_a_message_of_an_assertion_without_steps_is_nothing() -> None:
    assert graph_of("assert ready, describe(a)\nawait b()") == "b"


def test_an_assertion_message_is_evaluated_on_failure() -> None:
    assert graph_of("""
        assert ready, await a()
        await b()
    """) == text("""
        if not ready
          a
          return
        b
    """)


def test_a_match_is_a_switch_with_the_source_of_each_pattern() -> None:
    assert graph_of("""
        match await a():
            case 1 | 2:
                await b()
            case [x, *rest] if x > 3:
                await c()
            case _:
                pass
    """) == text("""
        a
        switch await a()
        | case 1 | 2
          b
        | case [x, *rest] if x > 3
          c
        | default
    """)


@pytest.mark.parametrize("pattern", ["order", "_", "(order)"])
def test_a_first_guard_after_a_capture_always_runs(pattern: str) -> None:
    assert graph_of(f"match event:\n    case {pattern} if await a():\n        await b()") == text(f"""
        a
        switch event
        | case {pattern} if await a()
          b
    """)


def test_a_conditional_callable_is_a_choice_at_its_call() -> None:
    assert graph_of("""
        fn = a if fast else b
        if slow:
            other = c
        else:
            other = d
        await fn()
        await other()
    """) == text("""
        if fast
          a
        else
          b
        if slow
          c
        else
          d
    """)


@pytest.mark.parametrize("call", ["random.choice([a, b])", "max(a, b, key=rank)", "[a, b].pop(n)"])
def test_a_variable_of_several_steps_is_a_switch_on_its_name(call: str) -> None:
    assert graph_of(f"import random\nfn = {call}\nawait c()\nawait fn()") == text("""
        c
        switch fn
        | case a
          a
        | case b
          b
    """)


@pytest.mark.parametrize(
    "loop",
    [
        'for name, fn in [("x", a), ("y", b)]:',
        'for fn, (name, n) in [(a, ("x", 1)), (b, ("y", 2))]:',
        'for name, fn in {"x": a, "y": b}.items():',
        "for n, fn in enumerate([a, b]):",
        "for row, fn in zip(rows, [a, b]):",
    ],
)
def test_an_unpacked_loop_variable_is_a_switch_on_its_name(loop: str) -> None:
    assert graph_of(f"{loop}\n    if await fn():\n        break") == text("""
        loop
          switch fn
          | case a
            a
          | case b
            b
          if await fn()
            break
    """)


def test_an_unpacked_choice_is_a_switch_on_its_name() -> None:
    assert graph_of('import random\nname, fn = random.choice([("x", a), ("y", b)])\nawait fn()') == text("""
        switch fn
        | case a
          a
        | case b
          b
    """)


def test_an_unpacked_entry_of_a_table_is_a_switch_on_its_key() -> None:
    assert graph_of('table = {"x": (a, 1), "y": (b, 2)}\nfn, n = table[kind]\nawait fn()') == text("""
        switch kind
        | case "x"
          a
        | case "y"
          b
    """)


def test_a_call_of_one_of_several_results_is_a_switch() -> None:
    assert graph_of("import random\nawait random.choice([a, b])()") == text("""
        switch random.choice([a, b])
        | case a
          a
        | case b
          b
    """)


def test_a_result_returned_by_a_handler_is_the_first_branch() -> None:
    assert graph_of("""
        def choose():
            try:
                return [a][event]
            except IndexError:
                return b
        await choose()()
    """) == text("""
        if IndexError
          b
        else
          a
    """)


def test_results_of_a_match_are_a_switch_on_its_subject() -> None:
    assert graph_of("""
        def choose(kind):
            match kind:
                case "x":
                    return a
                case "y" | "z":
                    return b
            return c
        await choose(event)()
    """) == text("""
        switch kind
        | case "x"
          a
        | case "y" | "z"
          b
        | default
          c
    """)


def test_mixed_results_of_a_match_are_a_switch_on_the_call() -> None:
    assert graph_of("""
        def choose(kind):
            match kind:
                case "x":
                    if fast:
                        return a
                    return b
                case "y":
                    return c
        await choose(event)()
    """) == text("""
        switch choose()
        | case a
          a
        | case b
          b
        | case c
          c
        | case None
    """)


def test_results_without_conditions_are_a_switch_on_the_call() -> None:
    assert graph_of("""
        def choose():
            for row in event:
                return a
            return b
        await choose()()
    """) == text("""
        switch choose()
        | case a
          a
        | case b
          b
    """)


def test_a_table_of_steps_is_a_switch_on_its_key() -> None:
    assert graph_of("""
        table = {"x": a, "y": b}
        await table[kind]()
        await table.get(other, c)()
    """) == text("""
        switch kind
        | case "x"
          a
        | case "y"
          b
        switch other
        | case "x"
          a
        | case "y"
          b
        | default
          c
    """)


def test_unreachable_code_is_omitted() -> None:
    assert graph_of("""
        if x:
            return await a()
        else:
            raise ValueError
        await b()
    """) == text("""
        if x
          a
        else
    """)


def test_a_return_that_skips_nothing_is_not_shown() -> None:
    assert graph_of("""
        if x:
            await a()
            return
        await b()
        if y:
            await c()
            return
    """) == text("""
        if x
          a
          return
        b
        if y
          c
    """)


def test_a_dict_pattern_matches_any_dictionary() -> None:
    assert graph_of("""
        match event["payload"]:
            case {"id": _, **rest}:
                await a()
            case dict():
                await b()
    """) == text("""
        switch event["payload"]
        | case {"id": _, **rest}
          a
        | case dict()
          b
    """)


def test_the_default_of_getattr_replaces_an_attribute_of_none() -> None:
    graph = graph_of("""
        class Job:
            def __init__(self):
                self.act = b

        job = Job() if x else None
        await getattr(job, "act", a)()
    """)
    assert {"a", "b"} <= set(graph.split())


JOBS = """
class Job:
    def __init__(self, act):
        self.act = act

class Other(Job):
    pass

"""


def conditions_of(body: str) -> list[str]:
    return [line.strip() for line in graph_of(JOBS + body).splitlines() if line.strip().startswith("|")]


def test_objects_of_one_class_have_numbers() -> None:
    body = (
        "done = []\nfor job in (Job(a), Job(b), Other(c)):\n    done.append(job)\nfor job in done:\n    await job.act()"
    )
    assert conditions_of(body) == ["| case Job 1", "| case Job 2", "| case Other"]


def test_unpacked_objects_have_the_names_of_their_classes() -> None:
    body = "table = {}\nfor key, job in ((1, Job(a)), (2, Other(b))):\n    table[key] = job\n"
    loop = "for key, job in sorted(table.items()):\n    await job.act()"
    assert conditions_of(body + loop) == ["| case Job", "| case Other"]
