"""The effects of moving a step behind or in front of the recursive calls of its function."""

from __future__ import annotations

from textwrap import indent

from stepgraph.execution.log import LogEntry
from stepgraph.replay.replay import Replay
from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, log_of, opened

SOURCE = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.visit(step, event.payload)
        await step.sleep("cool down", "1 hour")

    async def visit(self, step, node):
{}

    async def work(self):
        return await self.env.DB.work()
"""

STEP = "await step.do(f\"visit {node['name']}\")(self.work)()\n"
CALLS = "for child in node['children']:\n    await self.visit(step, child)\n"
COMMON_NAME = 'await step.do("visit")(self.work)()\n'
CALL_RUNS = "`visit(step, child)` may run when the instance resumes, before steps that have already run."
STEP_RUNS = "`visit {node['name']}` may run when the instance resumes, before steps that have already run."


def replay(old: str, new: str, *entries: LogEntry) -> Replay:
    """Replay a log on a new body of the recursive function."""
    code = new_code(*(SOURCE.format(indent(body, " " * 8)) for body in (old, new)))
    return code.replay(log_of("running", *entries))


def test_inner_levels_run_before_a_step_that_moves_behind_the_calls() -> None:
    result = replay(STEP + CALLS, CALLS + STEP, ended("visit a"), opened("visit b"))
    assert (result.effect, result.reasons) == ("out_of_order", (CALL_RUNS,))


def test_siblings_run_before_a_step_that_moves_behind_the_calls() -> None:
    result = replay(STEP + CALLS, CALLS + STEP, ended("visit a"), ended("visit b"), opened("visit c"))
    assert (result.effect, result.reasons) == ("out_of_order", (CALL_RUNS,))


def test_outer_levels_run_a_step_that_moves_before_the_calls() -> None:
    result = replay(CALLS + STEP, STEP + CALLS, opened("visit b"))
    assert (result.effect, result.reasons) == ("out_of_order", (STEP_RUNS,))


def test_a_finished_recursion_runs_no_further_levels() -> None:
    begun = ended("visit a"), ended("visit b"), opened("cool down", "sleep")
    assert replay(STEP + CALLS, CALLS + STEP, *begun).effect == "resumes"
    assert replay(CALLS + STEP, STEP + CALLS, *begun).effect == "resumes"


def test_levels_with_one_name_exchange_their_results() -> None:
    begun = ended("visit"), opened("cool down", "sleep")
    assert replay(COMMON_NAME + CALLS, CALLS + COMMON_NAME, *begun).effect == "resumes"
    result = replay(COMMON_NAME + CALLS, CALLS + COMMON_NAME, opened("visit"))
    assert "Another `visit` may get stored results of `visit`." in result.reasons


def test_elements_of_different_branches_have_no_order() -> None:
    leaf, inner = indent(STEP, "    "), indent(CALLS, "    ")
    old = f"if node['leaf']:\n{leaf}else:\n{inner}"
    new = f"if not node['leaf']:\n{inner}else:\n{leaf}"
    assert replay(old, new, ended("visit a"), opened("visit b")).effect == "resumes"
