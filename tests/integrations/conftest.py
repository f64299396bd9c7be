"""What the tests of the GitHub action share: it is installed once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integrations.github_action import INSTALL, run_step, written
from tests.integrations.traps import Traps, set_traps
from tests.integrations.yaml_files import ROOT


@dataclass(frozen=True)
class Installed:
    """The runner's temporary directory after the step that installs, which ran in a checkout full of traps."""

    runner_temp: Path
    traps: Traps
    sprung: list[str]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Run the step that installs."""
    runner_temp, traps = tmp_path_factory.mktemp("runner"), set_traps(tmp_path_factory.mktemp("traps"))
    source = {"github.action_path": str(ROOT)}
    environment = {**traps.environment, "GITHUB_OUTPUT": str(runner_temp / "outputs")}
    done = run_step(INSTALL, traps.checkout, runner_temp, source, environment)
    assert done.returncode == 0, (traps.names, done.stderr)
    assert written(runner_temp / "outputs") == f"python={runner_temp}/stepgraph/bin/python\n"
    return Installed(runner_temp, traps, traps.names)


@pytest.fixture
def runner_temp(installed: Installed) -> Path:
    """The runner's temporary directory."""
    return installed.runner_temp
