"""Reports as SARIF, against the official schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from msgspec.structs import replace

from stepgraph.checks.catalogue import RULES
from stepgraph.checks.diagnostic import RelatedLocation
from stepgraph.escaping.plain_text import visible
from stepgraph.model.span import Span
from stepgraph.report.report import FingerprintedFinding, Report, SourceFile
from stepgraph.report.sarif import render_sarif
from tests.report.example import example
from tests.report.reports import HOSTILE, everywhere, finding, report, span, with_others, workflow

SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = Draft4Validator(SCHEMA)


def run_of(sample: Report) -> Any:  # noqa: ANN401 - JSON
    """Return the single run of a report, validated."""
    data = json.loads(render_sarif(sample))
    assert [error.json_path for error in VALIDATOR.iter_errors(data)] == []
    (run,) = data["runs"]
    return run


def location_of(sample: Report) -> Any:  # noqa: ANN401 - likewise
    (result,) = run_of(sample)["results"]
    (location,) = result["locations"]
    return location["physicalLocation"]


def test_schema_is_sarif_2_1_0() -> None:
    Draft4Validator.check_schema(SCHEMA)
    assert SCHEMA["title"] == "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
    assert [error.json_path for error in VALIDATOR.iter_errors({"version": "2.1.0"})] == ["$"]


def test_related_location() -> None:
    related = RelatedLocation(Span("src/db.py", 3, 5, 3, 9), "`fetch` is called here")
    (result,) = run_of(report(replace(finding(), related=(related,))))["results"]
    assert result["relatedLocations"] == [
        {
            "id": 1,
            "physicalLocation": {
                "artifactLocation": {"uri": "src/db.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9},
            },
            "message": {"text": "`fetch` is called here"},
        }
    ]


def test_result_has_rule_message_and_location() -> None:
    result = run_of(example())["results"][2]
    assert result == {
        "ruleId": "SG205",
        "ruleIndex": 1,
        "level": "warning",
        "message": {
            "text": "`5 min` is 5 milliseconds: the engine takes a unit that it does not know for milliseconds."
            " Write `5 minutes`."
        },
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "src/orders.py", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 22, "startColumn": 49, "endLine": 22, "endColumn": 56},
                },
                "logicalLocations": [{"name": "orders", "kind": "type"}],
            }
        ],
    }


def test_levels_follow_severities() -> None:
    results = run_of(example())["results"]
    assert [result["level"] for result in results] == ["error", "error", "warning", "note"]
    assert "ruleIndex" not in results[3]


def test_fingerprint_is_optional() -> None:
    results = run_of(example())["results"]
    assert results[0]["partialFingerprints"] == {"stepgraph/v1": "3f2a"}
    assert "partialFingerprints" not in results[1]


def test_rules_have_help_and_url() -> None:
    described = run_of(example())["tool"]["driver"]["rules"][0]
    assert described["id"] == "SG118"
    assert described["name"] == "step-called-with-arguments"
    assert described["shortDescription"] == {"text": "A declared step is called with arguments."}
    assert described["helpUri"].endswith("/docs/reference/rules/SG118.md")
    assert described["defaultConfiguration"] == {"level": "error"}
    assert described["properties"]["precision"] == "very-high"
    assert "await charge(10)  # SG118\n```\n" in described["help"]["markdown"]


def test_all_rules_can_be_described() -> None:
    described = run_of(replace(report(), rules=RULES))["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in described] == [rule.code for rule in RULES]


@pytest.mark.parametrize(
    ("path", "artifact"),
    [
        ("src/orders.py", {"uri": "src/orders.py", "uriBaseId": "%SRCROOT%"}),
        ("a b#c%20:?.py", {"uri": "a%20b%23c%2520%3A%3F.py", "uriBaseId": "%SRCROOT%"}),
        ("注.py", {"uri": "%E6%B3%A8.py", "uriBaseId": "%SRCROOT%"}),
        ("../other/a.py", {"uri": "../other/a.py", "uriBaseId": "%SRCROOT%"}),
        ("<stdin>", {"uri": "%3Cstdin%3E", "uriBaseId": "%SRCROOT%"}),
        ("/tmp/a b.py", {"uri": "file:///tmp/a%20b.py"}),  # noqa: S108 - nothing is written there
        ("C:/code/a b.py", {"uri": "file:///C:/code/a%20b.py"}),
    ],
)
def test_files_are_uris(path: str, artifact: dict[str, str]) -> None:
    assert location_of(report(finding(at=span(path))))["artifactLocation"] == artifact


def test_paths_are_relative_to_repository_root() -> None:
    sample = replace(report(finding()), files={"src/orders.py": SourceFile((), "apps/shop/src/orders.py")})
    assert location_of(sample)["artifactLocation"]["uri"] == "apps/shop/src/orders.py"


def test_columns_count_code_points() -> None:
    sample = report(finding(at=Span("a.py", 1, 7, 2, 3)))
    assert run_of(sample)["columnKind"] == "unicodeCodePoints"
    assert location_of(sample)["region"] == {"startLine": 1, "startColumn": 7, "endLine": 2, "endColumn": 3}


def test_run_with_findings_is_successful() -> None:
    (invocation,) = run_of(example())["invocations"]
    assert invocation == {"executionSuccessful": True, "toolExecutionNotifications": []}


def test_run_without_workflows_is_unsuccessful() -> None:
    run = run_of(report(workflows=[]))
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"] == (
        "no workflow was found, so nothing was checked. `stepgraph list` shows the workflows that a path selects."
    )
    assert run["results"] == []


def test_run_with_findings_but_without_workflows_is_unsuccessful() -> None:
    (invocation,) = run_of(report(finding(code="SG114"), workflows=[]))["invocations"]
    assert not invocation["executionSuccessful"]


def test_unreadable_input_fails_the_invocation() -> None:
    (invocation,) = run_of(report(finding(code="SG002")))["invocations"]
    assert not invocation["executionSuccessful"]


def test_required_graph_is_a_notification() -> None:
    (invocation,) = run_of(replace(report(workflows=[workflow(has_dag=False)]), require_dag=True))["invocations"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["level"] == "error"
    assert notification["message"]["text"] == (
        "the graph of the workflow `orders` is missing, but --require-dag requires a complete one."
        " Resolve the code that its findings of SG004 name, or omit --require-dag."
    )


def test_code_in_a_message_is_not_a_link() -> None:
    (result,) = run_of(report(finding("`handlers[name](step)` is not known.", "")))["results"]
    assert result["message"] == {"text": "`handlers[name] (step)` is not known."}


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_valid_and_visible(text: str) -> None:
    (result,) = run_of(everywhere(text))["results"]
    assert result["message"]["text"].startswith(f"m0m {visible(text)}".replace("](", "] ("))


def test_uncounted_findings_are_marked() -> None:
    counting, baselined, ignored = run_of(with_others())["results"]
    assert not {"baselineState", "suppressions"} & set(counting)
    assert (baselined["baselineState"], baselined["partialFingerprints"]) == ("unchanged", {"stepgraph/v1": "9c1e"})
    assert ignored["suppressions"] == [{"kind": "inSource", "justification": "on purpose"}]


def test_example_report_is_valid() -> None:
    sample = example()
    assert len(run_of(sample)["results"]) == len(sample.findings)
    assert all(isinstance(sample_finding, FingerprintedFinding) for sample_finding in sample.findings)
