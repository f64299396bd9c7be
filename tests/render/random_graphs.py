"""Random graphs: nodes of every type in every position, with plausible and absurd clocks and names."""

from __future__ import annotations

from functools import cache
from typing import TypeVar, cast

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from stepgraph.model.payload import Block, Branch, FunctionDef, Graph, Node, Shape
from stepgraph.model.vocabulary import StepType
from stepgraph.model.walk import STEP_TYPES
from tests.render.graphs import DEFAULTS, LEAVE, LEAVE_LOOP, block, branch, either, function, graph, loop, switch

DEEPEST = 5
FUNCTIONS = ("notify", "retry(charge)", "Order.pay", "itself")
NOT_THERE = "elsewhere"
NAMES = (
    "a",
    "load order",
    "load order",
    "charge {order.id:>4}",
    "発注を確認して、支払いを待つ",
    "</text><script>alert(1)</script>",
    "invoice\u202efdp.exe",
    "first\nsecond\x1b[2J",
    "&lt;&amp;'\"",
    "",
    " ",
    "w" * 70,
    "a name of many words that takes more than one line however wide a box may be " * 4,
    "e\u0301\u200dx",
    "lone \ud800 surrogate",
)

Value = TypeVar("Value")


def by_lot(*strategies: SearchStrategy[Value]) -> SearchStrategy[Value]:
    """Return a strategy that chooses among strategies with equal probability.

    `one_of` would flatten nested choices instead.
    """
    return st.sampled_from(strategies).flatmap(lambda chosen: chosen)


names = st.one_of(st.sampled_from(NAMES), st.text(max_size=12))
moments = st.integers(0, 6)
durations = st.sampled_from([0, 1500, 300000, -1, 2.5, "1 day", "{pause}"])
shapes: SearchStrategy[Shape] = st.sampled_from(
    cast(
        "list[Shape]",
        [
            {"type": "unknown"},
            {"type": "object", "fields": {}},
            {"type": "object", "fields": {"order": {"type": "object", "fields": {"é </x>": {"type": "unknown"}}}}},
        ],
    )
)
configs = st.sampled_from(
    [
        DEFAULTS,
        {"retries": {"limit": 0, "delay": "{delay}", "backoff": "constant"}, "timeout": 90000},
        {"retries": {"limit": 1, "delay": 0, "backoff": "<b>"}, "timeout": "a very long time " * 20},
    ]
)

no_clocks: SearchStrategy[dict[str, object]] = st.just({})
likely_clocks = st.builds(
    lambda starts, length: {"starts": starts, "resolves": starts + length} if length else {"starts": starts},
    moments,
    st.integers(0, 3),
)
unlikely_clocks = st.one_of(
    st.builds(lambda starts, resolves: {"starts": starts, "resolves": resolves}, moments, moments),
    st.builds(lambda resolves: {"resolves": resolves}, moments),
    st.just({"starts": 1.5, "resolves": 1e30}),
    st.just({"starts": -2}),
)
any_clocks = by_lot(no_clocks, *[likely_clocks] * 4, unlikely_clocks)
few_clocks = by_lot(*[no_clocks] * 9, any_clocks)


@cache
def steps(depth: int, clocks: SearchStrategy[dict[str, object]]) -> SearchStrategy[Node]:
    """Return steps of all types, and calls."""
    fields: list[dict[str, SearchStrategy[object]]] = [
        *(
            {"type": st.just(step_type), "name": names, **others}
            for step_type in STEP_TYPES
            for others in _fields_of_step(step_type, depth)
        ),
        {"type": st.just("function_call"), "name": st.sampled_from([*FUNCTIONS, NOT_THERE])},
    ]
    return st.builds(
        lambda node, clock: cast("Node", {**node, **clock}),
        st.one_of([st.fixed_dictionaries(chosen) for chosen in fields]),
        clocks,
    )


