"""Rules report mistakes in any surroundings, and nothing in generated programs that run without an error."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import indent

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from stepgraph.api import analyze_paths, check_analysis
from stepgraph.checks.diagnostic import Finding, Severity
from tests.checks.mistakes import HERE, IMPORTS, MISTAKES, SURROUNDINGS, surrounded
from tests.effort import example_count, sample
from tests.proof.programs.executing import run_program
from tests.proof.programs.modules import GeneratedProgram, programs

_DATES = {"implicit": "2026-03-01", "legacy": "2026-01-01"}
_RUN = "    async def run(self, event, step):\n"
_SEEDS = range(3)


def generated(count: int) -> list[GeneratedProgram]:
    """Return generated programs, the same ones each time."""
    drawn: list[GeneratedProgram] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(programs())
    def draw(program: GeneratedProgram) -> None:
        drawn.append(program)

    draw()
    return drawn


def findings_in(sources: dict[str, str], mode: str, folder: Path) -> list[Finding]:
    configuration = {
        "name": "seeded",
        "main": "entry.py",
        "compatibility_date": _DATES[mode],
        "compatibility_flags": ["python_workers"],
        "workflows": [{"name": "w", "binding": "W", "class_name": "W"}],
    }
    folder.mkdir()
    for name, text in sources.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    (folder / "wrangler.json").write_text(json.dumps(configuration), encoding="utf-8")
    return list(check_analysis(analyze_paths(folder)))


def with_mistake(program: GeneratedProgram, code: str) -> dict[str, str]:
    """Return the sources of a program with code at the start of `run` of its last class."""
    before, run, after = program.sources["entry"].rpartition(_RUN)
    text = f"{IMPORTS}{before}{run}{indent(code, ' ' * 8)}\n{after}"
    return {**program.sources, "entry": text}


@pytest.mark.slow
def test_mistakes_are_reported_in_any_surroundings(tmp_path: Path) -> None:
    # Short programs, because each is analyzed ten times: the mistake and what surrounds it are the subject.
    bases = [program for program in generated(60) if program.mode == "implicit"]
    bases = sorted(bases, key=lambda program: sum(map(len, program.sources.values())))[:20]
    seeded = [(rule, mistake, surrounding) for rule, mistake in MISTAKES for surrounding in SURROUNDINGS]
    missed = []
    assert len(seeded) >= 500
    for number, (rule, mistake, surrounding) in enumerate(sample(seeded, 60)):
        sources = with_mistake(bases[number % len(bases)], surrounded(mistake, surrounding))
        lines = [n for n, line in enumerate(sources["entry"].splitlines(), 1) if line.endswith(HERE)]
        results = findings_in(sources, "implicit", tmp_path / str(number))
        if not any(finding.code == rule and finding.span.line in lines for finding in results):
            missed.append((rule, surrounding, mistake))
    assert missed == []


@pytest.mark.slow
def test_programs_that_run_have_no_errors(tmp_path: Path) -> None:
    wrong = []
    for number, program in enumerate(generated(example_count(12))):
        findings = findings_in(dict(program.sources), program.mode, tmp_path / str(number))
        errors = [str(finding) for finding in findings if finding.severity is Severity.ERROR]
        if errors and not any(run_program(program, seed, failures=False).execution.failed for seed in _SEEDS):
            wrong += errors
    assert wrong == []
