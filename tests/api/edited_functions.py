"""A project whose edits are in functions of shared modules, most of which not all workflows use.

The edits change what the functions do to names of other code, and some move the lines after them.
"""

from __future__ import annotations

_HEAD = """\
from workers import WorkflowEntrypoint
import shared
from shared import Service, charge, STEPS
"""
_UNUSED = (
    "    return sorted(value, key=str, reverse=True)  # long enough\n",
    "    return sorted(value, key=repr, reverse=True)  # as long as before\n",
    "    rows = sorted(value, key=str, reverse=True)\n    return [*rows, *rows]\n",
    "    shared.STEPS.append(charge)  # and no return statement\n",
    "    shared.charge = value or (lambda step: None)  # replaced\n",
    "    setattr(Service, 'go', value)  # the method is replaced\n",
    "    class Inner(WorkflowEntrypoint):\n        async def run(self, event, step): ...\n    return Inner\n",
)
_RUN = "\n\nclass {name}(WorkflowEntrypoint):\n    async def run(self, event, step):\n"


def _workflow(name: str, *bodies: str) -> tuple[tuple[str, ...], ...]:
    return ((_HEAD,), ("\n\ndef unused(value):\n",), _UNUSED, (_RUN.format(name=name),), bodies, *_LOCAL)


_LOCAL = (
    ("\n    async def close(self, step):\n",),
    (
        "        await step.sleep('close the order', '5 minutes')\n",
        "        await step.sleep('close the order', '5 min')  # SG\n",
        "        self.closed = True  # the step is not needed here\n",
    ),
)
FUNCTIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "first.py": _workflow(
        "First", "        await charge(step)\n", "        await charge(step)\n        await self.close(step)\n"
    ),
    "second.py": _workflow(
        "Second", "        await Service(step).go()\n", "        await shared.ship(step, shared.NAME)\n"
    ),
    "third.py": _workflow("Third", "        for each in STEPS:\n            await each(step)\n"),
    "shared.py": (
        ("import extra\nNAME = 'charge'\nSTEPS = []\nTABLE = {}\n",),
        ("\n\ndef configure(value):\n",),
        (
            "    return {'retries': {'limit': value, 'delay': 1}}\n",
            "    return {'retries': {'limit': 3, 'delay': value}}\n",
            "    global NAME\n    NAME = value or 'another name'\n",
            "    STEPS.append(charge)\n    STEPS.append(value)\n",
            "    globals()['NAME'] = value or 'another name'\n",
            "    exec('NAME = value or another + name + of + it')\n",
            "    copies = STEPS\n    copies.append(value or charge)\n",
            "    Service.limit = value or (1 + 1 + 1 + 1 + 1)\n",
            "    extra.change(STEPS, value, key='a long keyword')\n",
            "    yield from (value, value, value, value, value)\n",
        ),
        ("\n\nasync def charge(step):\n",),
        (
            "    await step.sleep(NAME, '1 hour')  # a comment here\n",
            "    await step.sleep('charge the card', '1 hour')\n",
            "    await step.sleep(NAME, 1)\n    await rest(step)  # more\n",
            "    await TABLE['rest'](step) if TABLE else await rest(step)\n",
        ),
        ("\n\nasync def ship(step, name):\n",),
        (
            "    await step.do(name)(lambda: configure(name))()\n",
            "    step.sleep(name, '5 min')\n    return configure(name)\n",
            "    for each in STEPS:\n        await each(step)  # a step\n",
        ),
        ("\n\nasync def rest(step):\n",),
        (
            "    await step.sleep('rest for a while', '1 hour')\n",
            "    return hasattr(step, 'cancel') and step.cancel()\n",
        ),
        ("\n\nclass Service:\n    limit = 1\n\n    def __init__(self, step):\n",),
        (
            "        self.step = step\n        self.rows = [NAME, NAME]\n",
            "        self.step, self.go = step, lambda: rest(step)\n",
        ),
        ("\n    async def go(self):\n",),
        (
            "        await self.step.sleep(f'go {self.limit}', 1)\n",
            "        await rest(self.step)\n        self.rows.clear()\n",
        ),
        ("\n    def unused(self, rows):\n",),
        (
            "        return [row for row in rows if row in self.rows]\n",
            "        self.step = None\n        self.limit += len(rows)\n",
            "        STEPS.extend(rows)\n        TABLE['rest'] = charge\n",
        ),
    ),
    "extra.py": (
        ("import shared\n",),
        ("\n\ndef change(steps, *values, **options):\n",),
        (
            "    return [*steps, *values, *options.values(), 1]\n",
            "    steps += values\n    steps.append(options.popitem())\n",
            "    shared.STEPS = values or list(options.values())\n",
        ),
        ("\n\ndef first(value):\n    return value or None\n\n\ndef second(value):\n    return value\n",),
    ),
}
