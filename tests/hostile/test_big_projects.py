"""Projects and files of extreme size, analyzed in a subprocess.

If `STEPGRAPH_EXAMPLES` is set, they are ten times as large.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.hostile.conftest import Command

IMPORT = "from workers import WorkflowEntrypoint\n"
TIMES = 10 if os.environ.get("STEPGRAPH_EXAMPLES") else 1
RUN = """

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", 1)
"""


def write(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_an_unused_import_cycle_of_5000_modules(process: Command) -> None:
    for number in range(5_000):
        write(f"m{number}.py", f"import m{(number + 1) % 5_000}\n")
    write("entry.py", f"{IMPORT}import m0\n{RUN}")
    assert process("graph", ".").out == "Orders  entry.py:5  1 step · complete\n└─ ◔ rest  sleep 1 ms\n"


@pytest.mark.slow
def test_a_call_cycle_through_hundreds_of_modules(process: Command) -> None:
    for number in range(300 * TIMES):
        body = f"async def f(step):\n    await step.sleep('{number}', 1)\n    await g(step)\n"
        write(f"m{number}.py", f"from m{(number + 1) % (300 * TIMES)} import f as g\n{body}")
    write("entry.py", f"{IMPORT}from m0 import f\n{RUN}        await f(step)\n")
    result = process("check", ".")
    assert result.code in (0, 1)
    assert result.is_graceful


@pytest.mark.slow
def test_a_name_reexported_by_1000_modules(process: Command) -> None:
    for number in range(1_000):
        write(f"m{number}.py", f"from m{number + 1} import {'f' if number % 2 else '*'}\n")
    write("m1000.py", "async def f(step):\n    await step.sleep('found', 1)\n")
    write("entry.py", f"{IMPORT}from m0 import f\n{RUN}        await f(step)\n")
    result = process("graph", ".")
    assert result.code == 0
    assert "found" in result.out


@pytest.mark.slow
def test_modules_with_star_imports_of_each_other(process: Command) -> None:
    for number in range(100):
        stars = "".join(f"from m{(number * factor + 1) % 100} import *\n" for factor in (1, 7, 13))
        write(f"m{number}.py", stars)
    write("entry.py", f"{IMPORT}from m0 import *\n{RUN}        await f(step)\n")
    assert process("check", ".").is_graceful


@pytest.mark.slow
def test_90000_names_in_an_import(process: Command) -> None:
    names = ", ".join(f"name_{number}" for number in range(90_000))
    write("entry.py", f"{IMPORT}from elsewhere import ({names})\n{RUN}        name_7(step)\n")
    assert process("list", "entry.py").code == 0


@pytest.mark.slow
def test_4_megabytes_on_a_line(process: Command) -> None:
    write("entry.py", f"{IMPORT}text = '{'a(' * 2_000_000}'\n{RUN}")
    assert process("list", "entry.py").code == 0


@pytest.mark.slow
def test_megabytes_of_comments(process: Command) -> None:
    comments = "# nothing at all\n" * (120_000 * TIMES)
    write("entry.py", f"{IMPORT}{comments}{RUN}")
    assert process("list", "entry.py").code == 0


@pytest.mark.slow
def test_a_dictionary_of_thousands_of_lines(process: Command) -> None:
    entries = "".join(f"    'key {number}': (1, [2], {{'a': 'b'}}),\n" for number in range(3_000 * TIMES))
    write("entry.py", f"{IMPORT}TABLE = {{\n{entries}}}\n{RUN}")
    assert process("list", "entry.py").code == 0


@pytest.mark.slow
def test_a_workflow_of_thousands_of_steps(process: Command) -> None:
    write("entry.py", IMPORT + RUN + '        await step.sleep("rest", 1)\n' * (2_000 * TIMES))
    result = process("graph", "entry.py", "-f", "svg")
    assert result.code == 0
    assert result.out.count("<title>") >= 1
