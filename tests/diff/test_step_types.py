"""The settings and waits of each step type in a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args, get_type_hints

import pytest
from typing_extensions import is_typeddict

from stepgraph.diff.diff import diff_workflows
from stepgraph.diff.in_flight.effects import SAFE, Effect
from stepgraph.diff.step_types import TRAITS, WAITS, settings_impact
from stepgraph.model.payload import Step
from tests.model.payloads import ENGINE_DEFAULTS, NODES
from tests.render.graphs import graph

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
