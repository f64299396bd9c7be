"""Advice on names of commands and options that other tools have, and this one lacks.

Only runs that end in a usage error import this module.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

_CHECK: Final = "`stepgraph check` finds problems."
_DRAW: Final = "`stepgraph graph` draws workflows, and `stepgraph render` draws saved graphs."
_DIFF: Final = "`stepgraph diff` shows changes and their effect on running instances."
_FIX: Final = "`stepgraph check --fix` applies fixes."
_SETTINGS: Final = "Settings are in `[tool.stepgraph]` of `pyproject.toml`."

COMMAND_ADVICE: Final[Mapping[str, str]] = {
    "analyze": _CHECK,
    "audit": _CHECK,
    "compare": _DIFF,
    "config": _SETTINGS,
    "diagram": _DRAW,
    "fix": _FIX,
    "fmt": f"{_FIX} stepgraph does not format code.",
    "format": f"{_FIX} stepgraph does not format code.",
    "init": _SETTINGS,
    "plan": _DIFF,
    "scan": _CHECK,
    "show": _DRAW,
    "test": "Tests of graphs run with pytest.",
    "validate": _CHECK,
    "view": _DRAW,
    "visualize": _DRAW,
}
"""Advice on each unknown command."""

_BASELINE: Final = "Use `--baseline FILE` with `--update-baseline`."
_DIRECTORY: Final = "Use `stepgraph -C DIR` before the command."
_EXCLUDE: Final = "Set `exclude` or `extend-exclude` in `[tool.stepgraph]` of `pyproject.toml`."
_FAIL_ON: Final = "`--fail-on` sets the levels that fail the check, and `--ignore` hides rules."
_FORMAT: Final = "Use `--format`."
_IGNORE: Final = "Use `--ignore RULES`."
_JUNIT: Final = "Use `-f junit` with `-o FILE`."
_LIST: Final = "`stepgraph list` lists workflows."
_PROCESSES: Final = "The number of processes is chosen automatically."
_RULES: Final = "`stepgraph rules` lists the rules, and `stepgraph rules CODE` explains one."
_SELECT: Final = "Use `--select RULES`."
_SILENT: Final = "Use `--quiet`, and redirect the output to discard it."
_SOURCE: Final = "Findings always show their source. `-f concise` omits it."
_VERBOSE: Final = "There is no verbose output. `-f json` prints all data."
_VERSION: Final = "`stepgraph -V` prints the version."
_WORKFLOW: Final = "Use `--workflow NAME`."

_OPTION_ADVICE: Final[Mapping[str, tuple[str, ...]]] = {
    "--add-noqa": (_BASELINE,),
    "--base": ("Use `--from REV`.",),
    "--cache-dir": ("Set the environment variable STEPGRAPH_CACHE_DIR.",),
    "--chdir": (_DIRECTORY,),
    "--collect-only": (_LIST,),
    "--config": (_SETTINGS,),
    "--config-file": (_SETTINGS,),
    "--cwd": (_DIRECTORY,),
    "--debug": ("Set the environment variable STEPGRAPH_DEBUG to 1.",),
    "--detailed-exitcode": ("Use `--fail-on any`.",),
    "--directory": (_DIRECTORY,),
    "--disable": (_IGNORE,),
    "--disable-error-code": (_IGNORE,),
    "--dry-run": ("`--diff` shows the fixes without applying them.", "Use `--check`."),
    "--enable": (_SELECT,),
    "--enable-error-code": (_SELECT,),
    "--exclude": (_EXCLUDE,),
    "--exit-code": ("Use `--fail-on any`.",),
    "--exit-non-zero-on-fix": ("`--diff` exits with 1 if there are fixes.",),
    "--explain": (_RULES,),
    "--extend-exclude": (_EXCLUDE,),
    "--force-exclude": (_EXCLUDE,),
    "--include": ("Set `include` in `[tool.stepgraph]` of `pyproject.toml`.",),
    "--extend-select": (_SELECT,),
    "--fail-level": (_FAIL_ON,),
    "--filter": (_WORKFLOW,),
    "--fix-only": ("Use `--fix` with `--exit-zero`.",),
    "--generate-baseline": (_BASELINE,),
    "--head": ("Use `--to REV`.",),
    "--jobs": (_PROCESSES,),
    "--junit-xml": (_JUNIT,),
    "--junitxml": (_JUNIT,),
    "--list-files": (_LIST,),
    "--list-rules": (_RULES,),
    "--max-warnings": (_FAIL_ON,),
    "--min-confidence": (_FAIL_ON,),
    "--min-severity": (_FAIL_ON,),
    "--name": (_WORKFLOW,),
    "--no-error-summary": ("Use `--quiet`.",),
    "--no-fix": ("Files change only with `--fix`.",),
    "--no-summary": ("Use `--quiet`.",),
    "--numprocesses": (_PROCESSES,),
    "--per-file-ignores": ("Set `per-file-ignores` in `[tool.stepgraph]` of `pyproject.toml`.",),
    "--preview": ("`--diff` shows the fixes without applying them.",),
    "--project": (_DIRECTORY,),
    "--report-format": (_FORMAT,),
    "--reporter": (_FORMAT,),
    "--rootdir": (_DIRECTORY,),
    "--rule": (_SELECT,),
    "--show-error-codes": ("Findings always show their codes.",),
    "--show-files": (_LIST,),
    "--show-fixes": ("`--diff` shows the fixes without applying them.",),
    "--show-source": (_SOURCE,),
    "--silent": (_SILENT,),
    "--skip": (_IGNORE,),
    "--target": (_WORKFLOW,),
    "--type": (_FORMAT,),
    "--verbose": (_VERBOSE,),
    "--version": (_VERSION,),
    "--workers": (_PROCESSES,),
    "-T": (_FORMAT,),
    "-c": (_SETTINGS,),
    "-d": (_DIRECTORY,),
    "-j": (_PROCESSES,),
    "-k": (_WORKFLOW,),
    "-n": (_PROCESSES,),
    "-p": (_DIRECTORY,),
    "-s": (_SILENT,),
    "-t": (_WORKFLOW,),
    "-v": ("`-V` prints the version.", _VERBOSE),
    "-w": ("Use `--watch`.",),
    "-x": ("Findings of all files are reported at once.",),
}
"""Advice on each unknown option. The first advice whose options the command has applies."""

_NAMED_OPTION: Final = re.compile(r"`(--?[\w-]+)")
_FORMAT_SYNONYMS: Final = {"md": "markdown", "mmd": "mermaid", "txt": "text", "json-lines": "jsonl"}


def advice_on_option(option: str, available: Collection[str], formats: Collection[str]) -> str | None:
    """Return advice on an unknown option of a command with the `available` options and `formats`, or None."""
    for advice in _OPTION_ADVICE.get(option, ()):
        if all(name in available for name in _NAMED_OPTION.findall(advice)):
            return advice
    name = option.lstrip("-")
    format_name = _FORMAT_SYNONYMS.get(name, name)
    return f"Use `-f {format_name}`." if format_name in formats else None
