"""The settings and waits of each step type in a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args, get_type_hints

import pytest
from typing_extensions import is_typeddict

from stepgraph.diff.diff import diff_workflows
from stepgraph.diff.in_flight.effects import SAFE
from stepgraph.diff.step_types import TRAITS, WAITS, may_be_in_flight, settings_impact
from stepgraph.execution.engine_rules import Effect
from stepgraph.model.payload import Step
from tests.model.payloads import ENGINE_DEFAULTS, NODES
from tests.render.graphs import do, graph

NOT_SETTINGS = {"type", "name", "nodes", "starts", "resolves"}
STEPS = {get_args(get_type_hints(step)["type"])[0]: step for step in get_args(Step)}


def paths(shape: object, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the keys that lead to each value in an object of the payload."""
    if not is_typeddict(shape):
        yield above
        return
    for key, inner in get_type_hints(shape).items():
        if above or key not in NOT_SETTINGS:
            yield from paths(inner, (*above, key))


@pytest.mark.parametrize("step_type", TRAITS)
def test_each_field_of_a_step_is_a_setting(step_type: str) -> None:
    described = {setting.path for setting in TRAITS[step_type].settings}
    assert described == set(paths(STEPS[step_type])), f"add the fields of `{step_type}` to diff/step_types.py"


@pytest.mark.parametrize("step_type", ENGINE_DEFAULTS)
def test_settings_have_the_engines_defaults(step_type: str) -> None:
    # An absent event type is shown as empty text, although the engine has no default for it.
    described = {each.path: each.default for each in TRAITS[step_type].settings if each.default not in (None, "")}
    assert described == ENGINE_DEFAULTS[step_type], (
        f"the defaults of `{step_type}` in diff/step_types.py and in ENGINE_DEFAULTS of tests/model/payloads.py differ"
    )


@pytest.mark.parametrize("step_type", TRAITS)
def test_an_unlisted_field_is_safe_only_without_waiting(step_type: str) -> None:
    old, new = ({"name": "a", "schedule": value} for value in ("0 8 * * *", "0 9 * * *"))
    impact = settings_impact(step_type, "schedule", old, new)
    assert impact.effect is (Effect.BREAKING if step_type in WAITS else Effect.SAFE)
    assert settings_impact(step_type, "resolves", old, new) == SAFE


def test_an_unlisted_object_is_shown_with_its_values() -> None:
    old, new = (
        graph({**NODES["step_sleep"], "config": {"schedule": value}})["workflow"]  # type: ignore[arg-type]
        for value in ("0 8 * * *", "0 9 * * *")
    )
    (change,) = diff_workflows(old, new).changes
    assert change.title.startswith('sleep \'cool down\': config {"schedule":"0 8 * * *"} → ')
    assert change.impact.reason == "instances may be waiting at it, and the effect of its config is unknown"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"retries": {"limit": 5, "delay": 1000, "backoff": "exponential"}, "timeout": "10 minutes"}, False),
        ({"retries": {"limit": 5, "delay": "1 minute", "backoff": "constant"}, "timeout": "10 minutes"}, True),
        ({"retries": {"limit": 0, "delay": "1 minute", "backoff": "constant"}, "timeout": "10 minutes"}, False),
        ({"retries": {"limit": 5, "delay": "{delay}", "backoff": "constant"}, "timeout": "10 minutes"}, True),
        ({"retries": {"limit": 5, "delay": 1000, "backoff": "constant"}, "timeout": "2 hours"}, True),
    ],
)
def test_instances_may_be_in_flight_at_long_retries(config: dict[str, object], *, expected: bool) -> None:
    fields = {"name": "charge", "config": config}
    assert may_be_in_flight("step_do", fields, "retries") is expected
    assert not may_be_in_flight("step_do", fields, "waits")


def test_long_retries_count_as_waits_on_request() -> None:
    retrying = do(
        "charge", config={"retries": {"limit": 5, "delay": "1 hour", "backoff": "constant"}, "timeout": "10 minutes"}
    )
    old, new = (graph(do(name), retrying)["workflow"] for name in ("load", "fetch"))
    (change,) = diff_workflows(old, new, in_flight="retries").changes
    assert change.impact.reason == "instances waiting at 'charge' run it again under the new name"
    assert diff_workflows(old, new).effect is Effect.SAFE
