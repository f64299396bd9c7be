"""Instances in text and Markdown, read as a person would."""

from __future__ import annotations

import pytest

from stepgraph.drawing.workflow import DrawnWorkflow
from stepgraph.execution.instance import instance_of
from stepgraph.execution.log import read_log
from stepgraph.model.payload import Graph, Node
from stepgraph.render.flow.mermaid_document import MAX_LENGTH
from stepgraph.render.folding import Folding
from stepgraph.render.progress import progress_of
from stepgraph.render.progress_text import step_facts
from stepgraph.render.svg.figures.status import status_figure
from stepgraph.render.view import View
from stepgraph.report.instance.markdown import render_markdown
from stepgraph.report.instance.text import render_text
from tests.instances.instance_logs import JSON, errored, retrying, running, sleep, step, wait
from tests.render.graphs import LEAVE_LOOP, block, branch, call, do, either, function, graph, loop, parallel, protected

PAYMENT: Node = {
    "type": "step_wait_for_event",
    "name": "payment",
    "options": {"event_type": "paid", "timeout": "1 day"},
}

NAP: Node = {"type": "step_sleep", "name": "nap", "duration": "1 hour"}
UNDONE = protected(block(do("load")), catch=block(do("undo")))
GROUP = parallel("all", do("load"), do("charge"))


def opened(log_name: str) -> JSON:
    """Return a step in its first attempt."""
    return {**step(log_name, 10, 20), "end": None, "success": None, "attempts": []}


def drawn(log: JSON, shown: Graph) -> DrawnWorkflow:
    """Return a workflow with the progress of an instance."""
    return DrawnWorkflow(name="orders", class_name="Orders", graph=shown, instance=instance_of(read_log(log), shown))


def text_of(log: JSON, *nodes: Node) -> list[str]:
    """Return the lines of an instance below its title."""
    return render_text(drawn(log, graph(*nodes))).splitlines()[1:]


def tree_of(log: JSON, *nodes: Node) -> list[str]:
    """Return the outline of an instance."""
    return [line for line in text_of(log, *nodes) if line.startswith(("├", "└", "│", " "))]


def test_an_open_wait_ends_at_its_timeout() -> None:
    assert text_of(running(wait("payment-1", 2000, None)), PAYMENT) == [
        "running · started 2026-03-01 12:00:00 UTC",
        "waiting at `payment-1` since 2026-03-01 12:00:02 UTC, until 2026-03-02 12:00:02 UTC",
        "",
        "└─ ◎ payment  event paid · timeout 1 day",
        "",
        "next: the end of the workflow",
    ]


def test_the_end_of_an_open_wait_in_the_log_counts() -> None:
    log = running({**wait("payment-1", 2000, 62_000), "finished": False})
    assert text_of(log, PAYMENT)[1].endswith("since 2026-03-01 12:00:02 UTC, until 2026-03-01 12:01:02 UTC")


def test_pictures_count_the_open_waits_that_they_do_not_list() -> None:
    names = ("a", "b", "c")
    waits: list[Node] = [{"type": "step_wait_for_event", "name": name, "starts": 1, "resolves": 2} for name in names]
    shown = graph(parallel("all", *waits))
    log = read_log(running(*(wait(f"{name}-1", 0, None) for name in names)))
    lines = status_figure(instance_of(log, shown), shown, 800).lines
    assert [text for _, text in lines] == [
        "waiting at a-1 since 2026-03-01 12:00:00 UTC",
        "waiting at b-1 since 2026-03-01 12:00:00 UTC",
        "1 more has not ended",
    ]


def test_rollbacks_run_after_the_failure() -> None:
    log = {**errored("Error: no", 900, step("a-1", 0, 500, "Error: no")), "status": "rollingBack", "end": None}
    assert text_of(log, do("a"), do("b")) == [
        "rolling back · started 2026-03-01 12:00:00 UTC",
        "Error: no",
        "failed at a",
        "",
        "├─ ✗ a  failed · 500 ms",
        "│  └─ Error: no",
        "└─ · b",
        "",
        "`stepgraph why` explains the failure.",
    ]


def test_a_paused_step_is_retried_after_a_resume() -> None:
    log = {**running(retrying("a-1", 0, "Error: no")), "status": "paused"}
    assert text_of(log, do("a"))[1].endswith("next attempt at 2026-03-01 12:00:01 UTC, after a resume")


