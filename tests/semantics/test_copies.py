"""Copies of collections and objects, in-place operators, and collections of a limited size."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of, text, workflow_of

EITHER = """
loop
  switch fn
  | case a
    a
  | case b
    b
"""


@pytest.mark.parametrize(
    ("collection", "operator", "graph"),
    [
        ("(a,)", "+= (b,)", "a"),
        ("(a,)", "*= 2", "a"),
        ("[a]", "+= [b]", "a\nb"),
        ("[a, b]", "*= 2", "a\nb\na\nb"),
        ("[a]", "*= 0", ""),
    ],
)
def test_an_in_place_operator_changes_lists_and_copies_tuples(collection: str, operator: str, graph: str) -> None:
    body = f"fns = {collection}\nalias = fns\nalias {operator}\nfor fn in fns: await fn()\nawait d()"
    assert graph_of(body).removesuffix("d").strip() == graph


def test_a_tuple_has_the_elements_that_an_operator_adds() -> None:
    assert graph_of("fns = (a,)\nfns += (b,)\nfns *= 2\nfor fn in fns: await fn()") == "a\nb\na\nb"


def test_an_in_place_operator_copies_a_choice_of_tuples() -> None:
    assert (
        graph_of("""
        base = (a,)
        fns = base if x else (c,)
        fns += (b,)
        for fn in base:
            await fn()
        await c()
    """)
        == "a\nc"
    )


@pytest.mark.parametrize("operator", ["^= {b}", "^= {a, b}"])
def test_a_symmetric_difference_may_have_any_element(operator: str) -> None:
    assert graph_of(f"fns = {{a}}\nfns {operator}\nfor fn in fns: await fn()") == text(EITHER)


@pytest.mark.parametrize(
    ("arguments", "change", "graph"),
    [
        ("[a, b], maxlen=2", "fns.append(c)", "b\nc"),
        ("[a, b], 2", "fns.extend([c, d])", "c\nd"),
        ("[a, b, c], maxlen=2", "pass", "b\nc"),
        ("maxlen=1", "fns += [a, b]", "b"),
        ("[a], maxlen=None", "fns.append(b)", "a\nb"),
        ("[a], maxlen=2", "fns = fns.copy()\nfns.extend([b, c])", "b\nc"),
    ],
)
def test_a_deque_drops_its_first_elements_above_maxlen(arguments: str, change: str, graph: str) -> None:
    body = f"from collections import deque\nfns = deque({arguments})\n{change}\nfor fn in fns: await fn()"
    assert graph_of(body) == graph


def test_a_deque_of_unknown_size_may_lack_any_element() -> None:
    assert graph_of("""
        from collections import deque
        fns = deque([a], maxlen=n)
        if x:
            fns.append(b)
        for fn in fns:
            await fn()
    """) == text(EITHER)


DEEP = """
import copy
class Plan:
    def __init__(self):
        self.fns = [a]
    def run(self):
        return self.fns[0]
"""


@pytest.mark.parametrize(
    ("collection", "inner"),
    [('{"x": [a]}', '["x"]'), ("[[a]]", "[0]"), ("([a],)", "[0]"), ("Plan()", ".fns"), ("[Plan()]", "[0].fns")],
)
def test_a_deep_copy_shares_no_collection(collection: str, inner: str) -> None:
    body = f"one = {collection}\ntwo = copy.deepcopy(one)\ntwo{inner}.append(b)\n"
    assert graph_of(f"{DEEP}{body}for fn in one{inner}: await fn()") == "a"
    assert graph_of(f"{DEEP}{body}for fn in two{inner}: await fn()") == "a\nb"


def test_a_deep_copy_keeps_sharing_inside() -> None:
    body = "inner = [a]\none, two = copy.deepcopy([inner, inner])\none.append(b)\nfor fn in two: await fn()"
    assert graph_of(DEEP + body) == "a\nb"


def test_a_deep_copy_of_a_method_has_a_copied_object() -> None:
    body = "plan = Plan()\nrun = copy.deepcopy(plan.run)\nplan.fns[0] = b\nawait run()()"
    assert graph_of(DEEP + body) == "a"


@pytest.mark.parametrize("arguments", ["fns", "fns=fns"])
def test_a_deep_copy_of_a_partial_function_has_its_own_arguments(arguments: str) -> None:
    body = "async def run(fns):\n    await fns[0]()\nfns = [a]\n"
    graph = graph_of(f"{DEEP}{body}job = copy.deepcopy(functools.partial(run, {arguments}))\nfns[0] = b\nawait job()")
    assert "  a" in graph.splitlines()


@pytest.mark.slow
def test_a_deep_copy_of_a_cycle_is_followed() -> None:
    assert graph_of(f"{DEEP}plan = Plan()\nplan.me = plan\nother = copy.deepcopy(plan)\nawait other.me.fns[0]()") == "a"


@pytest.mark.parametrize(
    "use",
    [
        "for fn in Stage(a)._asdict().values(): await fn()",
        "x, y = Stage(a)\nawait x()\nawait y()",
        "for fn in list(Stage(a)): await fn()",
    ],
)
def test_a_named_tuple_has_its_default_fields(use: str) -> None:
    body = "from typing import NamedTuple\nclass Stage(NamedTuple):\n    do: object\n    undo: object = b\n"
    assert graph_of(body + use) == "a\nb"


def test_getattr_with_a_default_calls_a_lookup_hook() -> None:
    assert graph_of("""
        class Proxy:
            def __getattr__(self, name):
                return a
        await getattr(Proxy(), "charge", b)()
    """) == text("""
        switch getattr(Proxy(), "charge", b)
        | case a
          a
        | case b
          b
    """)


@pytest.mark.parametrize(
    "attributes",
    [
        "{**self.__dict__, **changes}",
        "{**vars(self), **changes}",
        "dict(self.__dict__, **changes)",
        "self.__dict__ | changes",
        "{**self.__dict__.copy(), **changes}",
    ],
)
def test_an_object_created_from_the_attributes_of_another(attributes: str) -> None:
    body = f"""
        class Runner:
            def __init__(self, first, then=None):
                self.first, self.then = first, then

            def clone(self, **changes):
                return type(self)(**({attributes}))

        runner = Runner(a, b)
        clone = runner.clone(then=c)
        runner.first = d
        await clone.first()
        await clone.then()
        await runner.clone().then()
        await runner.first()
    """
    assert workflow_of(body).complete
    assert graph_of(body) == "a\nc\nb\nd"


def test_unpacked_attributes_of_some_paths_may_be_missing() -> None:
    body = """
        class Runner:
            def __init__(self, first=c):
                self.run = first

        runner = Runner(a)
        await runner.run()
        if event["payload"]["fast"]:
            runner.first = b
        del runner.run
        await Runner(**runner.__dict__).run()
    """
    assert workflow_of(body).complete
    assert set(graph_of(body).split()) >= {"a", "b", "c"}


@pytest.mark.parametrize("copied", ["copy.copy(Job(a))", "copy.deepcopy(Job(a))"])
def test_a_class_may_define_its_copies(copied: str) -> None:
    source = """
        import copy

        class Job:
            def __init__(self, fn):
                self.fn = fn

            def __copy__(self):
                return Job(b)

            def __deepcopy__(self, memo):
                return Job(b)

    """
    assert graph_of(f"{textwrap.dedent(source)}await {copied}.fn()") == "b"
