"""`stepgraph why`: formats, exit codes, and the commands for a restart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from stepgraph.model.json_schema import failure_report_schema
from tests.cli.conftest import Command, Run
from tests.instances.instance_logs import JSON, errored, retrying, running, sleep, step, wait

pytestmark = pytest.mark.usefixtures("folder")

ORDERS = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("reserve")
        async def reserve(): ...

        @step.do("charge card", config={"retries": {"limit": 1, "delay": 1000}})
        async def charge(): ...

        await reserve()
        try:
            await charge()
        except KeyError:
            pass
        await step.wait_for_event("paid", "paid")
"""

RESERVED = step("reserve-1", 0, 10)
FAILED = errored("Error: no", 2000, RESERVED, step("charge card-1", 20, 1020, "Error: 1", "Error: no", limit=1))
ADVICE = "`stepgraph instance` shows its progress."
HOSTILE = "Error: \x1b[31m::error::x\n\u202e"


def save(log: JSON, name: str = "log.json") -> None:
    Path("orders.py").write_text(ORDERS, encoding="utf-8")
    Path(name).write_text(json.dumps(log), encoding="utf-8")


def explain(stepgraph: Command, log: JSON, *options: str) -> Run:
    save(log)
    return stepgraph("why", "log.json", "orders.py", *options)


def test_a_log_without_an_error_has_an_unknown_cause(stepgraph: Command) -> None:
    run = explain(stepgraph, errored("", 2000, RESERVED))
    assert "error: the cause of the failure is unknown\n  The log has no error.\n" in run.out
    assert "No step failed" not in run.out


def test_a_log_that_lacks_an_entry(stepgraph: Command) -> None:
    log = errored("OutOfStock: none", 2000, step("reserve-2", 0, 10), step("charge card-1", 20, 30))
    remark = "  The log lacks an entry `reserve-1` before entry 1, `reserve-2`. Save the complete log.\n"
    assert remark in explain(stepgraph, log).out


def test_text(stepgraph: Command) -> None:
    run = explain(stepgraph, FAILED)
    assert (run.code, run.messages) == (0, [])
    assert run.out.startswith("Orders  errored after 2 s")
    assert (
        run.out.partition("\n\n")[2]
        == """\
orders.py:9:10: error: `charge card` failed in both attempts
9 |         @step.do("charge card", config={"retries": {"limit": 1, "delay": 1000}})
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  Error: no

Attempts  1 retry, exponential from 1 second
  1  2026-03-01 12:00:00 UTC  1 s   Error: 1
  2  1 s later                0 ms  Error: no

Earlier steps
  ✓ reserve-1  10 ms

Why no handler caught it
  orders.py:13: `except KeyError` does not catch it, because the error of this step arrives as `JsException`: \
only ValueError, TypeError and NonRetryableError keep their type (`stepgraph rules SG210`)

Restart
  from `charge card`: runs `charge card-1` again, keeps `reserve-1`
    npx wrangler workflows instances restart Orders INSTANCE_ID --from-step-name='charge card'
    curl -X PATCH "https://api.cloudflare.com/client/v4/accounts/$CLOUDFLARE_ACCOUNT_ID/workflows/Orders/instances/\
INSTANCE_ID/status" -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" -H 'Content-Type: application/json' \
-d '{"status": "restart", "from": {"name": "charge card", "count": 1, "type": "do"}}'
  from the beginning: runs everything again
    npx wrangler workflows instances restart Orders INSTANCE_ID
"""
    )


def test_json(stepgraph: Command) -> None:
    report = json.loads(explain(stepgraph, FAILED, "-f", "json").out)
    Draft202012Validator(json.loads(failure_report_schema())).validate(report)
    assert (report["cause"], report["step"]["name"], report["location"]["line"]) == ("step_failed", "charge card-1", 9)
    assert [point["step"] for point in report["restarts"]] == [
        {"name": "charge card", "count": 1, "type": "do"},
        {"name": "reserve", "count": 1, "type": "do"},
    ]


def test_markdown(stepgraph: Command) -> None:
    lines = explain(stepgraph, FAILED, "-f", "markdown").out.splitlines()
    assert "**`charge card` failed in both attempts** at `orders.py:9:10`" in lines
    assert [line for line in lines if line.startswith("#")][1:] == [
        "### Attempts: 1 retry, exponential from 1 second",
        "### Earlier steps",
        "### Why no handler caught it",
        "### Restart",
    ]


def test_retrying_step(stepgraph: Command) -> None:
    run = explain(stepgraph, running(RESERVED, retrying("charge card-1", 20, "Error: no", limit=1)))
    assert run.code == 0
    assert "orders.py:9:10: retrying: `charge card` failed in attempt 1 of 2, and is retried" in run.out
    assert "  The next attempt is due at 2026-03-01 12:00:01 UTC.\n" in run.out
    assert "Restart" not in run.out


def test_error_of_the_program(stepgraph: Command) -> None:
    log = errored(
        "OutOfStock: none",
        2000,
        RESERVED,
        step("charge card-1", 20, 30),
    )
    out = explain(stepgraph, log).out
    assert "error: the code of the workflow raised this error after `charge card-1` and before `paid`\n" in out
    assert "  `charge card-1` is declared at `orders.py:9`.\n" in out


