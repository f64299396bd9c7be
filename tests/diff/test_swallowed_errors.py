"""Changed context managers that swallow errors of the steps in their blocks."""

from __future__ import annotations

from textwrap import indent

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import LogEntry
from tests.diff.test_raising_functions import HEAD, changes_of_modules
from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, failed, log_of, opened

GUARD = """
class Guard:
    def __init__(self, word):
        self.word = word

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        {}

"""
RUN = """
async def run(self, event, step):
    with Guard("{}"):
        await step.do("book")(self.work)()
        await step.do("pay")(self.work)()
    await step.sleep("nap", 1000)
"""
CHANGE = ("`try` around 'book': the errors that its context manager swallows changed", "breaking")


def version(result: str, word: str = "full") -> str:
    return GUARD.format(result) + HEAD + indent(RUN.format(word), "    ")


OLD = version("return self.word in str(error)")


@pytest.mark.parametrize(
    "new", [version("return self.word not in str(error)"), version("return self.word in str(error)", "taken")]
)
def test_other_swallowed_errors(new: str) -> None:
    assert changes_of_modules(OLD, new) == [CHANGE]


def test_equal_swallowed_errors() -> None:
    new = version("text = str(error); print(text); return self.word in text")
    assert changes_of_modules(OLD, new) == []


NAP = opened("nap", "sleep")


@pytest.mark.parametrize(
    ("entries", "effect", "reasons"),
    [
        ([ended("book"), opened("pay")], "resumes", ()),
        ([ended("book"), ended("pay"), NAP], "resumes", ()),
        (
            [failed("book"), NAP],
            "unknown",
            ("The error of `book` may end the instance, because its context manager changed.",),
        ),
        (
            [ended("book"), NAP],
            "unknown",
            ("The error in front of `pay` may end the instance, because its context manager changed.",),
        ),
    ],
)
def test_other_swallowed_errors_on_instances(
    entries: list[LogEntry], effect: InstanceEffect, reasons: tuple[str, ...]
) -> None:
    result = new_code(OLD, version("return not error")).replay(log_of("running", *entries))
    assert (result.effect, result.reasons) == (effect, reasons)
