"""Detection of discarded values, and its cost."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
import pytest

from stepgraph.syntax import discarding
from stepgraph.syntax.bound_names import unpacking_targets
from stepgraph.syntax.discarding import DiscardAnalysis
from stepgraph.syntax.walk import all_nodes, parents_in

_TASKS = 50


class _CountedParents(dict[int, cst.CSTNode]):
    """The parents of nodes, with a count of lookups."""

    lookups = 0

    def get(self, key: int, default: object = None) -> cst.CSTNode | None:  # type: ignore[override] # without a default
        assert default is None
        self.lookups += 1
        return super().get(key)


def _calls(body: str) -> tuple[DiscardAnalysis, list[cst.Call]]:
    """Return the analysis of a function with this body, and the calls of `start` in it."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    parents = _CountedParents(parents_in(cst.parse_module(f"def run():\n{lines}")))
    calls = [node for node in parents.values() if isinstance(node, cst.Call)]
    started = [call for call in calls if isinstance(call.func, cst.Name) and call.func.value == "start"]
    return DiscardAnalysis(parents), list(dict.fromkeys(started))


def _discarded(body: str) -> list[bool]:
    """Return whether the value of each call of `start` is discarded, in order."""
    analysis, calls = _calls(body)
    return [analysis.is_discarded(call) for call in reversed(calls)]


def _lookups(body: str) -> int:
    analysis, calls = _calls(body)
    assert all(analysis.is_discarded(call) for call in calls)
    assert isinstance(analysis.parents, _CountedParents)
    return analysis.parents.lookups


def test_names_in_a_cycle_are_discarded() -> None:
    assert _discarded("a = start()\nb = a\na = b") == [True]


def test_a_use_after_a_cycle_counts() -> None:
    assert _discarded("a = start()\nb = a\na = b\nc = a\nuse(c)") == [False]


def test_a_use_counts_for_each_name_in_a_cycle() -> None:
    assert _discarded("a = start()\nb = start()\nb = a\na = b\nuse(b)") == [False, False]


def test_a_used_name_leaves_its_copy_discarded() -> None:
    assert _discarded("a = start()\nb = start()\nb = a\nuse(a)") == [False, True]


@pytest.mark.parametrize(
    "line",
    [
        "with lock as a: pass",
        "a, *b = pair",
        "for [x, a] in pairs: pass",
        "(a := 1)",
        "import json as a",
        "match pair:\n    case [a, {**rest}]: pass",
        "use([a for b in rows for a in b])",
        "use([b for a in rows for b in a])",
        "use({x: a.name for x, a in rows if a})",
    ],
)
def test_a_new_value_is_not_a_use_of_a_name(line: str) -> None:
    assert _discarded(f"a = start()\n{line}") == [True]


@pytest.mark.parametrize(
    "line",
    [
        "use([a for a in use(a)])",
        "use([a for b in rows])",
        "use([b for t[a] in rows for b in t])",
        "t[a] = 1",
        "x, t[a] = pair",
    ],
)
def test_a_read_next_to_a_new_value_counts(line: str) -> None:
    assert _discarded(f"a = start()\n{line}") == [False]


def test_a_function_is_walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    walked: list[int] = []

    def counted(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        walked.append(id(node))
        return all_nodes(node)

    monkeypatch.setattr(discarding, "all_nodes", counted)
    body = "".join(f"t{n} = start()\nprint(t{n})\n" for n in range(_TASKS))
    assert _discarded(body) == [True] * _TASKS
    assert len(walked) == 1


def test_an_unpacking_assignment_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assigns: list[cst.Assign] = []

    def record(assign: cst.Assign) -> dict[int, cst.BaseExpression]:
        assigns.append(assign)
        return unpacking_targets(assign)

    monkeypatch.setattr(discarding, "unpacking_targets", record)
    names, values = (", ".join(text.format(n) for n in range(_TASKS)) for text in ("t{}", "start()"))
    assert _discarded(f"{names} = {values}") == [True] * _TASKS
    assert len(assigns) == 1


@pytest.mark.parametrize(
    "line", ["t = start()", "t{n} = start()", "t{n} = start()\nu = t{n}", "ts = []\nt{n} = start()\nts.append(t{n})"]
)
def test_lookups_are_linear_in_the_source(line: str) -> None:
    once, twice = (_lookups("\n".join(line.format(n=n) for n in range(tasks))) for tasks in (_TASKS, 2 * _TASKS))
    assert twice <= 2 * once
