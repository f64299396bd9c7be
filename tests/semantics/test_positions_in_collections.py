"""Elements taken from collections whose elements may be missing or moved."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text, workflow_of


@pytest.mark.parametrize("change", ["steps.insert(0, b)", "steps.append(b)\nsteps.reverse()"])
def test_a_copy_of_a_list_has_its_unknown_order(change: str) -> None:
    graph = graph_of(f"steps = [a]\n{change}\ncopy = steps.copy()\nawait copy[0]()")
    assert {"a", "b"} <= set(graph.split())


def test_optional_keys_are_optional_in_a_list_of_keys() -> None:
    body = "table = {}\nif event:\n    table[a] = 1\nfor key in table.keys():\n    await key()"
    assert graph_of(body).startswith("loop")


def test_missing_elements_shift_the_targets_of_unpacking() -> None:
    body = "todo = []\nif event:\n    todo.append(a)\ntodo.append(b)\nfirst, *rest = todo\nawait first()"
    assert {"a", "b"} <= set(graph_of(body).split())


ITERABLES = ["(each for each in [a, b])", "{a: 1, b: 2}", "Pair()", "[a, b] if event else (each for each in [c, b])"]


@pytest.mark.parametrize("iterable", ITERABLES)
def test_an_iterable_is_unpacked_in_its_order(iterable: str) -> None:
    pair = "class Pair:\n    def __iter__(self):\n        return iter([a, b])\n"
    assert graph_of(f"{pair}first, second = {iterable}\nawait second()") == "b"


def test_the_unpacked_keys_of_either_dictionary_are_a_choice() -> None:
    assert graph_of("first, second = [a, b] if event else {c: 1, d: 2}\nawait first()") == text("""
        if event
          a
        else
          c
    """)


UNORDERED_COPIES = [
    "todo = [c, *parts]",
    "todo = [c] + parts",
    "todo = parts * 2",
    "todo = [c]\ntodo.extend(parts)",
    "todo = [c]\ntodo += parts",
    "todo = (lambda *given: given)(*parts)",
    "todo = functools.partial(lambda *given: given, *parts)()",
]


@pytest.mark.parametrize("statement", UNORDERED_COPIES)
def test_copied_elements_have_their_unknown_order(statement: str) -> None:
    body = f"parts = sorted([a, b], key=id)\n{statement}\nfor each in todo:\n    await each()"
    assert graph_of(body).startswith("loop")


def test_copied_elements_of_either_list_have_an_unknown_order() -> None:
    body = "todo = [*(sorted([a, b], key=id) if event else [c, d])]\nfor each in todo:\n    await each()"
    assert graph_of(body).startswith("loop")


def test_the_elements_of_a_set_are_arguments_in_any_order() -> None:
    assert graph_of("async def run_first(one, other):\n    await one()\nawait run_first(*{a, b})") == text("""
        call run_first
        def run_first
          switch one
          | case a
            a
          | case b
            b
    """)


def test_an_iterator_of_either_set_may_begin_with_any_element() -> None:
    graph = graph_of("rest = iter({a, b} if event else {c, d})\nnext(rest)\nfor each in rest:\n    await each()")
    assert {"loop", "a", "b", "c", "d"} <= set(graph.split())


@pytest.mark.parametrize("value", ["(each for each in [a, b])", "[a] if event else {b: 1}"])
def test_any_iterable_replaces_a_slice(value: str) -> None:
    graph = graph_of(f"todo = [c]\ntodo[:0] = {value}\nfor each in todo:\n    await each()")
    assert {"a", "b", "c"} <= set(graph.split())


@pytest.mark.parametrize("removal", ["table.pop('x')", "del table['x']"])
def test_a_removed_key_is_gone(removal: str) -> None:
    assert graph_of(f"table = {{'x': a, 'y': b}}\n{removal}\nfor one in table.values():\n    await one()") == "b"


def test_a_key_removed_by_an_unknown_name_may_be_any() -> None:
    body = "table = {'x': a, 'y': b}\ndel table[event]\nawait table['x']()"
    assert workflow_of(body).complete
    assert "a" in graph_of(body).split()


def test_keyword_arguments_of_a_defaultdict_are_entries() -> None:
    assert graph_of("from collections import defaultdict\nawait defaultdict(x=b)['x']()") == "b"


def test_deleting_an_element_calls_the_special_method() -> None:
    body = """
    class Queue:
        def __delitem__(self, key):
            self.task = asyncio.create_task(key())
    queue = Queue()
    del queue[a]
    await queue.task
    """
    assert "a" in graph_of(body)


def test_an_assignment_to_either_dictionary_reaches_both() -> None:
    body = (
        "one, two = {}, {}\ntable = one if event else two\ntable['x'] = a\nfor step in one.values():\n    await step()"
    )
    assert "a" in graph_of(body)
    assert workflow_of(body).complete


def test_a_step_appended_twice_on_one_branch_may_run_twice() -> None:
    body = "todo = []\nif event:\n    todo.extend([a, a])\nfor one in todo:\n    await one()"
    assert graph_of(body).split() == ["loop", "a"]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("p, q = Holder", "the step 'a' is unpacked, which stepgraph does not model."),
        ("xs = [*Holder]", "the step 'a' is iterated over, which stepgraph does not model."),
        ("xs = []\nxs.extend(Holder)", "the step 'a' is iterated over, which stepgraph does not model."),
    ],
)
def test_a_class_that_its_metaclass_makes_iterable_is_noted(statement: str, message: str) -> None:
    meta = "class Meta(type):\n    def __iter__(cls):\n        return iter(cls.items)\n"
    holder = "class Holder(metaclass=Meta):\n    items = (a, a)\n"
    (note,) = workflow_of(f"{meta}{holder}{statement}\nawait a()").notes
    assert note.incomplete
    assert note.message.startswith(message)


ONE_OF_BOTH = text("""
    loop
      switch fn
      | case a
        a
      | case b
        b