def test_a_log_without_fitting_entries_suggests_other_code() -> None:
    assert text_of(running(step("x-1", 0, 50)), do("a"))[2] == (
        "   = help: If the log is from another workflow, pass the PATHS of its code. If the instance runs another "
        "version of the code, check it out, or pass its graph with --graph FILE."
    )


@pytest.mark.parametrize(
    ("entries", "advice"),
    [
        (
            [step("b-1", 9, 10), step("a-1", 0, 5)],
            "Entry 2, `a-1`, began before entry 1, `b-1`: sort the `steps` of the log by `start`.",
        ),
        (
            [step("a-1", 0, 5), step("a-1", 0, 5)],
            "Entry 2, `a-1`, repeats entry 1. Save the log again, without entries of other instances.",
        ),
        ([step("a-2", 0, 5)], "The log lacks an entry `a-1` before entry 1, `a-2`. Save the complete log."),
    ],
)
def test_a_damaged_log_does_not_suggest_other_code(entries: list[JSON], advice: str) -> None:
    assert text_of(running(*entries), do("b"))[2] == f"   = help: {advice}"


def test_a_log_that_fits_may_lack_an_entry() -> None:
    assert text_of(running(step("a-2", 0, 5)), do("a"))[1] == (
        "The log lacks an entry `a-1` before entry 1, `a-2`. Save the complete log."
    )


def test_a_log_may_lack_a_sleep() -> None:
    entries = sleep("a-1", 0, 5), sleep("a-1", 6, 9), sleep("a-3", 10, None)
    node: Node = {"type": "step_sleep", "name": "a", "duration": "{delay}"}
    assert (
        "The log lacks an entry `a-2` before entry 3, `a-3`. Save the complete log."
        in text_of(running(*entries), node, node, node)[2]
    )


def test_an_uncaught_failure_ends_the_workflow() -> None:
    assert (
        text_of(running(step("a-1", 0, 5, "Error: no")), do("a"))[-1] == "next: the end of the workflow, with an error"
    )


def test_no_attempt_follows_a_success() -> None:
    entry = {**step("a-1", 0, 5), "attempts": [{"success": True}, {"success": False}]}
    assert text_of(running(entry), do("a"))[1] == (
        "Entry 1, `a-1`, has an attempt after a successful one. Save the log again."
    )


def test_failed_runs_are_counted() -> None:
    log = running(step("a-1", 0, 5, "Error: no"), step("a-2", 10, 15))
    assert "  2 runs, 1 failed" in text_of(log, loop(protected(block(do("a")), catch=block())))[4]


FAILED_RUNS = running(step("load a-1", 0, 1500, "Error: no", "Error: full"), step("load b-1", 10, 20))


def test_the_failed_run_of_several_concurrent_runs_has_its_error() -> None:
    assert tree_of(FAILED_RUNS, parallel("all_settled", loop(do("load {row}", starts=1))))[3:] == [
        "         ├─ load a-1, attempt 1: Error: no",
        "         └─ load a-1, attempt 2: Error: full",
    ]


def test_a_picture_shows_the_error_of_a_concurrent_run() -> None:
    shown = graph(parallel("all_settled", loop(load := do("load {row}", starts=1))))
    progress = progress_of(instance_of(read_log(FAILED_RUNS), shown), shown["workflow"])
    assert step_facts(progress, load).error == "Error: full"


def test_a_handler_has_the_condition_under_which_it_runs() -> None:
    log = running(wait("payment-1", 0, None))
    assert text_of(log, protected(block(PAYMENT), catch=block(do("refund"))), do("ship"))[-2:] == [
        "next: refund  if `payment-1` times out",
        "      ship  after `payment-1`",
    ]


@pytest.mark.parametrize(
    ("entries", "body", "following"),
    [
        ([step("load-1", 0, 5, "Error: no")], [do("load"), do("charge")], ["refund"]),
        ([step("load-1", 0, 5, "Error: no"), opened("charge-1")], [GROUP], ["refund", "close"]),
        ([step("load-1", 0, 5), opened("charge-1")], [GROUP], ["refund  if `charge-1` fails", "close"]),
        ([opened("load-1")], [do("load"), do("charge")], ["charge  after `load-1`", "refund  if `load-1` fails"]),
        ([step("load-1", 0, 5, "Error: no"), opened("undo-1")], [UNDONE], ["refund", "close"]),
        ([sleep("nap-1", 0, None)], [NAP, do("charge")], ["charge  after `nap-1`"]),
    ],
)
def test_conditions_of_handlers(entries: list[JSON], body: list[Node], following: list[str]) -> None:
    shown = protected(block(*body), catch=block(do("refund")), final=block(do("close")))
    lines = text_of(running(*entries), shown)
    start = next(number for number, line in enumerate(lines) if line.startswith("next: "))
    listed = [line[6:] for line in lines[start:]]
    assert [line for line in listed if "the code raises" not in line] == following


