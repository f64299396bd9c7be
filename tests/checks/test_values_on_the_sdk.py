"""Of what the engine is given, the rules call wrong what fails when it is executed, and nothing else."""

from __future__ import annotations

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.severity import Severity
from tests.checks.bodies import configured, written
from tests.execution.running import Execution, execute

BEFORE = """
    import math
    from datetime import timedelta
"""


def is_called_wrong(source: str) -> bool:
    """Whether a rule finds an error."""
    return any(found.severity is Severity.ERROR for found in check_analysis(analyze_source(source)))


def run_of(source: str) -> Execution:
    """Run code of which each step takes half a second, and fails at its first attempt."""
    return execute(source, takes=lambda *_: 0.5, fails=lambda *of: KeyError("no luck") if of[-1] == 1 else None)


DURATIONS = [
    *("0", "-1", "1000", "60_000", "None", "True", "False", "math.inf", "timedelta(hours=1)", "b'1'", "(1,)", "{}"),
    *('""', '" "', '"0"', '"-5"', '"1e5"', '"0x1000"', '"Infinity"', '"-Infinity"', '"1e400"', '"1_000"'),
    *('"10s"', '"PT10S"', '"1 hour 30 minutes"', '"ten minutes"', '"1,000 seconds"', '"10\\tminutes"', '"½ hour"'),
    *('"1 hour"', '" 10 minutes"', '"10 minutes "', '"10  minutes"', '"1.5 hours"', '"Infinity days"'),
    *('"0 seconds"', '"-1 second"', '"1 year"', '"365 days"', '"366 days"', '"52 weeks"', '"53 weeks"'),
]

USES = {
    "a sleep": 'await step.sleep("cool down", {})',
    "a wait": 'await step.wait_for_event("approval", "approved", timeout={})',
    "a step's timeout": configured('{{"timeout": {}}}'),
    "a retry's delay": configured('{{"retries": {{"limit": 2, "delay": {}}}}}'),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("duration", DURATIONS)
def test_a_duration_is_called_wrong_if_it_fails(duration: str, use: str) -> None:
    source = written(USES[use].format(duration), BEFORE)
    assert is_called_wrong(source) == run_of(source).failed
