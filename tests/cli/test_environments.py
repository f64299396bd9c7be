"""The command in projects with environments: `--env` and `CLOUDFLARE_ENV`."""

from __future__ import annotations

import json
from typing import Final

import pytest

from tests.cli.configurations import ENTRY, ORDERS, configure, names
from tests.cli.conftest import Command
from tests.cli.sources import write

pytestmark = pytest.mark.usefixtures("folder")


ENVIRONMENTS: Final = {"test": {"workflows": [{**ORDERS, "name": "orders-test"}]}, "none": {}}


def test_env_selects_an_environment(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS, env=ENVIRONMENTS)
    assert names(stepgraph("list")) == ["orders"]
    assert names(stepgraph("list", "--env", "test")) == ["orders-test"]
    assert stepgraph("graph", "--env", "test", "--workflow", "orders-test").code == 0


def test_cloudflare_env_selects_an_environment(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS, env=ENVIRONMENTS)
    monkeypatch.setenv("CLOUDFLARE_ENV", "test")
    assert names(stepgraph("list")) == ["orders-test"]
    assert stepgraph("list", "--env", "none").code == 3


@pytest.mark.parametrize("variable", [True, False])
def test_an_empty_environment_is_none(stepgraph: Command, monkeypatch: pytest.MonkeyPatch, *, variable: bool) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS, env=ENVIRONMENTS)
    if variable:
        monkeypatch.setenv("CLOUDFLARE_ENV", "")
    assert names(stepgraph("list", *(() if variable else ("--env", "")))) == ["orders"]


def test_an_environment_without_workflows_is_explained(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS, env=ENVIRONMENTS)
    run = stepgraph("list", "--env", "none")
    assert (run.code, run.out) == (3, "")
    hint, stderr = run.messages
    assert hint == (
        "wrangler.jsonc:5:112: environment `none` has no `workflows`, and environments do not inherit them from the top"
        " level. "
        "Repeat them in `env.none`."
    )
    assert stderr == "stepgraph: no workflow to analyze in the current directory (0 Python files searched)."


def test_an_unknown_environment_is_an_error(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS, env=ENVIRONMENTS)
    run = stepgraph("list", "--env", "tset")
    assert run.code == 2
    assert run.messages[0] == "wrangler.jsonc:5:8: unknown environment `tset`. Available: `test`, `none`."


@pytest.mark.parametrize("command", ["list", "graph", "check"])
def test_an_environment_without_definition_is_an_error(stepgraph: Command, command: str) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS)
    run = stepgraph(command, "--env", "staging")
    assert run.code == 2
    assert "environment `staging` is not defined: no wrangler configuration has an `env` table." in "".join(
        [run.out, *run.messages]
    )


def test_an_environment_needs_a_configuration(stepgraph: Command) -> None:
    write("entry.py", ENTRY)
    run = stepgraph("list", "entry.py", "--env", "staging")
    assert run.code == 2
    assert run.messages == [
        "wrangler.jsonc: environment `staging` is not defined: no wrangler configuration was found.",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["list", "graph", "check"])
def test_the_variable_needs_no_configuration(stepgraph: Command, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """A CI job may set it for all of its steps."""
    write("entry.py", ENTRY)
    monkeypatch.setenv("CLOUDFLARE_ENV", "staging")
    assert stepgraph(command) == stepgraph(command, "--env", "")
    assert stepgraph(command, "--env", "staging").code == 2
    configure(ORDERS)
    assert stepgraph(command).code == 2


def test_one_worker_may_define_the_environment(stepgraph: Command) -> None:
    for worker, environments in (("a", ENVIRONMENTS), ("b", None)):
        write(f"{worker}/src/entry.py", ENTRY)
        settings = {"env": environments} if environments else {}
        configuration = {"name": worker, "main": "src/entry.py", "workflows": [ORDERS], **settings}
        write(f"{worker}/wrangler.json", json.dumps(configuration))
    run = stepgraph("list", "--env", "test")
    assert (run.code, names(run)) == (0, ["orders-test", "orders"])
