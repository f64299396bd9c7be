"""Drawing of DOT: the choice of the renderer, its environment, and its errors."""

import os
import shutil
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepgraph.render.flow import dot
from stepgraph.render.flow.dot import LINE_WIDTH, DotEngineError, render_dot, svg_of
from stepgraph.render.node_text import name_text
from stepgraph.render.text_width import cell_width, label_lines
from stepgraph.render.view import View
from tests.render.graphs import ORDERS, branch, call, do, either, function, graph

StandIn = Callable[[str, str], Path]

if sys.platform == "win32":
    pytest.skip("the renderers that stand in here are scripts of a POSIX shell", allow_module_level=True)


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Return a function that creates a program on a PATH with nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path / "scripts"))

    def put(name: str, script: str) -> Path:
        return _program(folder / name, script)

    return put


def _program(path: Path, script: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_dot_receives_the_source_and_writes_svg(on_path: StandIn) -> None:
    on_path("dot", 'printf "%s" "$*"; while read -r line; do printf " %s" "$line"; done')
    assert svg_of("digraph {\nü -> b\n}\n") == "-Kdot -Tsvg digraph { ü -> b }"


def test_graphviz_is_preferred_to_graphviz_pure(on_path: StandIn) -> None:
    on_path("dot", "echo dot")
    on_path("graphviz-pure", "echo stand-in")
    assert svg_of("digraph {}") == "dot\n"


@pytest.mark.parametrize("folder", ["nowhere", "scripts", "bin"])
def test_graphviz_pure_is_searched_in_all_locations(on_path: StandIn, tmp_path: Path, folder: str) -> None:
    assert callable(on_path)
    _program(tmp_path / folder / "graphviz-pure", f"echo {folder}")
    assert svg_of("digraph {}") == f"{folder}\n"


def test_without_a_renderer_the_error_names_packages(on_path: StandIn) -> None:
    assert callable(on_path)
    with pytest.raises(DotEngineError, match=r"Graphviz was not found. Install it, or run `pip install .+`") as error:
        svg_of("digraph {}")
    package = str(error.value).rpartition("pip install ")[2].rstrip("`")
    assert f'dot = ["{package}"]' in (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")


def test_a_program_in_the_current_directory_is_not_run(
    on_path: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path("dot", "echo the folder's own")
    monkeypatch.chdir(tmp_path / "bin")
    _program(tmp_path / "usr" / "dot", "echo dot")
    monkeypatch.setenv("PATH", os.pathsep.join([".", "", str(tmp_path / "usr")]))
    assert svg_of("digraph {}") == "dot\n"


def test_a_slow_renderer_is_stopped(on_path: StandIn) -> None:
    program = on_path("dot", "while :; do :; done")
    with pytest.raises(DotEngineError) as raised:
        svg_of("digraph {}", timeout=0.05)
    assert str(raised.value) == (
        f"{program} did not finish in 0.05 seconds. Fold the graph with `--depth`, or draw it without `--engine dot`"
    )


def test_the_error_contains_the_last_message_of_the_renderer(on_path: StandIn) -> None:
    program = on_path("dot", r"echo Warning >&2; printf 'Error: \033[31m<stdin>\n\n' >&2; exit 1")
    with pytest.raises(DotEngineError) as raised:
        svg_of("digraph {}")
    assert str(raised.value) == f"{program} failed: Error: \\x1b[31m<stdin>. Draw the graph without `--engine dot`"


@pytest.mark.parametrize(("script", "status"), [("exit 3", 3), ("exit 0", 0)])
def test_a_renderer_without_output_has_failed(on_path: StandIn, script: str, status: int) -> None:
    on_path("dot", script)
    with pytest.raises(DotEngineError, match=f"failed: it exited with status {status} and no message"):
        svg_of("digraph {}")


def test_warnings_of_a_renderer_are_ignored(on_path: StandIn) -> None:
    on_path("dot", "echo '<svg/>'; echo Warning >&2")
    assert svg_of("digraph {}") == "<svg/>\n"


def test_a_renderer_that_cannot_start_is_an_engine_error(on_path: StandIn) -> None:
    on_path("dot", "").write_bytes(b"\x7fELF nothing of the kind")
    with pytest.raises(DotEngineError, match="dot cannot be run: "):
        svg_of("digraph {}")


def test_the_environment_cannot_redirect_the_renderer(on_path: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GV_FILE_PATH", "/etc")
    monkeypatch.setenv("GVBINDIR", "/tmp")  # noqa: S108 - never looked into
    monkeypatch.setenv("SERVER_NAME", "example.com")
    on_path("dot", 'echo "[$GV_FILE_PATH$GVBINDIR$SERVER_NAME]"')
    assert svg_of("digraph {}") == "[]\n"


def use(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw DOT with this real renderer."""
    path = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if path is None:
        pytest.skip(f"{name} is not installed")
    monkeypatch.setattr(dot, "_candidate_paths", lambda: iter([Path(path)]))


@pytest.fixture(params=[dot.GRAPHVIZ, dot.FALLBACK])
def renderer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of the real renderer in use."""
    name: str = request.param
    use(name, monkeypatch)
    return name


SVG = "{http://www.w3.org/2000/svg}"


def labels(svg: str) -> dict[str, list[str]]:
    """Return the lines of text of every node, edge and cluster by its name in DOT."""
    by_name: dict[str, list[str]] = {}
    for group in ET.fromstring(svg).iter(f"{SVG}g"):  # noqa: S314 - made by the renderer here
        name = group.findtext(f"{SVG}title")
        if name and group.get("class") in {"node", "edge", "cluster"}:
            by_name[name] = [_as_seen("".join(text.itertext())) for text in group.iter(f"{SVG}text")]
    return by_name


def _as_seen(line: str) -> str:
    return line.replace("\xa0", " ").strip(" ")


def shown(text: str) -> list[str]:
    """Return the visible lines of a text, or none if it has no visible characters."""
    lines = [_as_seen(line) for line in label_lines([text], LINE_WIDTH)]
    return [line for line in lines if cell_width(line)]


def test_a_real_renderer_draws_the_order_workflow(renderer: str) -> None:
    drawn = labels(svg_of(render_dot(ORDERS))).values()
    assert renderer
    assert ["Book the carrier [3→4]"] in drawn
    assert ["loop"] in drawn


def test_a_real_renderer_reports_syntax_errors(renderer: str) -> None:
    with pytest.raises(DotEngineError, match=rf"{renderer}\S* failed: .*syntax error"):
        svg_of("digraph {")


@pytest.mark.slow
@pytest.mark.parametrize("letter", ["x", "<", "&", "\\", '"', "日", "🚚", "\x01"])
def test_graphviz_draws_names_of_any_length(letter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(dot.GRAPHVIZ, monkeypatch)
    text = letter * 20_000  # more than the input buffer of its parser
    nodes = either(branch(text, do(text)), branch(None))
    assert svg_of(render_dot(graph(nodes, functions={"f": function(text, do("a"))})))


@pytest.mark.slow
@pytest.mark.parametrize("name", [dot.GRAPHVIZ, dot.FALLBACK])
def test_any_text_is_an_exact_label_everywhere(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(name, monkeypatch)
    _any_text_is_the_exact_label()


markup = st.text(st.sampled_from("<>&#;\\\"'`{}[]|:/%NGTElrHn= .,xé9\xa0\u3000"), max_size=60)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.text(max_size=40) | markup, min_size=4, max_size=8))
def _any_text_is_the_exact_label(texts: list[str]) -> None:
    nodes = [either(branch(text, do(text)), branch(None)) for text in texts]
    functions = {f"f{index}": function(text, do("a")) for index, text in enumerate(texts)}
    drawn = graph(*nodes, *map(call, functions), functions=functions)
    text_of = labels(svg_of(render_dot(drawn, View(expand="none"))))
    for index, text in enumerate(texts):
        step, arrow, function_name = f"n_{index}_b0_0", f"n_{index}_choice->n_{index}_b0_0", f"cluster_f{index}"
        for name, expected in ((step, name_text(text)), (arrow, text), (function_name, text)):
            assert [line for line in text_of[name] if cell_width(line)] == shown(expected)