def test_a_retried_step_tells_when_its_next_attempt_is_due() -> None:
    log = running(retrying("charge-1", 1000, "Error: no", "Error: no", "Timeout: slow", delay="1 minute"))
    due = "2026-03-01 12:04:03 UTC"  # exponential: 1, 2 and 4 minutes
    assert text_of(log, do("charge"))[1:6] == [
        f"retrying `charge-1` since 2026-03-01 12:00:01 UTC: attempt 3 of 6 failed, next attempt at {due}",
        "",
        "└─ ↻ charge  retrying: attempt 3 of 6 failed",
        "   ├─ attempts 1-2: Error: no",
        "   └─ attempt 3: Timeout: slow",
    ]


def test_no_attempt_follows_the_last_one() -> None:
    log = running(retrying("a-1", 0, "Error: no", "Error: no", limit=1))
    assert text_of(log, do("a"))[1] == "retrying `a-1` since 2026-03-01 12:00:00 UTC: attempt 2 of 2 failed"


def test_ignored_entries_are_mentioned() -> None:
    log = running({"type": "rollback", "name": "a-1"}, {"type": "step"}, step("a-1", 0, 5))
    sentence = "2 entries are ignored, because the type is unknown, such as that of a rollback, or the name is missing."
    assert text_of(log, do("a"))[1] == sentence
    assert sentence in render_markdown(drawn(log, graph(do("a"))))


def test_a_step_cannot_begin_while_another_one_runs() -> None:
    log = running(step("a-1", 0, 50), step("b-1", 20, 60))
    assert text_of(log, do("a"), do("b"))[1] == (
        "entry 2 of 2, `b-1`, does not fit: no step can begin while `a-1` runs."
    )


def test_a_failed_step_with_a_computed_name_has_that_of_the_log() -> None:
    log = errored("Error: no", 900, step("pack A1-1", 0, 100, "Error: no"))
    assert text_of(log, do("pack {item}"))[2] == "failed at pack A1"
    assert "- `pack A1`" in render_markdown(drawn(log, graph(do("pack {item}"))))


def test_a_step_that_ended_too_early_has_one_row() -> None:
    markdown = render_markdown(drawn(running(step("a-1", 0, 5)), graph(do("a", do("b")))))
    assert markdown.count("| `a-1` |") == 1


def test_a_failed_instance_names_the_step_that_ended_it() -> None:
    log = errored("Error: no", 900, step("load-1", 0, 100), step("charge-1", 200, 800, "Error: no"))
    assert text_of(log, do("load"), do("charge"), do("ship")) == [
        "errored after 900 ms · ended 2026-03-01 12:00:00 UTC",
        "Error: no",
        "failed at charge",
        "",
        "├─ ✓ load  100 ms",
        "├─ ✗ charge  failed · 600 ms",
        "│  └─ Error: no",
        "└─ · ship",
        "",
        "`stepgraph why` explains the failure.",
    ]


def test_runs_passes_and_attempts_are_counted() -> None:
    packed = [step(f"pack {number}-1", 100 * number, 100 * number + 50) for number in (1, 2)]
    retried = step("send-1", 500, 1700, "Error: no", "Error: no")
    log = running(*packed, {**retried, "success": True})
    assert tree_of(log, loop(do("pack {item}")), do("send")) == [
        "├─ loop  2 passes",
        "│  └─ ✓ pack {item}  2 runs · 100 ms",
        "└─ ✓ send  2 attempts · 1.2 s",
    ]


def test_only_the_outermost_skipped_part_has_a_word() -> None:
    skipped = either(branch("gift", do("wrap"), loop(do("tie"))), branch(None, do("bag")))
    assert tree_of(running(step("bag-1", 0, 50)), skipped) == [
        "├─ ◇ if gift  not taken",
        "│  ├─ - wrap",
        "│  └─ loop",
        "│     └─ - tie",
        "└─ ◇ else",
        "   └─ ✓ bag  50 ms",
    ]


