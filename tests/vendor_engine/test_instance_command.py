"""Show instances of a running `wrangler dev` on the graph of the Python source of their JavaScript twin."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.vendor_engine.engine import Log, VendorEngine, running_engine

pytestmark = pytest.mark.slow

ROOT: Final = Path(__file__).parents[2]
LARGE_ORDER: Final = {"order": {"id": "1", "total": 900, "items": ["cup", "pot"]}}
DECLINED_ORDER: Final = {"order": {"id": "2", "total": 9, "items": ["cup"], "declined": True}}
FAILING_ORDER: Final = {"order": {"id": "3", "total": 9, "items": ["cup", "torn box"]}}
HANDLED: Final = ["reserve stock-1 done", "charge card-1 failed", "refund-1 done"]


class Shop(NamedTuple):
    """The engine with the workflow `orders`, and the graph of its source."""

    engine: VendorEngine
    graph: Path

    def stepgraph(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command on instances of the engine, with the saved graph."""
        return run(*arguments, f"--local={self.engine.url}", "--graph", str(self.graph))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stepgraph", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    graph = folder / "graph.json"
    assert run("graph", "fixtures/readme", "-o", str(graph)).returncode == 0
    with running_engine(folder) as engine:
        yield Shop(engine._replace(workflow="orders"), graph)


def waits(log: Log) -> bool:
    return any(entry["type"] == "waitForEvent" and entry["end"] is None for entry in log["steps"])


def ends(log: Log) -> bool:
    return log["status"] in ("complete", "errored")


def test_instance_that_waits_and_ends(shop: Shop) -> None:
    instance = shop.engine.create(LARGE_ORDER)
    shop.engine.wait_until(instance, waits)
    waiting = shop.stepgraph("instance", "latest", "-f", "json")
    assert (waiting.returncode, waiting.stderr) == (0, "")
    report = json.loads(waiting.stdout)
    assert (report["status"], report["fits"]) == ("running", True)
    assert [(entry["name"], entry["state"]) for entry in report["entries"]] == [("approval-1", "waiting")]
    assert {"reserve stock", "charge card"} <= {step["name"] for step in report["next"]}

    shop.engine.send_event(instance, "order-approved")
    shop.engine.wait_until(instance, ends)
    ended = json.loads(shop.stepgraph("instance", instance, "-f", "json").stdout)
    assert (ended["status"], ended["fits"], ended["next"]) == ("complete", True, [])
    names = ["approval-1", "reserve stock-1", "charge card-1", "cool down-1", "pack cup-1", "pack pot-1"]
    assert [(entry["name"], entry["state"]) for entry in ended["entries"]] == [(name, "done") for name in names]


def test_instance_that_handled_an_error(shop: Shop) -> None:
    shop.engine.wait_until(shop.engine.create(DECLINED_ORDER), ends)
    report = json.loads(shop.stepgraph("instance", "latest", "-f", "json").stdout)
    assert (report["status"], report["fits"]) == ("complete", True)
    assert [f"{entry['name']} {entry['state']}" for entry in report["entries"]] == HANDLED


def test_unknown_id_leaves_no_trace(shop: Shop) -> None:
    """The local engine would create an instance of each id that its API is asked for."""
    before = shop.engine.listed_ids()
    shown = shop.stepgraph("instance", "no-such-id")
    assert (shown.returncode, shown.stdout) == (3, "")
    assert shop.engine.listed_ids() == before


def test_instances_before_a_deployment(shop: Shop) -> None:
    instance = shop.engine.create(LARGE_ORDER)
    shop.engine.wait_until(instance, waits)
    report = json.loads(shop.stepgraph("replay", "-f", "json").stdout)
    assert [each["effect"] for each in report["instances"] if each["id"] == instance] == ["resumes"]


def test_reason_of_a_failure(shop: Shop) -> None:
    shop.engine.wait_until(shop.engine.create(FAILING_ORDER), ends)
    shown = shop.stepgraph("why", "latest")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "the box is torn" in shown.stdout
