"""Unchecked runs and unreached steps, listed by name so that additions are noticed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

UNCHECKED: Final[Mapping[str, str]] = {
    "SG117, Method called only if it exists": "incomplete",
    "SG123, Base class with steps in a subclass, Flow": "no graph",
}

SURVIVED_FAILURES: Final[Mapping[str, str]] = {
    "SG117, Tasks passed to `asyncio.wait`": "`asyncio.wait` for one step does not raise its failure",
    "SG204, Awaited tasks in an attribute": "`asyncio.wait` for one step does not raise its failure",
}
"""Programs that survive a failure without a `try`, which graphs do not represent. Only runs without failures count."""

UNCHECKED_WITH_FAILURES: Final[Mapping[str, str]] = {**UNCHECKED, **SURVIVED_FAILURES}

_REJECTED_BY_THE_SDK: Final = (
    (frozenset({"customs cleared"}), "order_changed_in_many_ways, after"),  # event type is not positional
    (frozenset({"charge"}), "sleep_no_longer_awaited, before"),  # sleep passed to create_task
    (frozenset({"charge", "load"}), "step_waits_no_longer_for_a_wait, after"),
    (frozenset({"charge", "load"}), "step_waits_no_longer_for_a_wait, before"),
    (frozenset({"charge", "opening"}), "timestamp_changed, after"),  # time as text
    (frozenset({"charge", "opening"}), "timestamp_changed, before"),
    (frozenset({"reserve {item}"}), "mistakes"),  # parameter with a default
)

_NEVER_CAUGHT: Final = (  # errors of steps keep their type only for ValueError and TypeError
    (frozenset({"note"}), "handler_added_after_others_before_a_wait, after"),
    (frozenset({"note"}), "handler_added_after_others_before_a_wait, before"),
    (frozenset({"report"}), "handler_added_between_others_before_a_wait, after"),
)

_TOO_RARE: Final = (
    (frozenset({"refund"}), "handler_added_in_a_function_that_is_tried_before_a_wait, after"),
    (frozenset({"call the whole department together"}), "incident_escalation"),
    (
        frozenset(
            {"alert the head of operations", "close the loan account", "delete the charge from the land register"}
        ),
        "mortgage_application",
    ),
    (frozenset({"decision of the account manager"}), "subscription_dunning, SubscriptionDunningWorkflow"),
    (frozenset({"renewal"}), "SG120, Seconds converted to milliseconds"),
    (frozenset({"fetch {key} of {day}"}), "SG301, Deterministic ID and date"),
    (frozenset({"second"}), "SG305, Client created on demand in each step"),
    (frozenset({"pause"}), "SG313, Registry that the module fills when it is imported"),
    (frozenset({"pause"}), "SG313, Settings that the first run in a Worker loads, and that are the same for all runs"),
)

UNREACHED: Final[Mapping[str, frozenset[str]]] = {
    title: steps for steps, title in (*_REJECTED_BY_THE_SDK, *_NEVER_CAUGHT, *_TOO_RARE)
}
"""Steps that no run reaches, by program title."""

UNDECIDED_SHARES: Final[Mapping[str, float]] = {"marketplace_payout": 0.1}
"""Maximum share of traces that may exceed the search limit, by program. Concurrent recursion has too many paths."""