def test_a_branch_without_steps_is_never_called_skipped() -> None:
    log = running(step("a-1", 0, 50), step("b-1", 60, 90))
    assert "│  └─ ◇ if done: break" in tree_of(log, loop(do("a"), either(branch("done", LEAVE_LOOP))), do("b"))


def test_steps_that_a_log_cannot_tell_apart_are_marked() -> None:
    log = running(step("a-1", 0, 50))
    lines = text_of(log, either(branch("x", do("a")), branch(None, do("a"))))
    assert lines[2:8] == [
        "├─ ◇ if x",
        "│  └─ ? a  may have run",
        "└─ ◇ else",
        "   └─ ? a  may have run",
        "",
        "`a-1` fits several steps, and the log does not show which.",
    ]


def test_calls_of_a_function_are_counted() -> None:
    shown = graph(parallel("all", call("pack")), call("pack"), functions={"pack": function("pack", do("wrap"))})
    log = running(step("wrap-1", 0, 50), step("wrap-2", 60, 90))
    assert "│     └─ ✓ wrap  2 runs · 80 ms" in render_text(drawn(log, shown)).splitlines()


def test_folded_nodes_count_the_states_inside() -> None:
    shown = graph(loop(do("a"), do("b")), do("c"))
    folded = render_text(drawn(running(step("a-1", 0, 50), step("b-1", 60, 90)), shown), View(Folding(1)))
    assert folded.splitlines()[3:5] == ["├─ loop  (a, b · 2 steps)  2 done  1 pass", "└─ · c  next"]


def test_text_of_logs_is_escaped() -> None:
    log = errored("E: \x1b[2J", 10, step("a-1", 0, 5, "\x1b[2J\n::error::x"))
    assert "\x1b" not in render_text(drawn(log, graph(do("a"))))
    assert render_text(drawn(log, graph(do("a")))).count("\n") == 8


@pytest.mark.parametrize("timeout", ["-Infinity", "9e99 years", 10**400, -5, "soon"])
def test_a_timeout_that_is_never_over_has_no_end(timeout: int | str) -> None:
    waiting: Node = {"type": "step_wait_for_event", "name": "a", "options": {"event_type": "b", "timeout": timeout}}
    assert text_of(running(wait("a-1", 0, None)), waiting)[1] == "waiting at `a-1` since 2026-03-01 12:00:00 UTC"


@pytest.mark.slow
def test_markdown_of_a_long_log_keeps_the_last_entries() -> None:
    shown = graph(loop(do("a step with a rather long name {item}")))
    log = running(*(step(f"a step with a rather long name {index}-1", index, index) for index in range(1000)))
    text = render_markdown(drawn(log, shown))
    assert len(text) < MAX_LENGTH
    assert "earlier entries would exceed GitHub's limit." in text
    assert "name 999-1" in text.splitlines()[-1]


def test_markdown_shows_a_misfit() -> None:
    log = running(step("a-1", 0, 50), step("c-1", 60, 90))
    problem = "entry 2 of 2, `c-1`, does not fit: expected `b` after `a-1`. No step of the graph is named `c`."
    assert render_markdown(drawn(log, graph(do("a"), do("b")))).splitlines()[4:] == [
        f"**The log does not fit the graph:** {problem}",
        "",
        "If the instance runs another version of the code, check it out, or pass its graph with --graph FILE.",
        "",
        "| | Step | State | Start | Duration | Code |",
        "| :-: | --- | --- | --- | ---: | --- |",
        "| ✓ | `a-1` | done | 2026-03-01 12:00:00 UTC | 50 ms |  |",
        "| ⚠️ | `c-1` | does not fit | 2026-03-01 12:00:00 UTC | | |",
    ]


def test_each_call_of_a_function_has_its_own_state() -> None:
    shown = graph(call("work"), call("work"), call("work"), functions={"work": function("work", do("{name}"))})
    text = render_text(drawn(running(step("load-1", 0, 2000)), shown)).splitlines()
    assert [line for line in text if "work" in line] == [
        "├─ ƒ work  done · 2 s",
        "├─ ↑ work  (shown above)  next",
        "└─ ↑ work  (shown above)",
    ]
