"""Test SG125: imports of names that a module binds only after it has imported the importing module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks.projects import CONFIGURATION, ENTRY, check_project, format_findings

SDK = "class WorkflowEntrypoint: ...\n"


def findings(folder: Path, files: dict[str, str]) -> list[str]:
    """Return the findings of a project whose main module is `entry.py`."""
    return format_findings(check_project(folder, {"wrangler.toml": CONFIGURATION, **files}, "SG125"), folder)


def is_importable(folder: Path) -> bool:
    """Return whether Python can import the main module of a project with a stand-in for the SDK."""
    sdk = folder / "sdk"
    sdk.mkdir()
    (sdk / "workers.py").write_text(SDK, encoding="utf-8")
    code = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(sdk)!r}]; import entry"
    run = subprocess.run([sys.executable, "-I", "-B", "-c", code], check=False, capture_output=True, text=True)
    assert run.returncode == 0 or "partially initialized module" in run.stderr
    return run.returncode == 0


def test_constant_of_the_main_module(tmp_path: Path) -> None:
    files = {
        "entry.py": "from flows import Orders\n\nLIMIT = 3\n",
        "flows.py": f"from entry import LIMIT\n{ENTRY}",
    }
    assert findings(tmp_path, files) == [
        (
            "flows.py:1:19: error: circular import: entry.py imports flows.py before it defines `LIMIT`, so the import"
            " fails with an ImportError, and the Worker never starts. Move `LIMIT` to a module that does not import"
            " flows.py. [SG125]"
        )
    ]
    assert not is_importable(tmp_path)


@pytest.mark.parametrize(
    ("files", "location"),
    [
        ({"entry.py": f"import a\n{ENTRY}", "a.py": "import b\nX = 1\n", "b.py": "from a import X\n"}, "b.py:1:15"),
        (
            {"entry.py": f"from a import X\n{ENTRY}", "a.py": "from b import Y\nX = 1\n", "b.py": "import c\nY = 1\n"}
            | {"c.py": "from a import X\n"},
            "c.py:1:15",
        ),
        (
            {"entry.py": f"from shop import pay\n{ENTRY}", "shop/__init__.py": "from .pay import pay\nFEE = 1\n"}
            | {"shop/pay.py": "from . import FEE\ndef pay(): ...\n"},
            "shop/pay.py:1:15",
        ),
        (
            {"entry.py": f"from a import X\n{ENTRY}", "a.py": "from b import X\n", "b.py": "from a import X\n"},
            "b.py:1:15",
        ),
        (
            {"entry.py": f"from shop import pay\n{ENTRY}", "shop/__init__.py": "from . import pay, fees\n"}
            | {"shop/pay.py": "from . import fees\n", "shop/fees.py": "from .pay import fees\n"},
            "shop/fees.py:1:18",
        ),
    ],
)
def test_name_that_is_bound_later(files: dict[str, str], location: str, tmp_path: Path) -> None:
    assert [line.partition(": ")[0] for line in findings(tmp_path, files)] == [location]
    assert not is_importable(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        {"entry.py": f"LIMIT = 3\nimport a\n{ENTRY}", "a.py": "from entry import LIMIT\n"},
        {"entry.py": f"import a\n{ENTRY}LIMIT = 3\n", "a.py": "import entry\ndef limit(): return entry.LIMIT\n"},
        {"entry.py": f"import a\n{ENTRY}LIMIT = 3\n", "a.py": "def limit():\n    from entry import LIMIT\n"},
        {
            "entry.py": f"import a\n{ENTRY}LIMIT = 3\n",
            "a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from entry import LIMIT\n",
        },
        {
            "entry.py": f"import a\n{ENTRY}LIMIT = 3\n",
            "a.py": "try:\n    from entry import LIMIT\nexcept ImportError:\n    LIMIT = 1\n",
        },
        {
            "entry.py": f"import b\nimport a\n{ENTRY}",
            "a.py": "import b\nX = 1\n",
            "b.py": "import c\n",
            "c.py": "import a\n",
        },
        {"entry.py": f"import b, a\n{ENTRY}", "a.py": "from entry import b\n", "b.py": ""},
    ],
)
def test_cycle_without_a_failure(files: dict[str, str], tmp_path: Path) -> None:
    assert findings(tmp_path, files) == []
    if "except ImportError" not in str(files):
        assert is_importable(tmp_path)