@pytest.mark.parametrize(("number", "location"), [(10, "orders.py:10"), (11, "/session/metadata/orders.py:11")])
def test_location_in_a_traceback(stepgraph: Command, number: int, location: str) -> None:
    trace = f"""Traceback (most recent call last):
  File "/session/metadata/orders.py", line {number}, in charge
    async def charge(): ...
  File "/lib/python313.zip/json/decoder.py", line 3, in decode
    raise JSONDecodeError
JSONDecodeError: no
"""
    log = errored(f"PythonError: {trace}", 2000, RESERVED, step("charge card-1", 20, 30, f"PythonError: {trace}"))
    assert f"  Raised at {location} in `charge`: `async def charge(): ...`\n" in explain(stepgraph, log).out


def test_an_instance_has_its_error_without_the_traceback(stepgraph: Command) -> None:
    error = (
        'PythonError: Traceback (most recent call last):\n  File "/session/orders.py", line 9, in charge\nDeclined: no'
    )
    save(errored(error, 2000, RESERVED, step("charge card-1", 20, 30, error)))
    lines = stepgraph("instance", "log.json", "orders.py").out.splitlines()
    assert lines[2] == "Declined: no"
    assert any(line.endswith("└─ Declined: no") for line in lines)


def test_error_in_place_of_that_of_a_step(stepgraph: Command) -> None:
    log = errored("OrderFailed: gone", 2000, RESERVED, step("charge card-1", 20, 30, "Error: no"))
    out = explain(stepgraph, log).out
    assert "  `charge card-1` failed before it: Error: no. A handler of that error may have raised this" in out


def test_kept_failures(stepgraph: Command) -> None:
    log = errored(
        "Error: WorkflowTimeoutError: Execution timed out after 1ms",
        2000,
        RESERVED,
        step("charge card-1", 20, 30, "Error: no"),
        wait("paid-1", 40, 1999, "WorkflowTimeoutError: "),
    )
    source = ORDERS.replace("except KeyError", "except Exception")
    save(log)
    Path("orders.py").write_text(source, encoding="utf-8")
    out = stepgraph("why", "log.json", "orders.py").out
    assert "  A kept step that failed fails again at once: `charge card-1`.\n" in out


def test_wait_restarts_without_its_event(stepgraph: Command) -> None:
    log = errored(
        "Error: WorkflowTimeoutError: Execution timed out after 1ms",
        2000,
        RESERVED,
        step("charge card-1", 20, 30),
        wait("paid-1", 40, 1999, "WorkflowTimeoutError: "),
    )
    out = explain(stepgraph, log).out
    assert "no event of type `paid` arrived for `paid` within 24 hours" in out
    assert "  A restart deletes received events: send the events for `paid-1` again.\n" in out
    assert "--from-step-name=paid --from-step-type=waitForEvent\n" in out


def test_names_are_quoted_for_the_shell(stepgraph: Command) -> None:
    source = ORDERS.replace('"charge card"', '"it\'s $(x) -- \\u202e"')
    save(errored("Error: no", 2000, RESERVED, step("it's $(x) -- \u202e-1", 20, 1999, "Error: no")))
    Path("orders.py").write_text(source, encoding="utf-8")
    out = stepgraph("why", "log.json", "orders.py").out
    assert """--from-step-name='it'"'"'s $(x) -- \\u202e'\n""" in out
    assert """"name": "it'"'"'s $(x) -- \\u202e",""" in out


def test_misfit(stepgraph: Command) -> None:
    run = explain(stepgraph, errored("Error: no", 2000, RESERVED, step("pay-1", 20, 1999, "Error: no")))
    assert run.code == 1
    assert "Entry 2 of 2, `pay-1`, does not fit: expected `charge card`" in run.out
    assert "error: `pay` failed in its only attempt\n" in run.out


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (
            running(RESERVED, sleep("nap-1", 20, None)),
            "log.json has not failed: its status is running. It is at `nap-1`.",
        ),
        (
            {**running(step("reserve-1", 0, 10, "Error: no")), "status": "paused"},
            "log.json has not failed: its status is paused. Failures so far: `reserve-1`.",
        ),
        (
            {**running(step("reserve-1", 0, 10, "Error: no")), "status": "complete"},
            "log.json has not failed: its status is complete. Failures that the program handled: `reserve-1`.",
        ),
    ],
)
def test_instance_without_failure(stepgraph: Command, log: JSON, message: str) -> None:
    assert explain(stepgraph, log) == Run(3, "", [f"stepgraph: {message} {ADVICE}"])


def test_output_file(stepgraph: Command) -> None:
    run = explain(stepgraph, FAILED, "-o", "why.md")
    assert run == Run(0, "", ["wrote why.md: `charge card` failed in both attempts"])
    assert Path("why.md").read_text(encoding="utf-8").startswith("## Orders errored after 2 s")


def test_hostile_errors_are_escaped(stepgraph: Command) -> None:
    log = errored(
        "Error: \x1b[31m::error::x\n\u202e", 2000, step("reserve-1", 0, 10, "Error: \x1b[31m::error::x\n\u202e")
    )
    out = explain(stepgraph, log).out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert not any(line.lstrip().startswith("::") for line in out.splitlines())


def test_unreadable_log(stepgraph: Command) -> None:
    Path("log.json").write_text("[", encoding="utf-8")
    Path("orders.py").write_text(ORDERS, encoding="utf-8")
    assert stepgraph("why", "log.json", "orders.py").code == 2


def test_restart_of_another_workflow_has_no_name(stepgraph: Command) -> None:
    run = explain(stepgraph, errored("Error: no", 10, step("x-1", 0, 5, "Error: no")))
    assert run.code == 1
    assert run.out.splitlines()[-1] == "    npx wrangler workflows instances restart WORKFLOW_NAME INSTANCE_ID"
