"""Fixtures that install the GitHub action once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integrations.github_action import INSTALL, read_if_present, run_step
from tests.integrations.traps import Traps, set_traps
from tests.integrations.yaml_files import ROOT


@dataclass(frozen=True)
class Installation:
    """The result of the installing step, which ran in a checkout with traps."""

    runner_temp: Path
    """The temporary directory of the runner."""
    traps: Traps
    triggered: list[str]
    """The names of the traps that the installation triggered."""


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Run the installing step of the action."""
    runner_temp, traps = tmp_path_factory.mktemp("runner"), set_traps(tmp_path_factory.mktemp("traps"))
    source = {"github.action_path": str(ROOT)}
    environment = {**traps.environment, "GITHUB_OUTPUT": str(runner_temp / "outputs")}
    done = run_step(INSTALL, traps.checkout, runner_temp, source, environment)
    assert done.returncode == 0, (traps.names, done.stderr)
    assert read_if_present(runner_temp / "outputs") == f"python={runner_temp}/stepgraph/bin/python\n"
    return Installation(runner_temp, traps, traps.names)


@pytest.fixture
def runner_temp(installation: Installation) -> Path:
    """The temporary directory of the runner, with the installed action."""
    return installation.runner_temp
