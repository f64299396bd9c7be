"""Test SG113 and SG116: workflow names and runtime settings of configurations."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.projects import CONFIGURATION, ENTRY, HEAD, WORKFLOWS, check_project, format_findings

DATE = 'compatibility_date = "2026-03-01"\n'
FLAGS = 'compatibility_flags = ["python_workers"]\n'


def project_files(configuration: str) -> dict[str, str]:
    return {"entry.py": ENTRY, "wrangler.toml": configuration}


def test_missing_flag_is_flagged_at_main(tmp_path: Path) -> None:
    findings = check_project(tmp_path, project_files(CONFIGURATION.replace(FLAGS, "")), "SG116")

    assert format_findings(findings, tmp_path) == [
        (
            "wrangler.toml:2:8: error: missing compatibility flag `python_workers`: wrangler rejects a Python Worker"
            ' without it. Add it, as in `compatibility_flags = ["python_workers"]`. [SG116]'
        )
    ]


def test_date_before_workflows(tmp_path: Path) -> None:
    findings = check_project(tmp_path, project_files(CONFIGURATION.replace("2026-03-01", "2025-09-19")), "SG116")

    assert format_findings(findings, tmp_path) == [
        (
            "wrangler.toml:4:23: error: missing compatibility flag `python_workflows`, not implied by the date"
            " 2025-09-19: the workflows never run. Set `compatibility_date` to 2025-09-20 or later, or add the flag."
            " [SG116]"
        )
    ]


def test_missing_flag_and_early_date(tmp_path: Path) -> None:
    configuration = CONFIGURATION.replace(FLAGS, "").replace("2026-03-01", "2025-01-01")

    assert len(check_project(tmp_path, project_files(configuration), "SG116")) == 2


def test_missing_date(tmp_path: Path) -> None:
    (finding,) = check_project(tmp_path, project_files(CONFIGURATION.replace(DATE, "").replace(FLAGS, "")), "SG116")

    assert "`python_workers`" in finding.message


_PRODUCTION = WORKFLOWS.replace("[[workflows]]", "[[env.production.workflows]]")


def test_environment_flags_replace_top_level_flags(tmp_path: Path) -> None:
    files = project_files(f"{CONFIGURATION}\n[env.production]\ncompatibility_flags = []\n{_PRODUCTION}")

    assert [f.span.line for f in check_project(tmp_path, files, "SG116", environment="production")] == [12]


def test_flags_of_all_environments_are_checked_by_default(tmp_path: Path) -> None:
    environments = "[env.staging]\ncompatibility_flags = []\n[env.production]\ncompatibility_flags = []\n"
    files = project_files(f"{CONFIGURATION}\n{environments}{_PRODUCTION}")

    assert [f.span.line for f in check_project(tmp_path, files, "SG116")] == [14]


def test_inherited_flags_are_reported_once(tmp_path: Path) -> None:
    files = project_files(CONFIGURATION.replace(FLAGS, "") + _PRODUCTION)

    assert len(check_project(tmp_path, files, "SG116")) == 1


def test_name_of_another_environments_workflow_is_checked(tmp_path: Path) -> None:
    files = project_files(CONFIGURATION + _PRODUCTION.replace('"orders"', '"my orders"'))

    assert [f.span.line for f in check_project(tmp_path, files, "SG113")] == [13]


def test_environment_inherits_top_level_flags(tmp_path: Path) -> None:
    workflows = WORKFLOWS.replace("[[workflows]]", "[[env.production.workflows]]")

    assert check_project(tmp_path, project_files(f"{HEAD}{workflows}"), "SG116", environment="production") == []


def test_invalid_flags_are_a_configuration_error_only(tmp_path: Path) -> None:
    files = project_files(CONFIGURATION.replace('["python_workers"]', '"python_workers"'))

    assert len(check_project(tmp_path, files, "SG003")) == 1
    assert check_project(tmp_path, files, "SG116") == []


def test_worker_in_another_language_needs_no_flag(tmp_path: Path) -> None:
    configuration = CONFIGURATION.replace(FLAGS, "").replace("entry.py", "src/index.ts")

    assert check_project(tmp_path, project_files(configuration), "SG116") == []


def test_invalid_name_is_flagged_at_its_location(tmp_path: Path) -> None:
    findings = check_project(tmp_path, project_files(CONFIGURATION.replace('"orders"', '"my orders"')), "SG113")

    assert format_findings(findings, tmp_path) == [
        (
            "wrangler.toml:8:8: error: the workflow name 'my orders' contains a space: the deployment fails."
            ' Write "my-orders", or another name of 1 to 64 letters, digits, hyphens and underscores. [SG113]'
        )
    ]


def test_name_of_another_workers_workflow_is_checked(tmp_path: Path) -> None:
    workflow = WORKFLOWS.replace('"orders"', '"other.orders"') + 'script_name = "other"\n'

    assert [f.span.line for f in check_project(tmp_path, project_files(CONFIGURATION + workflow), "SG113")] == [13]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("o" * 65, "has 65 characters, more than 64"),
        ("bestellungen-für-alle", "contains 'ü'"),
        ("-orders", "starts with a hyphen"),
        (r"orders\n", r"contains '\n'"),
    ],
)
def test_message_explains_the_invalid_name(tmp_path: Path, name: str, problem: str) -> None:
    (finding,) = check_project(tmp_path, project_files(CONFIGURATION.replace('"orders"', f'"{name}"')), "SG113")

    assert problem in finding.message


@pytest.mark.parametrize("name", ["o", "o" * 64, "_", "9", "orders-", "a_b-C"])
def test_valid_names(tmp_path: Path, name: str) -> None:
    assert check_project(tmp_path, project_files(CONFIGURATION.replace('"orders"', f'"{name}"')), "SG113") == []
