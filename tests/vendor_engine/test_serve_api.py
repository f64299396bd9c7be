"""The methods of the API for instances, with the official client, on a running `wrangler dev`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import cloudflare
import pytest
from cloudflare import Cloudflare
from cloudflare.types.workflows import InstanceGetResponse
from cloudflare.types.workflows.instance_bulk_params import Body
from cloudflare.types.workflows.instances.status_edit_params import Variant3From

from stepgraph.remote.local_api import DevServers
from tests.effort import only_in_long_runs
from tests.serve.serving import ACCOUNT, serve
from tests.vendor_engine.engine import VendorEngine, running_engine

pytestmark = [pytest.mark.slow, only_in_long_runs]

PROJECT: Final = Path(__file__).parents[2] / "fixtures/readme"
ORDER: Final = {"order": {"id": "1", "total": 900, "items": [], "declined": True}}
"""An order that waits for an approval, and whose payment then fails, so that the workflow handles the failure."""

_SECONDS: Final = 30


class Shop(NamedTuple):
    """The official client of a server of the project, and the engine that runs its JavaScript twin."""

    client: Cloudflare
    engine: VendorEngine

    def create(self, instance_id: str, params: object = ORDER) -> None:
        created = self.client.workflows.instances.create(
            "orders", account_id=ACCOUNT, instance_id=instance_id, params=json.dumps(params)
        )
        assert (created.id, created.status) == (instance_id, "queued")

    def get(self, instance_id: str) -> InstanceGetResponse:
        return self.client.workflows.instances.get(instance_id, account_id=ACCOUNT, workflow_name="orders")

    def wait_until(self, instance_id: str, condition: Callable[[InstanceGetResponse], bool]) -> InstanceGetResponse:
        deadline = time.monotonic() + _SECONDS
        while not condition(instance := self.get(instance_id)):
            assert time.monotonic() < deadline, instance
            time.sleep(0.1)
        return instance

    def pause(self, instance_id: str) -> str:
        edit = self.client.workflows.instances.status.edit
        return edit(instance_id, account_id=ACCOUNT, workflow_name="orders", status="pause").status

    def resume(self, instance_id: str) -> str:
        edit = self.client.workflows.instances.status.edit
        return edit(instance_id, account_id=ACCOUNT, workflow_name="orders", status="resume").status

    def terminate(self, instance_id: str) -> str:
        edit = self.client.workflows.instances.status.edit
        return edit(instance_id, account_id=ACCOUNT, workflow_name="orders", status="terminate").status

    def restart(self, instance_id: str, wait: str) -> str:
        edit = self.client.workflows.instances.status.edit
        step: Variant3From = {"name": wait, "type": "waitForEvent"}
        return edit(instance_id, account_id=ACCOUNT, workflow_name="orders", status="restart", from_=step).status


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_engine(tmp_path_factory.mktemp("shop")) as engine:
        served = serve((str(PROJECT),), DevServers(engine.url))
        yield Shop(served.client, engine._replace(workflow="orders"))


def waits(instance: InstanceGetResponse) -> bool:
    return any(step.type == "waitForEvent" for step in instance.steps)


def test_instance_from_its_creation_to_its_end(shop: Shop) -> None:
    instances = shop.client.workflows.instances
    shop.create("approved")
    waiting = shop.wait_until("approved", waits)
    assert (waiting.status, waiting.success, waiting.params) == ("running", None, ORDER)
    step = instances.step(
        "approved", account_id=ACCOUNT, workflow_name="orders", name="approval-1", type="waitForEvent"
    )
    assert step.status == "waiting"
    sent = instances.events.create(
        "order-approved", account_id=ACCOUNT, workflow_name="orders", instance_id="approved", body={"by": "me"}
    )
    assert sent.instance_id == "approved"
    ended = shop.wait_until("approved", lambda instance: instance.status == "complete")
    assert (ended.success, ended.step_count, ended.output) == (True, 4, "")
    step = instances.step(
        "approved", account_id=ACCOUNT, workflow_name="orders", name="approval-1", type="waitForEvent"
    )
    assert isinstance(step.output, dict)
    assert step.output["payload"] == {"by": "me"}
    step = instances.step("approved", account_id=ACCOUNT, workflow_name="orders", name="charge card-1", type="step")
    assert step.error is not None
    assert (step.status, "card declined" in step.error.message) == ("errored", True)


def test_pause_resume_restart_and_terminate(shop: Shop) -> None:
    shop.create("changed")
    shop.wait_until("changed", waits)
    assert shop.pause("changed") == "paused"
    assert shop.get("changed").status == "paused"
    assert shop.resume("changed") == "running"
    shop.wait_until("changed", waits)
    assert shop.restart("changed", "approval") == "running"
    shop.wait_until("changed", waits)
    assert shop.terminate("changed") == "terminated"
    assert (shop.get("changed").success, shop.get("changed").status) == (False, "terminated")


def test_bulk_list_and_counts(shop: Shop) -> None:
    workflows = shop.client.workflows
    bodies: list[Body] = [{"instance_id": f"bulk-{number}", "params": json.dumps(ORDER)} for number in range(3)]
    created = workflows.instances.bulk("orders", account_id=ACCOUNT, body=bodies)
    assert [each.id for each in created] == ["bulk-0", "bulk-1", "bulk-2"]
    listed = [each.id for each in workflows.instances.list("orders", account_id=ACCOUNT, per_page=2)]
    assert listed[:3] == ["bulk-2", "bulk-1", "bulk-0"]
    shop.wait_until("bulk-2", waits)
    running = workflows.instances.list("orders", account_id=ACCOUNT, status="running")
    assert {"bulk-0", "bulk-1", "bulk-2"} <= {each.id for each in running}
    assert workflows.get("orders", account_id=ACCOUNT).instances["running"] >= 3


def test_unknown_instance_is_not_created(shop: Shop) -> None:
    before = shop.engine.listed_ids()
    for call in (shop.get, shop.pause):
        with pytest.raises(cloudflare.NotFoundError, match="`orders` has no instance `lost`"):
            call("lost")
    assert shop.engine.listed_ids() == before


def test_errors_of_the_engine(shop: Shop) -> None:
    shop.create("twice")
    with pytest.raises(cloudflare.APIStatusError, match="already exists"):
        shop.create("twice")
    with pytest.raises(cloudflare.APIStatusError, match="invalid id"):
        shop.create("not an id!")
    shop.wait_until("twice", waits)
    with pytest.raises(cloudflare.APIStatusError, match="not found in execution history"):
        shop.restart("twice", "lost")


def test_delete(shop: Shop) -> None:
    shop.create("deleted")
    assert shop.client.workflows.delete("orders", account_id=ACCOUNT).status == "ok"
    assert list(shop.client.workflows.instances.list("orders", account_id=ACCOUNT)) == []
