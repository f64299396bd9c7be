"""A generated workflow of realistic size: 89 steps in functions, groups, loops, choices and `try` statements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SOURCES: Final = ("stripe", "adyen", "paypal", "klarna", "sepa", "ach", "ledger", "refunds")
CALENDAR: Final = "load calendar"
REPORTS: Final = ("treasury", "tax", "audit", "board")

EDITS: Final[Mapping[str, str]] = {
    '"fetch klarna", config=LIMITS': '"fetch klarna", config=PATIENT',
    '"post entries"': '"post journal entries"',
}
"""A changed setting deep in a function, and a renamed step before a wait: a safe change and a breaking one."""

_HEAD: Final = '''\
"""The daily settlement: ingest all sources, reconcile, post, and report."""

import asyncio

from workers import WorkflowEntrypoint

LIMITS = {"retries": {"limit": 5, "delay": "30 seconds", "backoff": "exponential"}, "timeout": "5 minutes"}
PATIENT = {"retries": {"limit": 12, "delay": "2 minutes", "backoff": "exponential"}, "timeout": "30 minutes"}


class Settlement(WorkflowEntrypoint):
'''

_RUN: Final = """\
    async def run(self, event, step):
{opening}
        if calendar["holiday"]:
            return "closed"
        await asyncio.gather({calls})
{before}
        for account in event["payload"]["accounts"]:
{reconcile}
            if account["difference"] > 0:
{difference}
        try:
{post}
        except ValueError as error:
{rollback}
            raise
        finally:
{unlock}
        await step.sleep("cut-off", "6 hours")
        await step.wait_for_event("approval", {{"type": "approved", "timeout": "2 days"}})
        if event["payload"]["dry"]:
{dry}
            return "dry run"
        await asyncio.gather({reports})
{closing}
        return "settled"
"""

_INGEST: Final = """\
    async def ingest_{name}(self, step, event):
        for page in event["payload"]["{name}"]:
{page}
        if event["payload"]["strict"]:
{validate}
{store}

"""

_REPORT: Final = """\
    async def report_{name}(self, step):
{steps}

"""


def settlement(edits: Mapping[str, str] | None = None) -> str:
    """Return the source of the workflow, with texts replaced by `edits`. Raises ValueError for an unknown text."""
    functions = [_ingest(name) for name in SOURCES] + [_report(name) for name in REPORTS]
    source = _HEAD + "".join(functions) + _run()
    for old, new in (edits or {}).items():
        if old not in source:
            raise ValueError(f"{old} is not in the workflow")
        source = source.replace(old, new)
    return source


def _run() -> str:
    return _RUN.format(
        opening=_steps(2, "open the day", "load accounts", "load rates")
        + "\n"
        + _steps(2, CALENDAR, result="calendar"),
        calls=", ".join(f"self.ingest_{name}(step, event)" for name in SOURCES),
        before=_steps(2, "merge the sources", "deduplicate", "convert currencies", "freeze balances"),
        reconcile=_steps(3, "match entries", "compute the difference"),
        difference=_steps(4, "hold the account", "open a case", "notify accounting"),
        post=_steps(3, "lock the ledger", "post entries", "seal the journal", "verify the balance"),
        rollback=_steps(3, "roll back", "restore balances", "alert the operators"),
        unlock=_steps(3, "unlock the ledger"),
        dry=_steps(3, "discard the draft"),
        reports=", ".join(f"self.report_{name}(step)" for name in REPORTS),
        closing=_steps(2, "archive statements", "publish figures", "close the day", "notify finance", "rotate keys"),
    )


def _ingest(name: str) -> str:
    return _INGEST.format(
        name=name,
        page=_steps(3, f"fetch {name}", f"decode {name}", config="LIMITS"),
        validate=_steps(3, f"validate {name}", f"sign {name}"),
        store=_steps(2, f"store {name}", f"confirm {name}"),
    )


def _report(name: str) -> str:
    return _REPORT.format(name=name, steps=_steps(2, *(f"{verb} {name} report" for verb in ("build", "sign", "send"))))


def _steps(depth: int, *names: str, config: str = "", result: str = "") -> str:
    """Return the code that defines and awaits each step, at a level of indentation."""
    indent = "    " * depth
    blocks: list[str] = []
    for name in names:
        function = "".join(letter if letter.isalnum() else "_" for letter in name)
        settings = f", config={config}" if config else ""
        target = f"{result} = " if result else ""
        blocks.append(
            f'{indent}@step.do("{name}"{settings})\n{indent}async def {function}():\n'
            f'{indent}    return await self.env.API.call("{function}")\n\n{indent}{target}await {function}()'
        )
    return "\n".join(blocks)
