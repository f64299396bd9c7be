"""Test that comparing concurrent steps takes linear work within a limit."""

from __future__ import annotations

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.analysis.mhp import find_name_clashes
from stepgraph.checks.page import in_run
from stepgraph.limits import MAXIMUM, Budget, Limit

_WAITS = "".join(f"    await step.wait_for_event('w{n}', event_type='t')\n" for n in range(5))
_FUNCTION = f"async def process():\n{_WAITS}"


def _gather_calls(calls: int, function: str = _FUNCTION) -> str:
    return in_run(
        "", f"{function}\nawait asyncio.gather({', '.join(['process()'] * calls)})", imports="import asyncio"
    ).source


def _compared_pairs(source: str) -> int:
    (workflow,) = analyze_source(source, "entry.py").workflows
    assert workflow.subject is not None
    budget = Budget()
    list(find_name_clashes(workflow.subject, budget))
    return budget.maximum[Limit.PAIRS] - budget.remaining[Limit.PAIRS]


def _codes(source: str) -> list[str]:
    return [finding.code for finding in check_analysis(analyze_source(source, "entry.py"))]


def test_compared_pairs_grow_linearly_with_calls() -> None:
    assert _compared_pairs(_gather_calls(40)) < 2.1 * _compared_pairs(_gather_calls(20))


def test_compared_pairs_grow_linearly_with_steps() -> None:
    assert _compared_pairs(_gather_calls(20, _FUNCTION + _WAITS)) < 2.1 * _compared_pairs(_gather_calls(20))


def _nested_loops(depth: int) -> str:
    loops = "".join(f"{' ' * n}for x{n} in event['payload']:\n" for n in range(depth))
    tasks = f"{' ' * depth}tasks.append(asyncio.create_task(a()))\n"
    body = f"@step.do('a')\nasync def a(): ...\ntasks = []\n{loops}{tasks}await asyncio.gather(*tasks)"
    return in_run("", body, imports="import asyncio").source


def test_nested_loops_take_linear_work() -> None:
    assert _compared_pairs(_nested_loops(40)) < 2.1 * _compared_pairs(_nested_loops(20))


def test_mutually_starting_functions_are_visited_once() -> None:
    chain = "".join(
        f"async def p{n}():\n    await asyncio.gather(p{n + 1}(), p{n + 1}())\n" for n in reversed(range(40))
    )
    last = "async def p40():\n    await step.wait_for_event('w', event_type='t')\n"
    assert _compared_pairs(in_run("", f"{last}{chain}await p0()", imports="import asyncio").source) < 10_000


def test_rule_stops_at_the_pair_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAXIMUM, Limit.PAIRS, 10)
    source = _gather_calls(3)
    findings = check_analysis(analyze_source(source, "entry.py"))
    assert [finding.message for finding in findings if finding.code == "SG004"] == [
        "SG207 is only partly checked: more than 10 compared pairs."
    ]


@pytest.mark.slow
def test_pair_limit_applies_to_each_rule() -> None:
    assert "SG004" not in _codes(_gather_calls(300))