""")
MAKE = "def make(*fns):\n    return [fn for fn in fns]\n"


@pytest.mark.parametrize(
    "body",
    [
        "fns = [a, b]\nif event:\n    fns[:] = reversed(fns)",
        "fns = [a, b]\nfor _ in event:\n    fns[:] = fns[1:] + fns[:1]",
        f"{MAKE}fns = make(a, b)\nif event:\n    pass\nelse:\n    fns[:] = make(b, a)",
    ],
)
def test_an_order_that_depends_on_the_path_is_unknown(body: str) -> None:
    assert sorted(graph_of(f"{body}\nfor fn in fns:\n    await fn()").split()) == sorted(ONE_OF_BOTH.split())


def test_equal_positions_on_all_paths_are_known() -> None:
    body = "fns = [a, b]\nif event:\n    fns[:] = [*fns]\nfor fn in fns:\n    await fn()"
    assert graph_of(body) == "a\nb"


def test_a_loop_that_replaces_all_elements_has_a_fixpoint() -> None:
    body = "xs = []\nfor x in event:\n    xs.append(x)\n    xs.sort()\n    xs[:] = [x for x in xs if x]\n    await a()"
    assert workflow_of(body).complete


def test_a_repeated_element_has_all_its_positions() -> None:
    assert graph_of("todo = [a, b, a]\nawait todo[event]()") == text("""
        switch event
        | case 0 | 2
          a
        | case 1
          b
    """)


UNKNOWN_POSITIONS = [
    "todo = []\nfor row in rows:\n    todo.append(a)\ntodo.append(b)",
    "todo = [b]\nif rows:\n    todo.insert(0, a)",
    "todo = [a, b] * len(rows)",
    "todo = sorted([a, b], key=rows)",
]


@pytest.mark.parametrize("make", UNKNOWN_POSITIONS)
def test_elements_at_unknown_positions_have_their_names(make: str) -> None:
    switch = graph_of(f"{make}\nawait todo[event]()").splitlines()
    assert switch[0] == "switch todo[event]"
    assert sorted(line for line in switch if line.startswith("|")) == ["| case a", "| case b"]


def test_a_choice_at_a_position_is_nested() -> None:
    assert graph_of("todo = [a, b if rows else a]\nawait todo[event]()") == text("""
        switch event
        | case 0
          a
        | case 1
          if rows
            b
          else
            a
    """)