def _fields_of_step(step_type: StepType, depth: int) -> list[dict[str, SearchStrategy[object]]]:
    """Return the variants of the fields of a step, except its type and its name."""
    match step_type:
        case "step_do":
            return [
                {"config": configs, "nodes": st.just([])},
                {"config": configs, "nodes": nodes(depth - 2, most=1)},
            ]
        case "step_sleep":
            return [{"duration": durations}]
        case "step_sleep_until":
            return [{"timestamp": st.sampled_from(["2030-01-02", "{when}"])}]
        case "step_wait_for_event":
            options = st.fixed_dictionaries({"event_type": names, "timeout": durations})
            return [{}, {"options": options, "payload": shapes}]


@cache
def nodes(depth: int, *, least: int = 0, most: int = 3, grouped: bool = False) -> SearchStrategy[list[Node]]:
    """Return lists of nodes that are nested at most `depth` deep."""
    return st.deferred(lambda: st.lists(node(depth, grouped=grouped), min_size=least, max_size=most))


def node(depth: int, *, grouped: bool = False) -> SearchStrategy[Node]:
    """Return nodes of any type. In groups, most nodes that may have clocks have some."""
    work = steps(depth, any_clocks if grouped else few_clocks)
    exits: SearchStrategy[Node] = st.sampled_from([LEAVE, LEAVE_LOOP])
    if depth <= 0:
        return by_lot(work, work, work, exits)
    compound = compounds(depth - 1, grouped=grouped)
    return by_lot(work, work, work, exits, compound, compound)


def compounds(depth: int, *, grouped: bool = False) -> SearchStrategy[Node]:
    """Return nodes with others inside, nested at most `depth` deep."""
    inner = nodes(depth, grouped=grouped)
    branches = st.lists(st.builds(_branch, st.none() | names, inner), max_size=3)
    blocks = st.builds(lambda listed: block(*listed), inner)
    return by_lot(
        groups(depth),
        groups(depth),
        st.builds(lambda listed: loop(*listed), inner),
        blocks,
        st.builds(lambda listed: either(*listed), branches),
        st.builds(lambda discriminant, listed: switch(discriminant, *listed), names, branches),
        protections(blocks),
        functions_of(names, depth),
        st.builds(_start, names, inner, shapes),
        st.builds(_unknown, names, names, inner),
    )


def groups(depth: int, clocks: SearchStrategy[dict[str, object]] = any_clocks) -> SearchStrategy[Node]:
    """Return groups of concurrent work."""
    members = by_lot(
        st.lists(steps(0, clocks), min_size=2, max_size=6),
        nodes(depth, most=4, grouped=True),
    )
    kinds = st.sampled_from(["all", "any", "all_settled", "race"])
    return st.builds(
        lambda kind, listed: cast("Node", {"type": "parallel", "kind": kind, "nodes": listed}), kinds, members
    )


def protections(blocks: SearchStrategy[Block]) -> SearchStrategy[Node]:
    """Return `try` nodes with any of their parts."""
    parts = dict.fromkeys(("try_block", "catch_block", "finally_block"), blocks)
    return st.builds(
        lambda chosen: cast("Node", {"type": "try", **chosen}),
        st.fixed_dictionaries({}, optional=parts),
    )


def functions_of(named: SearchStrategy[str], depth: int) -> SearchStrategy[FunctionDef]:
    return st.builds(lambda name, listed: function(name, *listed), named, nodes(depth))


def graphs(depth: int = DEEPEST) -> SearchStrategy[Graph]:
    """Return whole graphs. Their functions may call each other and themselves."""
    functions = st.fixed_dictionaries(
        {}, optional={name: functions_of(st.just(name), min(depth, 3)) for name in FUNCTIONS}
    )
    return st.builds(_graph, nodes(depth, least=1, most=4), functions, names, st.none() | shapes)


def _branch(condition: str | None, listed: list[Node]) -> Branch:
    return branch(condition, *listed)


def _start(name: str, listed: list[Node], payload: Shape) -> Node:
    return {"type": "start", "class_name": name, "functions": {}, "nodes": listed, "payload": payload}


def _unknown(kind: str, name: str, listed: list[Node]) -> Node:
    return cast("Node", {"type": f"future {kind}", "name": name, "nodes": listed})


def _graph(listed: list[Node], functions: dict[str, FunctionDef], name: str, payload: Shape | None) -> Graph:
    drawn = graph(*listed, functions=functions, class_name=name)
    if payload is not None:
        drawn["workflow"]["payload"] = payload
    return drawn
