"""The search for instances, with a server in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest
from msgspec import Struct

from stepgraph.model.note import InputError, Problem
from stepgraph.remote.instance_source import (
    NoInstanceError,
    RemoteInstance,
    RemoteWorkflow,
    UnknownInstanceError,
    fetch_log,
    fetch_running_logs,
)

ORDERS = RemoteWorkflow("orders", "Orders")
BILLS = RemoteWorkflow("bills", "Bills")


class Memory(Struct):
    """A server that has instances of workflows, by workflow and newest first."""

    instances_by_workflow: Mapping[RemoteWorkflow, Sequence[RemoteInstance]]
    deleted: frozenset[str] = frozenset()
    """The ids of the instances without a log."""
    title: str = "memory"

    def workflows(self) -> Sequence[RemoteWorkflow]:
        return list(self.instances_by_workflow)

    def instances(self, workflow: str, *, not_ended: bool = False) -> Iterator[RemoteInstance]:
        (listed,) = [each for key, each in self.instances_by_workflow.items() if key.name == workflow]
        return (each for each in listed if not (not_ended and each.has_ended))

    def log(self, workflow: str, instance_id: str) -> bytes:
        if instance_id in self.deleted or instance_id not in [each.id for each in self.instances(workflow)]:
            raise UnknownInstanceError(Problem(self.title, "not found."))
        return f"{workflow}/{instance_id}".encode()


def instance(name: str, day: int, status: str = "running") -> RemoteInstance:
    return RemoteInstance(name, status, f"2026-11-{day:02}T00:00:00.000Z")


BOTH = Memory({ORDERS: [instance("b", 5), instance("a", 1)], BILLS: [instance("c", 7, "complete"), instance("a", 2)]})


def problem_of(source: Memory, name: str, workflow: str | None = None, kind: type[InputError] = InputError) -> str:
    with pytest.raises(kind) as caught:
        fetch_log(source, name, workflow)
    return str(caught.value)


def test_latest_of_all_workflows() -> None:
    log = fetch_log(BOTH, "latest")
    assert (log.workflow, log.instance_id, log.content) == (BILLS, "c", b"bills/c")


@pytest.mark.parametrize("name", ["orders", "Orders"])
def test_latest_of_one_workflow(name: str) -> None:
    assert fetch_log(BOTH, "latest", name).instance_id == "b"


def test_latest_of_the_workflows_with_code() -> None:
    assert fetch_log(BOTH, "latest", preferred=["Orders"]).instance_id == "b"
    assert fetch_log(BOTH, "latest", preferred=["Other"]).instance_id == "c"


def test_id_in_one_workflow() -> None:
    assert fetch_log(BOTH, "c").workflow == BILLS


def test_id_in_two_workflows() -> None:
    message = problem_of(BOTH, "a")
    assert (
        message
        == "memory: 2 workflows have an instance `a`: `orders`, `bills`. Select a workflow with --workflow NAME."
    )
    assert fetch_log(BOTH, "a", "bills").content == b"bills/a"


def test_unknown_id() -> None:
    assert problem_of(BOTH, "x", kind=UnknownInstanceError) == (
        "memory: no workflow has an instance `x`. `latest` selects the newest instance."
    )
    assert problem_of(BOTH, "x", "bills", UnknownInstanceError) == (
        "memory: `bills` has no instance `x`. `latest` selects the newest instance."
    )


def test_unknown_workflow() -> None:
    assert problem_of(BOTH, "latest", "order") == "memory: no workflow `order`. Did you mean `orders`?"
    assert problem_of(BOTH, "latest", "zebra") == "memory: no workflow `zebra`. Available: `orders`, `bills`."


def test_nothing_to_show() -> None:
    assert problem_of(Memory({}), "latest", kind=NoInstanceError) == (
        "memory: no workflow found. Deploy one, or check the address or account."
    )
    assert problem_of(Memory({ORDERS: []}), "latest", kind=NoInstanceError) == "memory: `orders` has no instance."


def test_many_workflows_are_not_all_listed() -> None:
    many = Memory({RemoteWorkflow(f"w{number}", "W"): [] for number in range(12)})
    names = "`w0`, `w1`, `w2`, `w3`, `w4`, `w5`, `w6`, `w7`, `w8`, `w9`"
    assert problem_of(many, "latest", "zebra") == f"memory: no workflow `zebra`. Available: {names}, and 2 more."


def test_running_logs() -> None:
    assert [log.content for log in fetch_running_logs(BOTH)] == [b"orders/b", b"orders/a", b"bills/a"]
    assert [log.content for log in fetch_running_logs(BOTH, "bills")] == [b"bills/a"]


def test_running_logs_without_an_instance_that_was_deleted() -> None:
    source = Memory(BOTH.instances_by_workflow, frozenset({"b"}))
    assert [log.content for log in fetch_running_logs(source, "orders")] == [b"orders/a"]
