"""Access to the public names of `stepgraph` and `stepgraph.testing`, which are imported on first access."""

from __future__ import annotations

import inspect
import pydoc
import subprocess
import sys
from types import ModuleType

import pytest

import stepgraph
import stepgraph.testing

PACKAGES = [stepgraph, stepgraph.testing]
NAMES = [(package, name) for package in PACKAGES for name in package.__all__ if name != "__version__"]
each_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
each_name = pytest.mark.parametrize(("package", "name"), NAMES, ids=lambda part: getattr(part, "__name__", part))


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@each_name
def test_help_describes_each_name(package: ModuleType, name: str) -> None:
    shown = pydoc.plain(pydoc.render_doc(f"{package.__name__}.{name}"))
    docstring = inspect.getdoc(getattr(package, name))
    assert docstring
    assert docstring.splitlines()[0] in shown


def test_each_name_has_a_signature() -> None:
    assert [name for package, name in NAMES if not inspect.signature(getattr(package, name)).parameters] == []


def test_no_signature_contains_an_address() -> None:
    assert [name for package, name in NAMES if " at 0x" in str(inspect.signature(getattr(package, name)))] == []


@each_package
def test_help_on_a_package_has_all_its_names(package: ModuleType) -> None:
    shown = pydoc.plain(pydoc.render_doc(package))
    assert [name for name in package.__all__ if name != "__version__" and name not in shown] == []


@pytest.mark.slow
def test_help_on_the_package_has_its_version() -> None:
    assert f"\nVERSION\n    {stepgraph.__version__}\n" in pydoc.plain(pydoc.render_doc(stepgraph))


@each_package
def test_dir_lists_the_public_names(package: ModuleType) -> None:
    assert dir(package) == sorted(package.__all__)


@each_package
def test_dir_lists_the_names_before_first_use(package: ModuleType) -> None:
    name = package.__name__
    assert run_python(f"import {name} as p; print(dir(p) == sorted(p.__all__))").stdout == "True\n"


@pytest.mark.slow
@each_package
def test_all_names_can_be_imported_at_once(package: ModuleType) -> None:
    code = f"from {package.__name__} import *; import {package.__name__} as p; print({{*p.__all__}} <= {{*globals()}})"
    assert run_python(code).stdout == "True\n"


def test_a_misspelled_name_gets_a_suggestion() -> None:
    message = "module 'stepgraph' has no attribute 'analyse_file'. Did you mean: 'analyze_file'?"
    assert run_python("import stepgraph; stepgraph.analyse_file").stderr.endswith(f"AttributeError: {message}\n")


@each_package
def test_importing_a_package_imports_no_library(package: ModuleType) -> None:
    libraries = "{'libcst', 'msgspec', 'pydantic', 'networkx', 'graphviz', 'click', 'syrupy', 'pytest'}"
    code = f"import {package.__name__}, sys; print({libraries} & set(sys.modules))"
    assert run_python(code).stdout == "set()\n"
