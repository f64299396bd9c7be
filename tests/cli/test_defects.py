"""Defects of stepgraph: one message with the location, and a traceback on demand."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Command, Run
from tests.cli.repositories import commit, make_repository, needs_git
from tests.cli.sources import write_orders

MESSAGE = (
    "stepgraph: internal error while analyzing orders.py: KeyError: 'a\\nb'. Please report it, with the file if"
    " possible. Set STEPGRAPH_DEBUG=1 to see the traceback."
)


@pytest.fixture(autouse=True)
def defect(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - it changes into the folder
    write_orders()

    def fail(_pipeline: object, _source: object) -> tuple[()]:
        raise KeyError("a\nb")

    monkeypatch.setattr("stepgraph.pipeline.Pipeline.analyze", fail)


def test_a_defect_is_one_line_with_the_path(stepgraph: Command) -> None:
    assert stepgraph("graph", "orders.py", "-f", "json") == Run(4, "", [MESSAGE])


@needs_git
def test_a_defect_in_a_revision_has_its_path(stepgraph: Command) -> None:
    make_repository()
    commit()
    assert stepgraph("diff", "HEAD") == Run(4, "", [MESSAGE.replace("orders.py", "HEAD:orders.py")])


def test_the_traceback_is_shown_on_demand(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPGRAPH_DEBUG", "1")
    run = stepgraph("graph", "orders.py")
    assert run.messages[0] == MESSAGE
    assert "Traceback (most recent call last):" in run.messages
    assert run.code == 4


def test_a_defect_outside_of_the_analysis_has_no_path(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("stepgraph.cli.graph.load_sources", fail)
    run = stepgraph("graph")
    assert run.code == 4
    assert run.messages[0].startswith("stepgraph: internal error: RecursionError. Please report it")


def test_ctrl_c_prints_nothing(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stepgraph.cli.graph.load_sources", interrupt)
    run = stepgraph("graph")
    assert (run.code, run.out, "".join(run.messages)) == (130, "", "")


def test_out_of_memory_is_not_a_defect(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhaust(_pipeline: object, _source: object) -> tuple[()]:
        raise MemoryError

    monkeypatch.setattr("stepgraph.pipeline.Pipeline.analyze", exhaust)
    message = "stepgraph: not enough memory. Analyze fewer files at once, or raise the memory limit (`ulimit -v`)."
    assert stepgraph("graph", "orders.py") == Run(2, "", [message])
