"""Pairs of deployed and new code, with the effect that the engine was observed to have on an instance of the old code.

The instance was stopped at its last entry, and resumed under the new code.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph import analyze_source
from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import InstanceLog
from stepgraph.model.details import ComparableDetails
from stepgraph.model.payload import Duration, Graph, Node
from stepgraph.replay.new_code import NewCode
from tests.instances.short_logs import ended, failed, log_of, opened
from tests.render.graphs import block, branch, call, do, either, function, graph, loop, parallel, protected


def sleep(name: str = "cool down", duration: Duration = 2000) -> Node:
    return {"type": "step_sleep", "name": name, "duration": duration}


def sleep_until(name: str) -> Node:
    return {"type": "step_sleep_until", "name": name, "timestamp": "{event.timestamp}"}


def wait(name: str = "approval", event_type: str = "approved", timeout: Duration = "1 hour") -> Node:
    return {"type": "step_wait_for_event", "name": name, "options": {"event_type": event_type, "timeout": timeout}}


class Pair(Struct, frozen=True):
    """Two versions of a workflow, and an instance of the old one."""

    old: Graph
    new: Graph
    log: InstanceLog
    effect: InstanceEffect
    """The observed effect."""
    names: dict[str, tuple[str, ...]] = {}
    """The observed names, by field of `Replay`. The other fields are not compared."""
    alone: InstanceEffect | None = None
    """The effect that the new version alone tells, if it differs."""


LOAD, CHARGE, SHIP = do("load order"), do("charge card"), do("ship")
SLEEPING: Final = log_of("paused", ended("load order"), ended("charge card"), opened("cool down", "sleep"))
WAITING: Final = log_of("running", ended("load order"), ended("charge card"), opened("approval", "wait"))
SLEEPS: Final = graph(LOAD, CHARGE, sleep(), SHIP)
WAITS: Final = graph(LOAD, CHARGE, wait(), SHIP)
REFUNDS: Final = protected(block(CHARGE), catch=block(do("refund")))
FAILED: Final = log_of(
    "paused", ended("load order"), failed("charge card"), ended("refund"), opened("cool down", "sleep")
)
BRANCHES: Final = log_of("paused", ended("load order"), ended("express"), opened("cool down", "sleep"))
PACKED: Final = log_of("paused", *(ended("pack") for _ in range(3)), opened("cool down", "sleep"))


def branching(condition: str) -> Graph:
    choice = either(branch(condition, do("express")), branch(None, do("normal")))
    return graph(LOAD, choice, sleep(), SHIP)


def counted(log: InstanceLog) -> InstanceLog:
    """Return a log with counters for repeated names."""
    counts: dict[tuple[str, str], int] = {}
    entries = []
    for entry in log.entries:
        count = counts[entry.kind, entry.name] = counts.get((entry.kind, entry.name), 0) + 1
        entries.append(replace(entry, count=count, log_name=f"{entry.name}-{count}"))
    return replace(log, entries=tuple(entries))


REUSED: Final = ("load order-1", "charge card-1")
TAKEN_UP: Final = {"reused": REUSED, "taken_up": ("cool down-1",), "orphans": ()}

PAIRS: Final[dict[str, Pair]] = {
    "unchanged": Pair(SLEEPS, SLEEPS, SLEEPING, "resumes", TAKEN_UP),
    "finished step renamed": Pair(
        SLEEPS,
        graph(LOAD, do("charge payment"), sleep(), SHIP),
        SLEEPING,
        "reruns",
        {"reruns": ("charge payment-1",), "reused": ("load order-1",), "orphans": ("charge card-1",)},
    ),
    "later step renamed": Pair(SLEEPS, graph(LOAD, CHARGE, sleep(), do("dispatch")), SLEEPING, "resumes", TAKEN_UP),
    "step added before the sleep": Pair(
        SLEEPS, graph(LOAD, do("check fraud"), CHARGE, sleep(), SHIP), SLEEPING, "out_of_order", TAKEN_UP
    ),
    "finished step removed": Pair(
        SLEEPS, graph(LOAD, sleep(), SHIP), SLEEPING, "resumes", {"orphans": ("charge card-1",)}
    ),
    "finished steps reordered": Pair(
        SLEEPS, graph(CHARGE, LOAD, sleep(), SHIP), SLEEPING, "resumes", {"reused": REUSED[::-1], "orphans": ()}
    ),
    "finished step moved after the wait": Pair(
        WAITS, graph(LOAD, wait(), CHARGE, SHIP), WAITING, "resumes", {"reused": REUSED, "orphans": ()}
    ),
    "open sleep with another duration": Pair(
        SLEEPS,
        graph(LOAD, CHARGE, sleep(duration=3000), SHIP),
        SLEEPING,
        "reruns",
        {"restarted_waits": ("cool down-1",), "taken_up": (), "orphans": ()},
        alone="resumes",
    ),
    "finished sleep with another duration": Pair(
        graph(LOAD, sleep("settle", 60), CHARGE, wait()),
        graph(LOAD, sleep("settle", 3000), CHARGE, wait()),
        log_of(
            "running",
            ended("load order"),
            ended("settle", kind="sleep"),
            ended("charge card"),
            opened("approval", "wait"),
        ),
        "reruns",
        {"restarted_waits": ("settle-1",), "reused": REUSED, "taken_up": ("approval-1",), "orphans": ()},
    ),
    "open sleep renamed": Pair(
        SLEEPS,
        graph(LOAD, CHARGE, sleep("settle"), SHIP),
        SLEEPING,
        "reruns",
        {"restarted_waits": ("settle-1",), "taken_up": (), "orphans": ("cool down-1",)},
    ),
    "duration in other words": Pair(
        SLEEPS, graph(LOAD, CHARGE, sleep(duration="2 seconds"), SHIP), SLEEPING, "resumes", TAKEN_UP
    ),
    "event type of the open wait": Pair(
        WAITS, graph(LOAD, CHARGE, wait(event_type="signed"), SHIP), WAITING, "stuck", alone="resumes"
    ),
    "open wait renamed": Pair(
        WAITS,
        graph(LOAD, CHARGE, wait("sign-off"), SHIP),
        WAITING,
        "reruns",
        {"restarted_waits": ("sign-off-1",), "orphans": ("approval-1",)},
    ),
    "timeout of the open wait": Pair(WAITS, graph(LOAD, CHARGE, wait(timeout=1), SHIP), WAITING, "resumes"),
    "wait that timed out renamed": Pair(
        graph(LOAD, protected(block(wait("reply")), catch=block(do("remind"))), sleep(), SHIP),
        graph(LOAD, protected(block(wait("answer")), catch=block(do("remind"))), sleep(), SHIP),
        log_of(
            "paused",
            ended("load order"),
            ended("reply", kind="wait", outcome="failed"),
            ended("remind"),
            opened("cool down", "sleep"),
        ),
        "reruns",
        {"restarted_waits": ("answer-1",), "reused": ("load order-1", "remind-1"), "orphans": ("reply-1",)},
    ),
    "finished step wrapped in a try": Pair(SLEEPS, graph(LOAD, REFUNDS, sleep(), SHIP), SLEEPING, "resumes", TAKEN_UP),
    "step with an equal name before": Pair(
        SLEEPS,
        graph(CHARGE, LOAD, CHARGE, sleep(), SHIP),
        SLEEPING,
        "reruns",
        {"reruns": ("charge card-2",), "reused": REUSED[::-1], "taken_up": ("cool down-1",)},
    ),
    "equal sleep before the open one": Pair(
        SLEEPS,
        graph(LOAD, sleep(), CHARGE, sleep(), SHIP),
        SLEEPING,
        "reruns",
        {"restarted_waits": ("cool down-2",), "taken_up": ("cool down-1",), "orphans": ()},
    ),
    "retrying step": Pair(
        SLEEPS,
        SLEEPS,
        log_of("paused", ended("load order"), opened("charge card", error="Error: declined")),
        "resumes",
        {"taken_up": ("charge card-1",)},
    ),
    "failed step that was caught": Pair(
        graph(LOAD, REFUNDS, sleep(), SHIP),
        graph(LOAD, REFUNDS, sleep(), do("dispatch")),
        FAILED,
        "resumes",
        {"reused": ("load order-1", "charge card-1", "refund-1"), "orphans": ()},
    ),
    "handler of a failed step removed": Pair(
        graph(LOAD, REFUNDS, sleep(), SHIP),
        SLEEPS,
        FAILED,
        "fails",
        {"orphans": ("refund-1", "cool down-1")},
    ),
    "loop that is over": Pair(
        graph(loop(do("pack")), sleep(), SHIP), graph(loop(do("pack")), sleep()), counted(PACKED), "resumes"
    ),
    "condition of a branch that was taken": Pair(
        branching("total > 3"), branching("total > 8"), BRANCHES, "unknown", alone="resumes"
    ),
    "open sleep becomes a wait": Pair(
        SLEEPS,
        graph(LOAD, CHARGE, wait("cool down"), SHIP),
        SLEEPING,
        "stuck",
        {"restarted_waits": ("cool down-1",), "orphans": ("cool down-1",)},
    ),
    "open wait becomes a sleep": Pair(
        WAITS,
        graph(LOAD, CHARGE, sleep("approval"), SHIP),
        WAITING,
        "reruns",
        {"restarted_waits": ("approval-1",), "orphans": ("approval-1",)},
    ),
    "steps moved into a helper": Pair(
        WAITS,
        graph(LOAD, call("pay"), functions={"pay": function("pay", CHARGE, wait(), SHIP)}),
        WAITING,
        "resumes",
        {"reused": REUSED, "taken_up": ("approval-1",), "orphans": ()},
    ),
    "steps moved into a group": Pair(
        SLEEPS,
        graph(
            parallel("all", do("load order", starts=1, resolves=2), do("charge card", starts=1, resolves=2)),
            sleep(),
            SHIP,
        ),
        SLEEPING,
        "resumes",
        TAKEN_UP,
    ),
    "time of a finished sleep has passed": Pair(
        graph(LOAD, sleep_until("opening"), wait(), SHIP),
        graph(LOAD, sleep_until("opening"), wait(), do("dispatch")),
        log_of("paused", ended("load order"), ended("opening", kind="sleep"), opened("approval", "wait")),
        "fails",
        {"reused": ("load order-1",), "orphans": ("approval-1",)},
    ),
    "open wait removed": Pair(
        WAITS, graph(LOAD, CHARGE, SHIP), WAITING, "resumes", {"reused": REUSED, "orphans": ("approval-1",)}
    ),
    "new step in a new branch": Pair(
        SLEEPS,
        graph(LOAD, either(branch("total > 3", do("check fraud"))), CHARGE, sleep(), SHIP),
        SLEEPING,
        "out_of_order",
        alone="resumes",
    ),
    "last finished step renamed": Pair(
        SLEEPS,
        graph(LOAD, do("pay"), sleep(), SHIP),
        log_of("running", ended("load order"), ended("charge card")),
        "reruns",
        {"reruns": ("pay-1",)},
        alone="unknown",
    ),
    "step renamed in a loop": Pair(
        graph(loop(do("pack"), do("send {item}"))),
        graph(loop(do("pack"), do("mail {item}"))),
        counted(log_of("running", ended("pack"), ended("send a"), ended("pack"), ended("send b"), opened("pack"))),
        "reruns",
        {"reruns": ("mail {item}",), "reused": ("pack-1", "pack-2"), "orphans": ("send a-1", "send b-1")},
    ),
}
"""The pairs by the change of the code."""

EXCHANGED: Final = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("$1")
        async def load():
            return await self.env.ORDERS.load()
        @step.do("$2")
        async def charge():
            return await self.env.PAYMENTS.charge()
        await load()
        await charge()
        await step.sleep("cool down", 2000)
"""
"""The source of a workflow whose steps have the names `$1` and `$2`."""


@lru_cache(maxsize=64)
def code_of(source: str) -> tuple[Graph, ComparableDetails]:
    """Return the graph and the details of the only workflow in a source.

    They are kept, because the tests of a module compare many edits with the same source.
    """
    (workflow,) = analyze_source(source).workflows
    assert workflow.graph is not None
    return workflow.graph, workflow.comparable_details


def new_code(old: str, new: str) -> NewCode:
    """Return the code of a source as the new code of instances that run another one."""
    (deployed, old_details), (changed, new_details) = code_of(old), code_of(new)
    return NewCode.of(changed, deployed, (old_details, new_details))
