"""Collections of steps, which are unrolled if their elements and order are certain."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of

EITHER = """
loop
  switch fn
  | case a
    a
  | case b
    b
"""


@pytest.mark.parametrize(
    "definition",
    [
        "fns = {a, b}",
        "fns = [a, b]\nfns.sort()",
        "fns = [a, b][n:]",
        "fns = sorted([a, b])",
        "fns = [a]\nif x:\n    fns.append(b)",
        "fns = [a, b]\nfns.pop(n)",
        "fns = [a]\nfns.insert(n, b)",
        "fns = [a, b] * n",
        "fns = {a} | {b}",
        "fns = [a]\nfns[1:] = [b]",
    ],
    ids=[
        "a set",
        "sorted in place",
        "a slice",
        "sorted",
        "on some paths only",
        "taken from",
        "inserted",
        "repeated",
        "two sets",
        "put in by a slice",
    ],
)
def test_elements_of_unknown_order_or_number_are_a_loop(definition: str) -> None:
    assert graph_of(f"{definition}\nfor fn in fns:\n    await fn()\n") == text(EITHER)


@pytest.mark.parametrize(
    "statements",
    [
        "fns = [a, c, b][::2]",
        "fns = [a, b, c][:-1]",
        "fns = [a, b, c]\nfns.pop()",
        "fns = [c, a, b]\nfns.pop(0)",
        "fns = [c, a, b]\ndel fns[0]",
        "fns = [c]\nfns.clear()\nfns += [a, b]",
        "fns = reversed([b, a])",
        "fns: list = []\nfns.append(a)\nfns.append(b)",
    ],
    ids=[
        "steps of a slice",
        "an end of a slice",
        "the last taken",
        "the first taken",
        "the first deleted",
        "cleared",
        "reversed",
        "filled",
    ],
)
def test_the_rest_of_a_list_after_removals(statements: str) -> None:
    assert graph_of(f"{statements}\nfor fn in fns:\n    await fn()\n").splitlines() == ["a", "b"]


def test_a_choice_of_lists_is_a_choice_of_unrolled_loops() -> None:
    assert graph_of("""
        fns = [a, b]
        if x:
            fns = [c]
        for fn in fns:
            await fn()
    """) == text("""
        if x
          c
        else
          a
          b
    """)


def test_the_parts_of_a_choice_of_tuples_are_choices() -> None:
    assert graph_of("""
        fn, times = (a, 1) if x else (b, 2)
        await fn()
    """) == text("""
        if x
          a
        else
          b
    """)


def test_a_table_of_one_entry_is_a_switch() -> None:
    assert graph_of('await {"x": a}[kind]()') == text("""
        switch kind
        | case "x"
          a
    """)


def test_a_generator_expression_alternates_with_its_loop() -> None:
    assert graph_of("""
        async for value in (await a() for row in rows):
            await b()
        kept = [await c() async for value in (await d() for row in rows)]
    """) == text("""
        loop
          a
          b
        loop
          d
          c
    """)


def test_arguments_are_evaluated_in_the_order_of_python() -> None:
    assert graph_of("f(await a(), key=await b(), *[await c()])").split() == ["a", "c", "b"]


def test_the_target_of_an_augmented_assignment_is_evaluated_once() -> None:
    assert graph_of("rows[await a()] += await b()").split() == ["a", "b"]


def test_a_list_repeated_is_its_steps_repeated() -> None:
    assert graph_of("""
        for fn in [a, b] * 2:
            await fn()
    """).splitlines() == ["a", "b", "a", "b"]


def test_an_optional_member_of_a_gather_is_in_a_branch() -> None:
    assert graph_of("""
        coroutines = [a()]
        if x:
            coroutines.append(b())
        await asyncio.gather(*coroutines)
    """) == text("""
        parallel all
          a [1>2]
          if x
            b [1>2]
    """)


def test_a_comprehension_over_either_of_two_lists_of_objects() -> None:
    assert graph_of("""
        class Tool:
            def __init__(self, action):
                self.action = action

        async def invoke(tool):
            await tool.action()

        tools = [Tool(a)] if wanted else [Tool(b), Tool(c)]
        await asyncio.gather(*[invoke(tool) for tool in tools])
    """) == text("""
        parallel all
          loop
            call invoke [1>2]
        def invoke
          switch tool
          | case Tool 1
            a
          | case Tool 2
            b
          | case Tool 3
            c
    """)


def test_a_comprehension_over_either_of_two_lists_of_data() -> None:
    assert graph_of("""
        async def invoke(row):
            await a()

        rows = [{"id": 1}] if wanted else [{"id": 2}, {"id": 3}]
        await asyncio.gather(*[invoke(row) for row in rows])
    """) == text("""
        parallel all
          loop
            call invoke [1>2]
        def invoke
          a
    """)


def test_a_comprehension_over_either_of_two_lists() -> None:
    assert graph_of("""
        fns = [a, b] if x else [c]
        values = [await fn() for fn in fns]
    """) == text("""
        if x
          a
          b
        else
          c
    """)


def test_next_returns_the_first_element_of_a_new_iterator() -> None:
    assert graph_of("await next(iter([a, b]))()") == "a"


def test_elements_added_on_some_paths_may_be_missing() -> None:
    assert graph_of("""
        fns = [a] + ([b] if x else [])
        for fn in fns:
            await fn()
    """) == text(EITHER)


@pytest.mark.parametrize(
    "body",
    [
        "batch, todo = todo[:2], todo[2:]\n    await asyncio.gather(*batch)",
        "batch = todo[:2]\n    todo = todo[2:]\n    await asyncio.gather(*batch)",
    ],
)
def test_slices_taken_in_a_loop_are_any_elements(body: str) -> None:
    shown = graph_of(f"todo = [a(), b()]\nwhile todo:\n    {body}\n")

    assert "loop" in shown
    assert {"a", "b"} <= {line.split()[0] for line in shown.splitlines()}


def test_a_choice_of_lists_is_concatenated() -> None:
    assert graph_of("""
        fns = [a]
        if x:
            fns = [b]
        fns += [c]
        for fn in fns:
            await fn()
    """) == text("""
        if x
          b
          c
        else
          a
          c
    """)


@pytest.mark.parametrize(
    "lists",
    [
        "lists = {'m': [a], 'n': [a]}\nlists[x] += [b]",
        "lists = [[a], [a]]\nlists[x] += [b]",
        "first, second = [a], [a]\none = first if x else second\none += [b]\nlists = [first, second]",
        "one = [a]\nlists = [one]\nif x:\n    one = [a]\n    lists = [one]\none += [b]",
    ],
)
def test_one_of_several_lists_grows(lists: str) -> None:
    reads = "lists.values()" if "'m'" in lists else "lists"
    graph = graph_of(f"{lists}\nfor each in {reads}:\n    for fn in each:\n        await fn()")
    assert "switch fn" in graph or "switch each" in graph


def test_one_of_two_lists_grows() -> None:
    assert graph_of("""
        first, second = [a], [c]
        one = first if x else second
        one += [b]
        for fn in first:
            await fn()
    """) == text("""
        loop
          switch fn
          | case a
            a
          | case b
            b
    """)


def test_a_part_of_a_set_is_any_of_its_elements() -> None:
    assert graph_of("""
        first, second = {a, b}
        await first()
    """) == text("""
        switch first
        | case a
          a
        | case b
          b
    """)


def test_slices_of_lists_with_different_lengths() -> None:
    assert graph_of("""
        first, *rest = [a] if x else [b, c]
        for fn in rest:
            await fn()
    """) == text("""
        loop
          switch fn
          | case a
            a
          | case b
            b
          | case c
            c
    """)


def test_zip_with_a_list_of_unknown_length() -> None:
    assert graph_of("""
        many = [a for row in rows]
        for fn, other in zip(many, [b, c]):
            await fn()
            await other()
    """) == text("""
        loop
          a
          switch zip(many, [b, c])
          | case b
            b
          | case c
            c
    """)


def test_a_named_tuple_unpacks_in_the_order_of_its_fields() -> None:
    assert graph_of("""
        import typing

        class Pair(typing.NamedTuple):
            first: object
            second: object

        one, other = Pair(second=b, first=a)
        await one()
        await other()
    """).splitlines() == ["a", "b"]


@pytest.mark.parametrize(
    "change",
    ['table.update({"x": a})', 'table["x"] = a', 'table.setdefault("x", a)\ntable.setdefault("x", c)'],
)
def test_an_entry_is_the_one_that_was_set_last(change: str) -> None:
    assert graph_of(f'table = {{"y": b}}\n{change}\nawait table["x"]()\nawait table.pop("y")()\n').split() == ["a", "b"]


@pytest.mark.parametrize(
    "table",
    [
        "table = dict(x=a, y=b)",
        "table = {}\ntable.update(x=a, y=b)",
        "table = {name: fn for name, fn in [('x', a), ('y', b)]}",
        "table = {}\nfor name, fn in [('x', a), ('y', b)]:\n    table[name] = fn",
    ],
)
def test_keys_without_a_source_are_shown_as_constants(table: str) -> None:
    assert graph_of(f"{table}\nawait table[kind]()") == text("""
        switch kind
        | case "x"
          a
        | case "y"
          b
    """)


def test_a_key_is_shown_as_its_source() -> None:
    assert graph_of("KEY = 'x'\ntable = {KEY: a, 'y': b}\nawait table[kind]()") == text("""
        switch kind
        | case KEY
          a
        | case 'y'
          b
    """)


def test_an_entry_may_have_several_parts_in_its_key() -> None:
    assert graph_of('table = {("x", "y"): a}\nawait table["x", n]()') == text("""
        switch "x", n
        | case ("x", "y")
          a
    """)


def test_unknown_entries_of_a_dictionary_are_reported() -> None:
    workflow = workflow_of('table = {"x": a, **more}\nawait table[key]()')
    assert [note.code for note in workflow.notes] == ["unresolved-call"]
    assert not workflow.complete


def test_a_very_long_list_may_repeat_its_elements() -> None:
    assert graph_of("""
        fns = [a, b] * 60
        fns = fns * 60
        for fn in fns:
            await fn()
    """) == text(EITHER)


def test_a_failed_unpacking_runs_nothing() -> None:
    assert graph_of("await a()\nfirst, second = a if x else b\nawait first()") == "a"


def test_a_zip_of_unknown_values_is_a_loop() -> None:
    assert graph_of("for row, column in zip(rows, columns):\n    await a()") == "loop\n  a"


@pytest.mark.parametrize(
    ("assignment", "codes"),
    [
        ("Config.fns = [a, b]", ["assigned-elsewhere"]),
        ("setattr(Config, 'fns', (a, b))", ["assigned-elsewhere"]),
        ("Config.set(a, b)", []),
    ],
)
def test_a_collection_assigned_to_a_class(assignment: str, codes: list[str]) -> None:
    """An assignment to `cls` is followed where it runs, while one by the name of the class may be in other code."""
    workflow = workflow_of(f"""
        class Config:
            fns = []

            @classmethod
            def set(cls, *fns):
                cls.fns = fns

        {assignment}
        for fn in Config.fns:
            await fn()
    """)
    assert notation(workflow.graph) == "a\nb"
    assert [note.code for note in workflow.notes] == codes


@pytest.mark.parametrize(
    "iterable",
    [
        "x.get('items') or []",
        "x or y or ()",
        "enumerate(x or [])",
        "(x or {}).get('items', [])",
        "event['payload']['items'] or []",
        "([] if x else event['payload']['items'])",
    ],
)
def test_an_iterable_with_an_empty_default_has_one_loop(iterable: str) -> None:
    assert graph_of(f"[await a() for item in {iterable}]") == "loop\n  a"


def test_a_loop_over_the_items_of_a_default_dictionary() -> None:
    assert graph_of("for key, value in (x or {}).items():\n    await a()") == "loop\n  a"


@pytest.mark.parametrize("iterable", ["x or []", "(x if y else [])", "(event['payload']['items'] or ())"])
def test_map_over_an_iterable_with_an_empty_default(iterable: str) -> None:
    body = f"await asyncio.gather(*map(lambda item: a(), {iterable}))"
    assert graph_of(body) == "parallel all\n  loop\n    a [1>2]"


def test_unpacking_an_unknown_value_or_its_default() -> None:
    body = "first, rest = x or (None, [])\nfor item in rest:\n    await a()"
    assert graph_of(body) == "loop\n  a"


def test_joined_collections_contain_each_union_once() -> None:
    start = "task = asyncio.create_task(a()) if early else None\ntasks = []\ntasks.append(task)\n"
    workflow = workflow_of(start + "if wanted():\n    tasks.pop(number)\n" * 12)
    assert workflow.notes == ()


@pytest.mark.parametrize(
    ("first", "change"),
    [
        ("[a, b]", "items = items * 2"),
        ("[a, b]", "items = 2 * items"),
        ("{a}", "items = items | {b}"),
        ("{a, b}", "items = items - {row}"),
    ],
)
def test_operators_apply_to_collections_of_earlier_passes(first: str, change: str) -> None:
    workflow = workflow_of(f"items = {first}\nfor row in rows:\n    {change}\nfor f in items:\n    await f()\n")
    assert workflow.notes == ()


def test_merged_dictionaries_of_earlier_passes_have_all_entries() -> None:
    assert graph_of("""
        table = {"x": a}
        for row in rows:
            table = table | {row: b}
        for f in table.values():
            await f()
    """) == text("""
        switch table
        | case table 1
          a
        | case table 2
          loop
            switch f
            | case a
              a
            | case b
              b
    """)


def test_a_hook_collects_the_methods_of_a_subclass() -> None:
    workflow = workflow_of("""
        class Base:
            def __init_subclass__(cls):
                cls.stages = (cls.first, cls.second)

        class Job(Base):
            async def first(self):
                await a()
            async def second(self):
                await b()

        for stage in Job.stages:
            await stage(Job())
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        call first
        call second
        def first
          a
        def second
          b
    """)


def test_a_class_without_the_method_ends_its_path() -> None:
    workflow = workflow_of("""
        class Base: ...
        class Job(Base):
            async def go(self):
                await a()

        await {"base": Base, "job": Job}[kind].go(Job())
        await b()
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        switch kind
        | case "job"
          call go
        b
        def go
          a
    """)
