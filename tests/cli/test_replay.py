"""`stepgraph replay`: logs and code in the arguments, the deployed version, formats and exit codes."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run
from tests.cli.graphs import response, save, sleep, without_graph
from tests.cli.repositories import commit, make_repository, needs_git
from tests.cli.sources import module, refuse_to_open, workflow, write, write_orders, write_shop, write_unresolved
from tests.remote.servers import Request, result, serving

ALONE = (
    "Assumes that conditions and loops decide as before, and that event types and the durations of open sleeps are "
    "unchanged. To compare them, name the deployed version with --from."
)
COMPARED = "Assumes that unchanged conditions and loops decide as before."
SAVED = (
    "Assumes that conditions and loops with the same text decide as before: saved graphs lack the values of constants "
    "and the code of functions. To compare these, name a revision or directory with --from."
)
UNCALLED = "which the new code does not call."
NAME = "files or a directory with logs, or use --local or --account."
TRY = "Try `stepgraph replay --help`."


def slept(name: str, *, is_open: bool = False) -> dict[str, object]:
    """Return the entry of a sleep of an hour."""
    end = None if is_open else "2026-11-28T15:50:00.000Z"
    return {"name": name, "type": "sleep", "start": "2026-11-28T14:50:00.000Z", "end": end, "finished": not is_open}


def log_of(*entries: dict[str, object], status: str = "running") -> dict[str, object]:
    return {"status": status, "start": "2026-11-28T14:50:00.000Z", "end": None, "error": None, "steps": list(entries)}


def save_log(path: str = "log.json", *names: str, status: str = "running") -> None:
    """Write the log of an instance that sleeps in the last of these sleeps, by default in `rest`."""
    *finished, last = names or ("rest-1",)
    Path(path).parent.mkdir(exist_ok=True)
    save(path, log_of(*map(slept, finished), slept(last, is_open=True), status=status))


@pytest.mark.slow
def test_an_instance_of_unchanged_code_resumes(stepgraph: Command) -> None:
    write_orders()
    save_log()
    assert stepgraph("replay", "log.json", "orders.py") == Run(
        0,
        "INSTANCE  STATUS   EFFECT   DETAILS\n"
        "log.json  running  resumes  Continues at `rest-1`.\n"
        "\n"
        "1 instance in flight (resumes: 1).\n"
        f"{ALONE}\n",
        [],
    )


def test_each_reason_has_a_line(stepgraph: Command) -> None:
    write("orders.py", module(workflow("Orders", "relax", "nap", "wait")))
    save_log("log.json", "rest-1", "nap-1", "hold-1")
    run = stepgraph("replay", "log.json")
    assert run.code == 1
    assert run.out.splitlines()[1:3] == [
        f"log.json  running  reruns  `relax-1` begins in place of `rest-1`, {UNCALLED}  orders.py:6",
        f"                           `wait-1` begins in place of `hold-1`, {UNCALLED}",
    ]


def test_a_directory_of_logs(stepgraph: Command) -> None:
    write_orders()
    save_log("logs/b.json")
    save_log("logs/a.json", status="complete")
    save_log("logs/c.json", "nap-1")
    run = stepgraph("replay", "logs")
    assert run.code == 1
    assert [line.split()[0] for line in run.out.splitlines()[1:3]] == ["logs/b.json", "logs/c.json"]
    assert run.out.splitlines()[4] == "2 instances in flight (reruns: 1, resumes: 1), 1 other ended."


def test_logs_share_a_budget(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.execution.matching.term_pool.LOGS_AT_LIMIT", 0)
    write_orders()
    save_log()
    run = stepgraph("replay", "log.json", "orders.py")
    assert (run.code, run.out.splitlines()[1]) == (
        1,
        "log.json  running  unknown  The logs of this run need too much work. Replay it in another run.",
    )


def test_a_log_on_standard_input(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write_orders()
    content = json.dumps(log_of(slept("rest-1", is_open=True))).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert stepgraph("replay", "-", "orders.py").out.splitlines()[1].startswith("standard input  running  resumes")


def test_the_deployed_version_is_a_file(stepgraph: Command) -> None:
    write_orders()
    write("old.py", module(workflow("Orders", "rest")).replace("1 hour", "2 hours"))
    save_log()
    run = stepgraph("replay", "log.json", "orders.py", "--from", "old.py")
    assert run.code == 1
    assert run.out.splitlines()[1:] == [
        "log.json  running  reruns  `rest-1` begins again, because its duration changed.  orders.py:6",
        "",
        "1 instance in flight (reruns: 1).",
        "   = help: reruns: keep the old name and duration, or move the change after the step that the instance is at",
        COMPARED,
    ]


@pytest.mark.slow
@needs_git
def test_the_deployed_version_is_a_revision(stepgraph: Command) -> None:
    make_repository()
    write("orders.py", module(workflow("Orders", "rest")).replace("1 hour", "2 hours"))
    commit()
    write_orders()
    save_log()
    assert "because its duration changed" in stepgraph("replay", "log.json", "--from", "HEAD").out
    assert stepgraph("replay", "log.json", "--from", "v9").code == 2


def test_saved_graphs_of_both_versions(stepgraph: Command) -> None:
    save("new.json", response("Orders", sleep("relax")))
    save("old.json", response("Orders", sleep("rest")))
    save_log()
    run = stepgraph("replay", "log.json", "--graph", "new.json", "--from", "old.json", "-f", "json")
    (instance,) = json.loads(run.out)["instances"]
    assert (instance["file"], instance["workflow"], instance["effect"]) == ("log.json", "Orders", "reruns")
    assert (instance["restarted_waits"], instance["orphans"]) == (["relax-1"], ["rest-1"])
    assert instance["begun_anew"] == ["relax-1"]
    assert SAVED in stepgraph("replay", "log.json", "--graph", "new.json", "--from", "old.json").out


def test_a_deployed_version_without_the_workflow(stepgraph: Command) -> None:
    write_orders()
    write("old.py", module(workflow("Mails", "rest"), workflow("Returns", "rest")))
    save_log()
    run = stepgraph("replay", "log.json", "orders.py", "--from", "old.py")
    assert run.out.splitlines()[1] == "log.json  running  unknown  old.py has no graph of `Orders`."


@pytest.mark.parametrize(("fail_on", "code"), [("any", 1), ("unknown", 1), ("reruns", 1), ("stuck", 0), ("none", 0)])
def test_fail_on_selects_effects(stepgraph: Command, fail_on: str, code: int) -> None:
    write("orders.py", module(workflow("Orders", "relax")))
    save_log()
    assert stepgraph("replay", "log.json", "--fail-on", fail_on).code == code


def test_the_log_selects_its_workflow(stepgraph: Command) -> None:
    write("shop.py", module(workflow("Orders", "rest"), workflow("Returns", "nap")))
    save_log()
    (instance,) = json.loads(stepgraph("replay", "log.json", "-f", "json").out)["instances"]
    assert (instance["workflow"], instance["effect"]) == ("Orders", "resumes")


def test_a_log_of_several_workflows(stepgraph: Command) -> None:
    write_shop()
    save_log()
    assert (
        stepgraph("replay", "log.json")
        .out.splitlines()[1]
        .endswith("The log may belong to several workflows: `Orders`, `Returns`. Choose one with --workflow NAME.")
    )
    assert stepgraph("replay", "log.json", "--workflow", "Orders").code == 0


def test_an_incomplete_graph_explains_orphans(stepgraph: Command) -> None:
    write_unresolved()
    save_log("log.json", "rest-1", "nap-1")
    run = stepgraph("replay", "log.json")
    assert (run.code, run.out.splitlines()[1]) == (
        1,
        "log.json  running  unknown  The graph of the new code is incomplete, so it may call `nap-1`.",
    )


def test_an_unreadable_log_does_not_hide_the_others(stepgraph: Command) -> None:
    write_orders()
    save_log("logs/a.json")
    write("logs/b.json", "[]")
    run = stepgraph("replay", "logs")
    assert (run.code, run.out.splitlines()[1].split()[0]) == (2, "logs/a.json")
    assert run.messages[0].startswith("logs/b.json: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("orders.py",), f"missing LOGS: name {NAME} {TRY}"),
        (("gone",), f"missing LOGS: `gone` is not a file or directory. Name {NAME} {TRY}"),
        (
            (".",),
            f"missing LOGS: `.` contains code. Name {NAME} {TRY}",
        ),
        (
            ("log.json", "--local"),
            f"--local and --account replay all instances that have not ended, so omit LOGS. {TRY}",
        ),
        (
            ("log.json", "a.py", "b.py", "--from", "HEAD"),
            f"--from allows at most one of PATHS, which is read in the revision, too. {TRY}",
        ),
    ],
)
def test_usage_errors(stepgraph: Command, arguments: tuple[str, ...], message: str) -> None:
    for name in ("orders.py", "a.py", "b.py"):
        write(name, module(workflow("Orders", "rest")))
    save_log()
    assert stepgraph("replay", *arguments) == Run(2, "", [f"stepgraph: {message}"])


def test_a_directory_without_logs(stepgraph: Command) -> None:
    Path("logs").mkdir()
    message = f"stepgraph: missing LOGS: `logs` contains no .json files. Name {NAME} {TRY}"
    assert stepgraph("replay", "logs") == Run(2, "", [message])


def test_an_unreadable_directory_of_logs(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write("logs/one.json", "{}")
    scan = os.scandir

    def refuse(path: str) -> object:
        if path == "logs":
            raise PermissionError
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    run = stepgraph("replay", "logs", "entry.py")
    assert run == Run(2, "", ["logs: permission denied. Make it readable, or omit it."])


def test_an_unreadable_file_without_logs(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write_orders()
    refuse_to_open("orders.py", monkeypatch)
    run = stepgraph("replay", "orders.py", ".")
    assert run == Run(2, "", ["orders.py: permission denied. Make it readable, or omit it."])


def test_ended_instances_only(stepgraph: Command) -> None:
    write_orders()
    save_log(status="complete")
    assert stepgraph("replay", "log.json") == Run(
        3, "", ["stepgraph: no instance in flight (1 ended), so new code affects none."]
    )


def test_a_workflow_without_a_graph(stepgraph: Command) -> None:
    save("saved.json", without_graph("Orders"))
    save_log()
    run = stepgraph("replay", "log.json", "--graph", "saved.json")
    assert (run.code, run.messages[-1]) == (1, "stepgraph: without a graph, no instance can be replayed.")


def answer(request: Request) -> list[bytes]:
    """Return the response of `wrangler dev` with instances of `shop-orders` and `mails`."""
    path = request.path.partition("/api")[2]
    if path == "/workflows":
        names = {"shop-orders": "Orders", "mails": "Mails"}
        return result([{"name": name, "class_name": names[name], "script_name": "shop"} for name in names])
    if path.endswith("/instances"):
        return result([{"id": "4f2a", "status": "running", "created_on": "2026-11-28T14:50:00.000Z"}])
    return result(log_of(slept("rest-1", is_open=True)))


def test_local_instances_of_the_code(stepgraph: Command) -> None:
    write_orders()
    with serving(answer) as server:
        run = stepgraph("replay", f"--local={server.url}", "orders.py", "-f", "json")
    assert (run.code, run.messages) == (0, [])
    (instance,) = json.loads(run.out)["instances"]
    assert (instance["id"], instance["effect"], "file" in instance) == ("4f2a", "resumes", False)


def test_markdown_for_a_pull_request(stepgraph: Command) -> None:
    write_orders()
    save_log()
    messages = ["wrote out.md: 1 instance in flight (resumes: 1)"]
    assert stepgraph("replay", "log.json", "-o", "out.md") == Run(0, "", messages)
    assert Path("out.md").read_text(encoding="utf-8") == (
        "## ✅ Workflows: 1 instance in flight (resumes: 1)\n"
        "\n"
        "| Instance | Status | Effect | Details |\n"
        "| --- | --- | --- | --- |\n"
        "| `log.json` | running | ✅ resumes | Continues at `rest-1`. |\n"
        "\n"
        f"{ALONE}\n"
    )
