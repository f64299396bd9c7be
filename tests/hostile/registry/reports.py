"""Files with thousands of findings, for reports, baselines, suppression comments and fixes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from stepgraph.cli.formats import REPORT_FORMATS
from tests.hostile.hostile_input import Files, HostileInput, entry

_FORMATS: Final = tuple(REPORT_FORMATS)
_FIX: Final = ("check", ".", "--diff")


def _findings(size: int) -> Files:
    """Return sleeps without `await`."""
    return entry("".join(f"step.sleep('s{n}', 1)\n" for n in range(size)))


def _findings_in_a_line(size: int) -> Files:
    """Return sleeps without `await` on one line."""
    return entry(";".join(f"step.sleep('s{n}', 1)" for n in range(size)))


def _equal_lines(size: int) -> Files:
    """Return a repeated line with one fixable finding."""
    return entry("step.sleep('s', 1)\n" * size)


def _alternating_lines(size: int) -> Files:
    """Return a hundred different lines, half of which have a fixable finding."""
    return entry("".join(f"step.sleep('s{n % 97}', 1)\nawait step.sleep('s{n % 89}', 1)\n" for n in range(size // 2)))


def _repeated_lines(size: int) -> Files:
    """Return fixable lines, each before a repeated line."""
    return entry("".join(f"step.sleep('s{n}', 1)\nx = {n * 7919 % 131}\n" for n in range(size // 2)))


def _suppressed(size: int) -> Files:
    """Return findings, each with a comment that suppresses it."""
    return entry("".join(f"step.sleep('s{n}', 1)  # stepgraph: ignore[SG203] so it is\n" for n in range(size)))


def _comments_of_a_statement(size: int) -> Files:
    """Return a statement with an unused suppression comment on each of its lines."""
    return entry("x = [\n" + "    1,  # stepgraph: ignore[SG203]\n" * size + "]\n")


def _rules_of_a_comment(size: int) -> Files:
    """Return a suppression comment that lists the same rules repeatedly."""
    return entry(f"step.sleep('s', 1)  # stepgraph: ignore[{', '.join(['SG203', 'sleep-not-awaited'] * (size // 2))}]")


def _baseline(size: int) -> Files:
    """Return findings, and a baseline with different findings."""
    findings = [
        {"path": "entry.py", "code": "SG203", "fingerprint": f"{n:024x}", "message": "was here"} for n in range(size)
    ]
    text = json.dumps({"version": 1, "findings": findings})
    return {**_findings(size // 10), "baseline.json": text}


def _environments(size: int) -> Files:
    """Return a configuration with a table for each of many environments."""
    tables = "".join(
        f'[env.e{n}]\n[[env.e{n}.workflows]]\nname = "w{n}"\nbinding = "B"\nclass_name = "Orders"\n'
        for n in range(size)
    )
    head = 'name = "orders"\nmain = "entry.py"\ncompatibility_date = "2026-01-01"\n'
    return {**entry("pass"), "wrangler.toml": f"{head}{tables}"}


def _bindings(size: int) -> Files:
    """Return a configuration with many workflows whose classes are missing."""
    tables = "".join(f'[[workflows]]\nname = "w{n}"\nbinding = "B{n}"\nclass_name = "Orders{n}"\n' for n in range(size))
    head = 'name = "orders"\nmain = "entry.py"\ncompatibility_date = "2026-01-01"\n'
    return {**entry("pass"), "wrangler.toml": f"{head}{tables}"}


def _imports(size: int) -> Files:
    """Return an import of many names from the wrong module."""
    names = ", ".join(f"n{number}" for number in range(size))
    return {"entry.py": f"from cloudflare.workers import WorkflowEntrypoint, {names}\n{_of(entry('pass'))}"}


def _of(files: Files) -> str:
    return str(files["entry.py"])


def _row(name: str, files: Callable[[int], Files], size: int, *command: str) -> HostileInput:
    return HostileInput(name, files, size, command)


INPUTS = [
    *(_row(f"{form}: findings", _findings, 500, "check", ".", "-f", form) for form in _FORMATS),
    *(_row(f"{form}: findings in a line", _findings_in_a_line, 500, "check", ".", "-f", form) for form in _FORMATS),
    _row("fix: findings", _findings, 500, *_FIX),
    _row("fix: findings in a line", _findings_in_a_line, 500, *_FIX),
    _row("fix: equal lines", _equal_lines, 500, *_FIX),
    _row("fix: alternating lines", _alternating_lines, 500, *_FIX),
    _row("fix: repeated lines", _repeated_lines, 1_000, *_FIX),
    _row("fix: names of an import", _imports, 1_000, *_FIX),
    _row("suppressed findings", _suppressed, 500, "check", "."),
    _row("comments of a statement", _comments_of_a_statement, 1_000, "check", "."),
    _row("rules of a comment", _rules_of_a_comment, 1_000, "check", "."),
    _row("baseline of other findings", _baseline, 5_000, "check", ".", "--baseline", "baseline.json"),
    _row(
        "update of such a baseline",
        _baseline,
        5_000,
        "check",
        ".",
        "--baseline",
        "baseline.json",
        "--update-baseline",
    ),
    *(_row(f"{word}: environments", _environments, 500, word, ".") for word in ("check", "list")),
    *(_row(f"{word}: workflows of no class", _bindings, 500, word, ".") for word in ("check", "list")),
]
