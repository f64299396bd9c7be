"""SG113 and SG116: what a configuration says of names, and of the runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.projects import CONFIGURATION, ENTRY, HEAD, WORKFLOWS, found, shown

DATE = 'compatibility_date = "2026-03-01"\n'
FLAGS = 'compatibility_flags = ["python_workers"]\n'


def project(configuration: str) -> dict[str, str]:
    return {"entry.py": ENTRY, "wrangler.toml": configuration}


def test_a_missing_flag_is_found_where_the_main_module_is_named(tmp_path: Path) -> None:
    findings = found(tmp_path, project(CONFIGURATION.replace(FLAGS, "")), "SG116")

    assert shown(findings, tmp_path) == [
        (
            "wrangler.toml:2:8: error: the compatibility flag `python_workers` is missing, and wrangler refuses a"
            ' Worker in Python without it. Add it, as in `"compatibility_flags": ["python_workers"]`. [SG116]'
        )
    ]


def test_a_date_before_workflows_is_named(tmp_path: Path) -> None:
    findings = found(tmp_path, project(CONFIGURATION.replace("2026-03-01", "2025-09-19")), "SG116")

    assert shown(findings, tmp_path) == [
        (
            "wrangler.toml:4:23: error: the compatibility flag `python_workflows` is missing, and the date 2025-09-19"
            " does not imply it: no workflow runs. Set `compatibility_date` to 2025-09-20 or later, or add the flag."
            " [SG116]"
        )
    ]


def test_both_flags_may_be_missing(tmp_path: Path) -> None:
    configuration = CONFIGURATION.replace(FLAGS, "").replace("2026-03-01", "2025-01-01")

    assert len(found(tmp_path, project(configuration), "SG116")) == 2


def test_without_a_date_only_what_no_date_implies_is_missing(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, project(CONFIGURATION.replace(DATE, "").replace(FLAGS, "")), "SG116")

    assert "`python_workers`" in finding.message


def test_the_flags_of_an_environment_take_the_place_of_those_above(tmp_path: Path) -> None:
    own = WORKFLOWS.replace("[[workflows]]", "[[env.production.workflows]]")
    files = project(f"{CONFIGURATION}\n[env.production]\ncompatibility_flags = []\n{own}")

    assert found(tmp_path, files, "SG116") == []
    assert [f.span.line for f in found(tmp_path, files, "SG116", environment="production")] == [12]


def test_the_flags_above_hold_in_an_environment_without_its_own(tmp_path: Path) -> None:
    own = WORKFLOWS.replace("[[workflows]]", "[[env.production.workflows]]")

    assert found(tmp_path, project(f"{HEAD}{own}"), "SG116", environment="production") == []


def test_flags_that_are_no_list_are_an_error_of_the_configuration_alone(tmp_path: Path) -> None:
    files = project(CONFIGURATION.replace('["python_workers"]', '"python_workers"'))

    assert len(found(tmp_path, files, "SG003")) == 1
    assert found(tmp_path, files, "SG116") == []


def test_a_worker_in_another_language_needs_no_flag(tmp_path: Path) -> None:
    configuration = CONFIGURATION.replace(FLAGS, "").replace("entry.py", "src/index.ts")

    assert found(tmp_path, project(configuration), "SG116") == []


def test_a_name_is_found_where_it_stands(tmp_path: Path) -> None:
    findings = found(tmp_path, project(CONFIGURATION.replace('"orders"', '"my orders"')), "SG113")

    assert shown(findings, tmp_path) == [
        (
            "wrangler.toml:8:8: error: the name 'my orders' has a space in it, so Cloudflare refuses to deploy the"
            " workflow."
            ' Write "my-orders", or another name of 1 to 64 letters, digits, hyphens and underscores. [SG113]'
        )
    ]


def test_the_name_of_a_workflow_of_another_worker_counts(tmp_path: Path) -> None:
    other = WORKFLOWS.replace('"orders"', '"other.orders"') + 'script_name = "other"\n'

    assert [f.span.line for f in found(tmp_path, project(CONFIGURATION + other), "SG113")] == [13]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("o" * 65, "is longer than 64 characters (65)"),
        ("bestellungen-für-alle", "has 'ü' in it"),
        ("-orders", "begins with a hyphen"),
        (r"orders\n", r"has '\n' in it"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(tmp_path: Path, name: str, fault: str) -> None:
    (finding,) = found(tmp_path, project(CONFIGURATION.replace('"orders"', f'"{name}"')), "SG113")

    assert fault in finding.message


@pytest.mark.parametrize("name", ["o", "o" * 64, "_", "9", "orders-", "a_b-C"])
def test_a_valid_name_is_not_found(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, project(CONFIGURATION.replace('"orders"', f'"{name}"')), "SG113") == []
