"""`stepgraph instance`: logs, sources of logs, the choice of the workflow, formats and exit codes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run
from tests.cli.graphs import response, save, sleep, without_graph
from tests.cli.sources import module, workflow, write, write_orders, write_shop, write_unresolved
from tests.remote.servers import Request, failure, result, serving

ORDER = "The log comes first, then the PATHS of code."
HELP = "If the instance runs another version of the code, check it out, or pass its graph with --graph FILE."
CHOOSE = "To see where it does not fit, choose one with --workflow NAME."
OTHER = "Pass the PATHS of its project, or its saved graph with --graph FILE."
SAVED = "For a saved graph, write `--graph saved.json`."
TRY = "Try `stepgraph instance --help`."
STARTED = "running · started 2026-11-28 14:50:00 UTC"


def slept(name: str, start: int = 0, end: int | None = None) -> dict[str, object]:
    """Return the entry of a sleep with its start and its end in minutes."""
    times = [None if minute is None else f"2026-11-28T14:5{minute}:00.000Z" for minute in (start, end)]
    return {"name": name, "type": "sleep", "start": times[0], "end": times[1], "finished": end is not None}


def log_of(*entries: dict[str, object], status: str = "running") -> dict[str, object]:
    """Return the log of an instance."""
    return {"status": status, "start": "2026-11-28T14:50:00.000Z", "end": None, "error": None, "steps": list(entries)}


def save_log(*entries: dict[str, object]) -> None:
    """Write the log of a running instance to `log.json`."""
    save("log.json", log_of(*entries))


def test_an_open_sleep_is_shown_with_its_end(stepgraph: Command) -> None:
    write_orders()
    save_log(slept("rest-1"))
    run = stepgraph("instance", "log.json", "orders.py")
    assert (run.code, run.messages) == (0, [])
    assert run.out.splitlines() == [
        "Orders  orders.py:4",
        STARTED,
        "sleeping at `rest-1` since 2026-11-28 14:50:00 UTC, until 2026-11-28 15:50:00 UTC",
        "",
        "└─ ◔ rest  sleep 1 hour",
        "",
        "next: the end of the workflow",
    ]


def test_next_steps_have_locations(stepgraph: Command) -> None:
    write("orders.py", module(workflow("Orders", "rest", "nap")))
    save_log(slept("rest-1", 0, 1))
    assert stepgraph("instance", "log.json").out.endswith(
        "├─ ✓ rest  1 min\n└─ · nap  next  sleep 1 hour\n\nnext: nap  orders.py:7\n"
    )


def test_a_log_is_read_from_standard_input(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write_orders()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(log_of()).encode())))
    assert stepgraph("instance", "-").out.splitlines()[:2] == ["Orders  orders.py:4", STARTED]


def test_a_saved_graph_replaces_the_code(stepgraph: Command) -> None:
    save("saved.json", response("Orders", sleep("rest")))
    save_log(slept("rest-1", 0, 1))
    run = stepgraph("instance", "log.json", "--graph", "saved.json")
    assert (run.code, run.out.splitlines()[-3]) == (0, "└─ ✓ rest  1 min")
    assert stepgraph("instance", "log.json", "src", "--graph", "saved.json").messages == [
        "stepgraph: --graph and PATHS both select graphs. Use one of them. Try `stepgraph instance --help`."
    ]


def test_a_misfit_names_the_expected_steps(stepgraph: Command) -> None:
    write("orders.py", module(workflow("Orders", "rest", "nap")))
    save_log(slept("rest-1", 0, 1), slept("nape-1", 1, 2))
    run = stepgraph("instance", "log.json", "orders.py")
    assert run.code == 1
    assert run.out.splitlines()[2:] == [
        "entry 2 of 2, `nape-1`, does not fit: expected `nap` after `rest-1`. No step of the graph is named `nape`.",
        f"   = help: {HELP}",
        "",
        "├─ ✓ rest  1 min",
        "└─ · nap  expected here  sleep 1 hour",
        "",
        "expected: nap  orders.py:7",
    ]


def test_the_log_selects_the_only_workflow_that_it_fits(stepgraph: Command) -> None:
    write("shop.py", module(workflow("Orders", "rest"), workflow("Returns", "nap")))
    save_log(slept("nap-1"))
    run = stepgraph("instance", "log.json")
    assert (run.code, run.messages) == (0, ["log.json: fits `Returns` only, of 2 workflows."])
    assert run.out.startswith("Returns  shop.py:9\n")


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("rest-1", 2, "log.json fits several workflows: `Orders`, `Returns`. Choose one with --workflow NAME."),
        (
            "nap-1",
            1,
            f"log.json fits none of 2 workflows: `Orders`, `Returns`. {CHOOSE}",
        ),
    ],
)
def test_the_log_selects_no_workflow(stepgraph: Command, name: str, code: int, message: str) -> None:
    write_shop()
    save_log(slept(name))
    assert stepgraph("instance", "log.json") == Run(code, "", [f"stepgraph: {message}"])
    assert stepgraph("instance", "log.json", "--workflow", "Returns").out.startswith("Returns  shop.py:9\n")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ("src", "."),
            2,
            f"src: a directory, not the log of an instance. {ORDER}",
        ),
        (
            ("orders.py", "log.json"),
            2,
            f"orders.py: Python code, not the log of an instance. {ORDER}",
        ),
        (
            ("orders.py",),
            2,
            f"orders.py: Python code, not the log of an instance. {ORDER}",
        ),
        (
            (),
            2,
            f"stepgraph: missing LOG. Name a file, or use --local or --account for the newest instance. {TRY}",
        ),
        (
            ("log.json", "saved.json"),
            2,
            f"stepgraph: saved.json is JSON, not Python. {SAVED}",
        ),
        (("4f2a",), 2, "4f2a: file not found. For the id of an instance, add --local or --account ID."),
        (("4f.json",), 2, "4f.json: file not found. Paths are relative to the working directory."),
        (
            ("src", "--local"),
            2,
            f"stepgraph: `src` is a path, not an instance. Write `latest src` for the newest instance. {TRY}",
        ),
        (
            ("log.json", "--local"),
            2,
            f"stepgraph: `log.json` is a file, not an instance. To read it, omit --local or --account. {TRY}",
        ),
        (
            ("-", "--local"),
            2,
            f"stepgraph: `-` is standard input. With --local or --account, name an instance, or `latest`. {TRY}",
        ),
        (
            ("latest", "--local", "--account", "1"),
            2,
            f"stepgraph: --local and --account select different sources. Use one of them. {TRY}",
        ),
    ],
)
def test_arguments_that_are_not_a_log(stepgraph: Command, arguments: tuple[str, ...], code: int, message: str) -> None:
    write_orders()
    Path("src").mkdir()
    assert stepgraph("instance", *arguments) == Run(code, "", [message])


def test_a_workflow_without_a_graph(stepgraph: Command) -> None:
    save("saved.json", without_graph("Orders"))
    save_log(slept("rest-1"))
    assert stepgraph("instance", "log.json", "--graph", "saved.json") == Run(
        1,
        "",
        [
            "saved.json: `Orders` has no graph: the API returned none for this version.",
            "stepgraph: log.json cannot be shown without a graph.",
        ],
    )


def test_no_workflow(stepgraph: Command) -> None:
    save_log(slept("rest-1"))
    assert stepgraph("instance", "log.json").code == 3


def answer(request: Request) -> list[bytes]:
    """Return the response of `wrangler dev` with an instance of `shop-orders`."""
    path = request.path.partition("/api")[2]
    if path == "/workflows":
        names = {"shop-orders": "Orders", "mails": "Mails"}
        return result([{"name": name, "class_name": names[name], "script_name": "shop"} for name in names])
    if path.endswith("/instances"):
        listed = {"id": "4f2a", "status": "running", "created_on": "2026-11-28T14:50:00.000Z"}
        return result([listed] if "shop-orders" in path else [])
    return result(log_of(slept("rest-1"))) if "shop-orders" in path else failure("404 Not Found", 10_200, "not found")


@pytest.mark.parametrize("names", [["latest"], ["4f2a"], []])
def test_a_local_instance_selects_its_workflow(stepgraph: Command, names: list[str]) -> None:
    write_shop()
    with serving(answer) as server:
        run = stepgraph("instance", *names, f"--local={server.url}")
    assert (run.code, run.messages) == (0, [])
    assert run.out.startswith(f"shop-orders (Orders)  4f2a  shop.py:4\n{STARTED}\n")


def test_a_remote_name_selects_a_saved_graph(stepgraph: Command) -> None:
    save("saved.json", [response("Mails", sleep("nap")), response("Orders", sleep("rest"))])
    with serving(answer) as server:
        run = stepgraph(
            "instance", "latest", f"--local={server.url}", "--graph", "saved.json", "--workflow", "shop-orders"
        )
    assert (run.code, run.messages, run.out.splitlines()[0]) == (0, [], "shop-orders (Orders)  4f2a")


def test_a_server_without_instances(stepgraph: Command) -> None:
    write_shop()
    with serving(lambda request: result([]) if request.path.endswith("instances") else answer(request)) as server:
        run = stepgraph("instance", "latest", f"--local={server.url}")
    assert (run.code, run.out) == (3, "")
    assert "no instance" in run.messages[0]


def test_a_bare_local_leaves_the_next_argument_alone(stepgraph: Command) -> None:
    message = "stepgraph: no workflow found in src (1 Python file searched)."
    write("src/empty.py", "x = 1\n")
    assert stepgraph("instance", "latest", "--local", "src").messages[0].startswith(message)


@pytest.mark.parametrize(("name", "start"), [("out.md", "## Orders: running\n"), ("out.txt", "Orders  orders.py:4\n")])
def test_output_is_written_in_the_format_of_its_suffix(stepgraph: Command, name: str, start: str) -> None:
    write_orders()
    save_log(slept("rest-1"))
    assert stepgraph("instance", "log.json", "-o", name) == Run(0, "", [f"wrote {name}: Orders, running"])
    assert Path(name).read_text(encoding="utf-8").startswith(start)


def test_a_graph_that_lacks_steps_is_marked(stepgraph: Command) -> None:
    write_unresolved()
    save_log(slept("nap-1"))
    lines = stepgraph("instance", "log.json").out.splitlines()
    assert lines[0] == "Orders  orders.py:5  incomplete: 1 note"
    assert "The graph is incomplete and may lack the step: see `stepgraph check`." in lines[3]


def test_only_one_input_is_standard_input(stepgraph: Command) -> None:
    assert stepgraph("instance", "-", "--graph", "-").messages == [
        f"stepgraph: only one of LOG and the code can be standard input. {TRY}"
    ]


def test_the_log_is_never_overwritten(stepgraph: Command) -> None:
    write_orders()
    save_log(slept("rest-1"))
    assert stepgraph("instance", "log.json", "-o", "log.json").code == 2
    assert json.loads(Path("log.json").read_text(encoding="utf-8")) == log_of(slept("rest-1"))


def test_drawing_options_apply_to_pictures_only(stepgraph: Command) -> None:
    write_orders()
    save_log(slept("rest-1"))
    assert stepgraph("instance", "log.json", "--theme", "dark").messages == [
        "stepgraph: --theme does not apply to the format text, only to svg, png, html. Try `stepgraph instance --help`."
    ]


def test_markdown_lists_the_entries(stepgraph: Command) -> None:
    write("orders.py", module(workflow("Orders", "rest", "nap")))
    save_log(slept("rest-1", 0, 1))
    assert stepgraph("instance", "log.json", "-f", "markdown").out.splitlines() == [
        "## Orders: running",
        "",
        "running · started `2026-11-28 14:50:00 UTC` · `orders.py:4`",
        "",
        "**Next:**",
        "",
        "- `nap` at `orders.py:7`",
        "",
        "| | Step | State | Start | Duration | Code |",
        "| :-: | --- | --- | --- | ---: | --- |",
        "| ✓ | `rest-1` | done | 2026-11-28 14:50:00 UTC | 1 min | `orders.py:6` |",
    ]


def test_an_instance_of_another_workflow(stepgraph: Command) -> None:
    write("mails.py", module(workflow("Digest", "rest")))
    with serving(answer) as server:
        run = stepgraph("instance", "latest", f"--local={server.url}")
    assert (run.code, run.out) == (2, "")
    assert run.messages == [f"stepgraph: 4f2a is an instance of `shop-orders`, but the code has `Digest`. {OTHER}"]
