"""The effects of new code on instances, in each output format."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from pydantic import TypeAdapter

from stepgraph.execution.engine_rules import BEST_TO_WORST, InstanceEffect
from stepgraph.model.json_schema import replay_report_schema
from stepgraph.model.replay_report import ReplayDocument
from stepgraph.replay.replay import Replay
from stepgraph.report.replay.json_report import render_json
from stepgraph.report.replay.markdown import render_markdown
from stepgraph.report.replay.replay_report import ReplayedInstance, ReplayFailOn, ReplayReport, advice
from stepgraph.report.replay.text import render_text
from tests.report.reports import HOSTILE

RERUNS = Replay(
    "reruns",
    ("`pay-1` runs, because the result of its work is stored under another name, `charge-1`.",),
    ("The stored error of `load-1` is raised again; new code of the step does not run.",),
    reruns=("pay-1",),
    reused=("load-1",),
    orphans=("charge-1",),
)


def instance(title: str, replay: Replay, *, path: str | None = None) -> ReplayedInstance:
    return ReplayedInstance(title, "" if path else title, path, "running", "orders (Orders)", replay)


def report(*instances: ReplayedInstance, ended: int = 0) -> ReplayReport:
    return ReplayReport(instances, ended, "v1.2", ReplayFailOn.UNKNOWN, "1.2.3")


EXAMPLE = report(
    instance("4f2a", Replay("resumes", taken_up=("nap-1",))),
    instance("logs/b.json", RERUNS, path="logs/b.json"),
    instance("c", Replay("resumes", reused=("load-1", "pay-1"))),
    instance("d", Replay("resumes")),
    ended=2,
)


def test_text() -> None:
    assert render_text(EXAMPLE) == (
        "INSTANCE     STATUS   EFFECT   DETAILS\n"
        "4f2a         running  resumes  Continues at `nap-1`.\n"
        "logs/b.json  running  reruns   "
        "`pay-1` runs, because the result of its work is stored under another name, `charge-1`.\n"
        "                               "
        "The stored error of `load-1` is raised again; new code of the step does not run.\n"
        "c            running  resumes  Continues after `pay-1`.\n"
        "d            running  resumes  Has not run a step.\n"
        "\n"
        "4 instances in flight (reruns: 1, resumes: 3), 2 others ended.\n"
        "   = help: reruns: keep the old name and duration, "
        "or move the change after the step that the instance is at\n"
        "Assumes that unchanged conditions and loops decide as before.\n"
    )


@pytest.mark.parametrize(
    ("replay", "remark"),
    [
        (Replay("resumes", orphans=("a-1",)), "Starts from the beginning. The new code does not call `a-1`."),
        (
            Replay("resumes", reused=("b-1",), orphans=("a-1",)),
            "Continues after `b-1`. The new code does not call `a-1`.",
        ),
    ],
)
def test_entries_that_the_new_code_does_not_call_are_named(replay: Replay, remark: str) -> None:
    assert render_text(report(instance("a", replay))).splitlines()[1] == f"a         running  resumes  {remark}"


def test_each_effect_has_a_remedy() -> None:
    effects = [instance(effect, Replay(effect, ("Reason.",))) for effect in BEST_TO_WORST]
    deployed = report(*effects)
    assert advice(deployed) == [
        "fails: keep the `except` clause of the stored error, or restart the instance after the deployment",
        "stuck: send the event (any event for a sleep), or keep the old sleep or wait",
        "reruns: keep the old name and duration, or move the change after the step that the instance is at",
        "unknown: check the named code, or deploy when the instance has ended",
        "out of order: check that the order of these steps does not matter",
    ]
    assert advice(replace(deployed, deployed=None))[3] == "unknown: name the deployed version with --from"
    assert all(f"- {each}\n" in render_markdown(deployed) for each in advice(deployed))


def test_effects_are_colored() -> None:
    assert "\x1b[1;31mreruns\x1b[0m" in render_text(EXAMPLE, color=True)


def test_json_matches_the_schema() -> None:
    data = json.loads(render_json(EXAMPLE))
    assert TypeAdapter(ReplayDocument).validate_python(data) == data
    validator = Draft202012Validator(json.loads(replay_report_schema()))
    assert [error.json_path for error in validator.iter_errors(data)] == []
    assert data["summary"] == {
        "text": "4 instances in flight (reruns: 1, resumes: 3), 2 others ended",
        "assumption": "Assumes that unchanged conditions and loops decide as before.",
        "fail_on": "unknown",
        "fails": True,
        "instances": 4,
        "ended": 2,
        "resumes": 3,
        "out_of_order": 0,
        "unknown": 0,
        "reruns": 1,
        "stuck": 0,
        "fails_to_resume": 0,
    }


def test_markdown_lists_reasons_in_one_cell() -> None:
    assert (
        "| `logs/b.json` | running | ❌ reruns | `pay-1` runs, because the result of its work is stored under "
        "another name, `charge-1`.<br>The stored error of `load-1` is raised again; "
        "new code of the step does not run. |\n"
    ) in render_markdown(EXAMPLE)


def test_markdown_omits_rows_beyond_the_limit() -> None:
    many = report(*(instance(f"{number:040}", RERUNS) for number in range(1000)))
    text = render_markdown(many)
    shown = text.count("❌ reruns")
    assert len(text) < 65_536
    assert f"\n{1000 - shown} more instances would exceed GitHub's limit. Run `stepgraph replay` to see all.\n" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_escaped(name: str) -> None:
    hostile = report(instance(name, Replay("stuck", (name,))))
    assert render_text(hostile).count("\n") == 6
    assert render_markdown(hostile).count("\n") == 9
    assert json.loads(render_json(hostile))["instances"][0].get("id", "") == name


def test_each_effect_fails_from_its_level_on() -> None:
    effects: list[InstanceEffect] = ["resumes", "out_of_order", "unknown", "reruns", "stuck", "fails"]
    failing = {level: [effect for effect in effects if level.fails(effect)] for level in ReplayFailOn}
    assert failing == {
        ReplayFailOn.ANY: effects[1:],
        ReplayFailOn.UNKNOWN: effects[2:],
        ReplayFailOn.RERUNS: effects[3:],
        ReplayFailOn.STUCK: effects[4:],
        ReplayFailOn.NONE: [],
    }


def test_long_statuses_are_cut() -> None:
    long = ReplayedInstance("a", "a", None, "x" * 5000, "orders (Orders)", Replay("resumes"))
    assert len(render_text(report(long)).splitlines()[1]) < 500
    assert len(render_markdown(report(long))) < 800
