"""Analyze generated programs with one or several modules."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from stepgraph import WorkflowAnalysis, analyze_file, analyze_source
from tests.proof.programs.modules import GeneratedProgram


def analyze_program(program: GeneratedProgram) -> WorkflowAnalysis:
    """Return the analysis of workflow `W`."""
    if len(program.sources) == 1:
        analysis = analyze_source(program.sources["entry"], "entry.py")
    else:
        with TemporaryDirectory() as folder:
            for name, text in program.sources.items():
                Path(folder, f"{name}.py").write_text(text, encoding="utf-8")
            analysis = analyze_file(Path(folder, "entry.py"))
    return next(workflow for workflow in analysis.workflows if workflow.class_name == "W")
