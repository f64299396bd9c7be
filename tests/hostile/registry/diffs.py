"""Pairs of saved graphs with many differences, for `stepgraph diff`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

from stepgraph.limits import SAVED_NODES
from tests.hostile.hostile_input import Files, HostileInput
from tests.hostile.registry.saved import Json, Nodes, call, chain, function, nested_clocks, saved, sleep

OLD: Final = "old.json"
NEW: Final = "new.json"
Sides: TypeAlias = Callable[[int], tuple[str, str]]


def _named(size: int, prefix: str, duration: int = 1) -> Nodes:
    return [sleep(f"{prefix}{n}", **({} if duration == 1 else {"duration": duration})) for n in range(size)]


def _do(name: str, timeout: int) -> Json:
    retries = {"limit": 3, "delay": 1000, "backoff": "constant"}
    return {"type": "step_do", "name": name, "config": {"retries": retries, "timeout": timeout}, "nodes": []}


def _if(number: int, nodes: Nodes) -> Json:
    return {"type": "if", "branches": [{"condition": f"c{number}", "nodes": nodes}]}


def renamed(size: int) -> tuple[str, str]:
    """Return steps that are all renamed."""
    return saved(_named(size, "a")), saved(_named(size, "b"))


def renamed_apart(size: int) -> tuple[str, str]:
    """Return renamed steps between unchanged steps."""
    old, new = ([sleep(f"{p}{n}") if n % 3 else sleep(f"x{n}") for n in range(size)] for p in ("some name ", "same "))
    return saved(old), saved(new)


def long_names(size: int) -> tuple[str, str]:
    """Return a step whose long name is replaced by another."""
    return saved([sleep("ab" * (size // 2))]), saved([sleep("ba" * (size // 2) + "c")])


def renamed_functions(size: int) -> tuple[str, str]:
    """Return renamed functions whose steps share a name."""

    def side(prefix: str) -> str:
        defined: Json = {
            f"{prefix}{n}": function(f"{prefix}{n}", [sleep("same"), sleep(f"{prefix}{n}")]) for n in range(size)
        }
        return saved([call(f"{prefix}{n}") for n in range(size)], defined)

    return side("f"), side("g")


def removed(size: int) -> tuple[str, str]:
    """Return branches that are removed."""
    return saved([_if(n, [sleep(f"s{n}")]) for n in range(size)]), saved([sleep("rest")])


def added(size: int) -> tuple[str, str]:
    """Return branches that are added."""
    old, new = removed(size)
    return new, old


def reversed_order(size: int) -> tuple[str, str]:
    """Return steps whose order is reversed."""
    steps = _named(size, "s")
    return saved(steps), saved(steps[::-1])


def moved(size: int) -> tuple[str, str]:
    """Return steps, half of them moved into branches."""
    steps = _named(size, "s")
    return saved(steps), saved([_if(n, [step]) if n % 2 else step for n, step in enumerate(steps)])


def gathered(size: int) -> tuple[str, str]:
    """Return steps that are made concurrent."""
    steps = _named(size, "s")
    clocked = [{**step, "starts": 0, "resolves": 1} for step in steps]
    return saved(steps), saved([{"type": "parallel", "kind": "all", "nodes": clocked}])


def gathered_with_waits(size: int) -> tuple[str, str]:
    """Return concurrent waits that are made sequential."""
    new, old = gathered(size)
    return old, new


def same_names(size: int) -> tuple[str, str]:
    """Return steps with equal names, and a step added in front of them."""
    return saved([sleep("s")] * size), saved([sleep("first"), *([sleep("s")] * (size + 1))])


def other_settings(size: int) -> tuple[str, str]:
    """Return steps whose settings change."""
    old, new = ([_do(f"s{n}", timeout) for n in range(size)] for timeout in (1000, 2000))
    return saved(old), saved(new)


def other_conditions(size: int) -> tuple[str, str]:
    """Return branches whose conditions change."""
    old, new = (
        [{"type": "if", "branches": [{"condition": f"{p}{n}", "nodes": [sleep("s")]} for n in range(size)]}]
        for p in ("a", "b")
    )
    return saved(old), saved(new)


def other_clocks(size: int) -> tuple[str, str]:
    """Return steps of a group that wait for different steps."""
    old, new = nested_clocks(size), nested_clocks(size).replace('"starts": 0', '"starts": 9')
    return old, new


def ordered(size: int) -> tuple[str, str]:
    """Return a group of sequential steps whose order is reversed."""
    old, new = (
        [
            {
                "type": "parallel",
                "kind": "all",
                "nodes": [sleep(f"s{n}", starts=order[n], resolves=order[n] + 1) for n in range(size)],
            }
        ]
        for order in (list(range(size)), list(range(size))[::-1])
    )
    return saved(old), saved(new)


def calls_of_same_steps(size: int) -> tuple[str, str]:
    """Return functions that each contain a step of the same name, and whose calls are reversed."""
    defined: Json = {f"f{n}": function(f"f{n}", [sleep("same")]) for n in range(size)}
    calls = [call(f"f{n}") for n in range(size)]
    return saved(calls, defined), saved(calls[::-1], defined)


def chains(size: int) -> tuple[str, str]:
    """Return a chain of functions, and a renamed step in the last."""
    old = chain(size)
    return old, old.replace('"rest"', '"other"')


def deep_loops(size: int) -> tuple[str, str]:
    """Return steps whose nesting in loops grows from 10 to 90."""

    def side(depth: int) -> str:
        nodes: Nodes = []
        for number in range(size // 90):
            inner: Nodes = [sleep(f"s{number}")]
            for _ in range(depth):
                inner = [{"type": "loop", "nodes": inner}]
            nodes += inner
        return saved(nodes)

    return side(10), side(90)


def tries(size: int) -> tuple[str, str]:
    """Return steps that each move into a separate `try`."""
    steps = _named(size, "s")
    block = [
        {
            "type": "try",
            "try_block": {"type": "block", "nodes": [step]},
            "catch_block": {"type": "block", "nodes": [sleep(f"t{n}")]},
        }
        for n, step in enumerate(steps)
    ]
    return saved(steps), saved(block)


def one_try(size: int) -> tuple[str, str]:
    """Return many steps that move into one `try` in a loop."""
    steps = _named(size, "s")
    return saved(steps), saved(
        [{"type": "loop", "nodes": [{"type": "try", "try_block": {"type": "block", "nodes": steps}}]}]
    )


def other_sleeps(size: int) -> tuple[str, str]:
    """Return sleeps whose names and durations change, and half of which are removed."""
    return saved(_named(size, "s")), saved([sleep("s", duration=n) for n in range(size // 2)])


def exits(size: int) -> tuple[str, str]:
    """Return branches with an added `return`."""
    leave: Json = {"type": "break", "kind": "return"}
    return saved([_if(n, [sleep(f"s{n}")]) for n in range(size)]), saved(
        [_if(n, [sleep(f"s{n}"), leave]) for n in range(size)]
    )


def shuffled(size: int) -> tuple[str, str]:
    """Return steps in a random order, a quarter of them new."""
    old = _named(size, "s")
    new = [sleep(f"s{n * 7919 % size}") if n % 4 else sleep(f"n{n}") for n in range(size)]
    return saved(old), saved(new)


def workflows(size: int) -> tuple[str, str]:
    """Return workflows with the same name, whose steps are renamed."""
    old, new = (f"[{', '.join([saved([sleep(name)])] * size)}]" for name in "ab")
    return old, new


def large_workflows(size: int) -> tuple[str, str]:
    """Return five workflows whose comparison visits many elements."""
    old, new = ordered(size // 5)
    old_sides, new_sides = (", ".join(text.replace("Orders", f"Orders{n}") for n in range(5)) for text in (old, new))
    return f"[{old_sides}]", f"[{new_sides}]"


SIDES: Final[dict[str, tuple[Sides, int]]] = {
    "renamed steps": (renamed, 500),
    "renamed steps between others": (renamed_apart, 500),
    "long names": (long_names, 10_000),
    "renamed functions that share a step": (renamed_functions, 500),
    "removed branches": (removed, 500),
    "added branches": (added, 500),
    "steps in reverse order": (reversed_order, 500),
    "steps moved into branches": (moved, 500),
    "steps made concurrent": (gathered, 500),
    "steps made sequential": (gathered_with_waits, 500),
    "steps of one name": (same_names, 500),
    "other settings": (other_settings, 500),
    "other conditions": (other_conditions, 500),
    "other clocks": (other_clocks, 500),
    "a group in the reverse order": (ordered, 500),
    "calls of functions of one step": (calls_of_same_steps, 500),
    "chain of calls": (chains, 500),
    "steps put into loops": (deep_loops, 900),
    "steps put into tries": (tries, 500),
    "steps put into one try": (one_try, 500),
    "other sleeps": (other_sleeps, 500),
    "branches that return": (exits, 500),
    "shuffled steps": (shuffled, 500),
    "workflows of one name": (workflows, 500),
    "large workflows": (large_workflows, 1_000),
}


def _files(sides: Sides, size: int) -> Files:
    old, new = sides(size)
    return {OLD: old, NEW: new}


INPUTS = [
    HostileInput(f"diff {form}: {name}", partial(_files, sides), size, ("diff", OLD, NEW, "-f", form))
    for name, (sides, size) in SIDES.items()
    for form in ("text", "svg")
]
# At ten times the size, each side has the maximum number of nodes of a saved graph.
INPUTS += [
    HostileInput(
        f"diff {form}: as many {name} as are read", partial(_files, sides), size, ("diff", OLD, NEW, "-f", form)
    )
    for name, sides, size in (
        ("shuffled steps", shuffled, (SAVED_NODES - 1) // 10),
        ("branches that return", exits, (SAVED_NODES - 1) // 40),
    )
    for form in ("text", "svg")
]
