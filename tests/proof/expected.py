"""Which runs are not judged, and which steps no run reaches: each by name, so that neither grows unseen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LEFT_OUT: Final[Mapping[str, str]] = {
    "SG101, a step whose name is computed": "incomplete",
    "SG117, a method that is there after a look": "incomplete",
    "SG123, a base class whose work is done by others, Flow": "no graph",
}

NOT_CAUGHT: Final[Mapping[str, str]] = {
    "SG204, tasks that are kept on the object": "`asyncio.wait` for one step does not raise its failure",
}
"""Programs that live through a failure without a `try`, which graphs do not show: their runs with failures."""

LEFT_OUT_WITH_FAILURES: Final[Mapping[str, str]] = {**LEFT_OUT, **NOT_CAUGHT}

_REFUSED_BY_THE_SDK: Final = (
    (frozenset({"customs cleared"}), "order_changed_in_many_ways, after"),  # the type of an event by its name
    (frozenset({"charge"}), "sleep_no_longer_awaited, before"),  # a sleep as a task
    (frozenset({"charge", "load"}), "step_waits_no_longer_for_a_wait, after"),
    (frozenset({"charge", "load"}), "step_waits_no_longer_for_a_wait, before"),
    (frozenset({"charge", "opening"}), "timestamp_changed, after"),  # a time as text
    (frozenset({"charge", "opening"}), "timestamp_changed, before"),
    (frozenset({"reserve {item}"}), "mistakes"),  # a default of a parameter
)

_NEVER_CAUGHT: Final = (  # the error of a step keeps its type only if it is a ValueError or a TypeError
    (frozenset({"note"}), "handler_added_after_others_before_a_wait, after"),
    (frozenset({"note"}), "handler_added_after_others_before_a_wait, before"),
    (frozenset({"report"}), "handler_added_between_others_before_a_wait, after"),
)

_TOO_RARE: Final = (
    (frozenset({"refund"}), "handler_added_in_a_function_that_is_tried_before_a_wait, after"),
    (frozenset({"sample"}), "SG302, a decision that a step made"),
    (frozenset({"call the whole department together"}), "incident_escalation"),
    (
        frozenset(
            {"alert the head of operations", "close the loan account", "delete the charge from the land register"}
        ),
        "mortgage_application",
    ),
    (frozenset({"decision of the account manager"}), "subscription_dunning, SubscriptionDunningWorkflow"),
    (frozenset({"fetch {key} of {day}"}), "SG301, an id made of the payload, and the time of the event"),
    (frozenset({"second"}), "SG305, a client that is made where it is not there"),
)

UNREACHED: Final[Mapping[str, frozenset[str]]] = {
    title: steps for steps, title in (*_REFUSED_BY_THE_SDK, *_NEVER_CAUGHT, *_TOO_RARE)
}
"""Steps that no run reaches, by the title of their program."""

TOO_HARD: Final[Mapping[str, float]] = {"marketplace_payout": 0.1}
"""Of what share of traces the judge may find no path, and no proof that there is none: side by side, recursion has too
many."""
