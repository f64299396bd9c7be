"""`-f png`: pictures for programs that do not show SVG."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run
from tests.cli.graphs import response, save, sleep
from tests.cli.sources import write, write_orders, write_shop
from tests.png_images import first_pixel, needs_png, size_of

WITHOUT_FONTS = '<?xml version="1.0"?><fontconfig></fontconfig>'
STEPGRAPH = (sys.executable, "-m", "stepgraph")


def png(stepgraph: Command, *arguments: str) -> bytes:
    """Return the image of the workflow in `orders.json`."""
    assert stepgraph("render", "orders.json", *arguments, "-o", "a.png", "-q") == Run(0, "", [])
    return Path("a.png").read_bytes()


@needs_png
def test_a_png_has_twice_the_size_of_the_svg(stepgraph: Command) -> None:
    write_orders()
    assert stepgraph("graph", "orders.py", "-o", "a.png") == Run(0, "", ["wrote a.png (1 step)"])
    svg = stepgraph("graph", "orders.py", "-f", "svg").out
    width, height = size_of(Path("a.png").read_bytes())
    assert f'width="{width // 2}" height="{height // 2}"' in svg


@needs_png
def test_a_png_is_light_unless_the_theme_is_dark(stepgraph: Command) -> None:
    save("orders.json", response("Orders", sleep("a")))
    automatic = png(stepgraph)
    assert first_pixel(automatic) == (255, 255, 255, 255)
    assert png(stepgraph, "--theme", "light") == automatic
    assert first_pixel(png(stepgraph, "--theme", "dark")) == (16, 22, 29, 255)


@needs_png
@pytest.mark.parametrize("names", [("charge", "refund"), ("ж", "й"), ("é", "à")])
def test_text_is_drawn(stepgraph: Command, names: tuple[str, str]) -> None:
    images = []
    for name in names:
        save("orders.json", response("Orders", sleep(name)))
        images.append(png(stepgraph))
    assert images[0] != images[1]


@pytest.mark.slow
@needs_png
def test_fonts_of_the_system_do_not_matter(stepgraph: Command) -> None:
    save("orders.json", response("Orders", sleep("charge")))
    write("fonts.conf", WITHOUT_FONTS)
    environment = {**os.environ, "FONTCONFIG_FILE": str(Path("fonts.conf").resolve()), "HOME": str(Path.cwd())}
    command = [*STEPGRAPH, "render", "orders.json", "-f", "png"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert done.stdout == png(stepgraph)


@pytest.mark.slow
@needs_png
def test_an_image_in_a_name_is_not_loaded(stepgraph: Command) -> None:
    secret = Path("secret.svg").resolve()
    save("orders.json", response("Orders", sleep(f'</tspan></text><image width="99" height="99" href="{secret}"/>')))
    before = png(stepgraph)
    write("secret.svg", '<svg xmlns="http://www.w3.org/2000/svg"><rect width="99" height="99" fill="red"/></svg>')
    assert png(stepgraph) == before


@needs_png
def test_a_graph_that_is_too_large_is_refused(stepgraph: Command) -> None:
    save("orders.json", response("Orders", *(sleep(f"s{number}") for number in range(230))))
    run = stepgraph("render", "orders.json", "-o", "a.png")
    assert run == Run(
        2,
        "",
        [
            (
                "stepgraph: Orders: the picture is too large for a PNG: 352 by 35,244 pixels, and the limits are 32,767"
                " pixels per side and 50 million pixels in all. Draw less with `--depth 2` or"
                " `--fold loop,if,function`, or write an SVG."
            )
        ],
    )
    assert not Path("a.png").exists()


@pytest.mark.slow
@needs_png
def test_a_directory_has_an_image_per_workflow(stepgraph: Command) -> None:
    write_shop()
    command = ["graph", "shop.py", "-f", "png", "-o", "out/"]
    assert stepgraph(*command).messages == ["wrote out/Orders.png (1 step)", "wrote out/Returns.png (1 step)"]
    assert stepgraph(*command, "--check") == Run(0, "", [])
    assert stepgraph(*command) == Run(0, "", [])


@needs_png
def test_changed_line_endings_in_an_image_count(stepgraph: Command) -> None:
    save("orders.json", response("Orders", sleep("a")))
    image = png(stepgraph)
    Path("a.png").write_bytes(image.replace(b"\r\n", b"\n"))
    run = stepgraph("render", "orders.json", "-o", "a.png", "--check")
    assert run == Run(1, "", ["a.png is out of date: run `stepgraph render orders.json -o a.png`"])


@needs_png
def test_a_diff_is_drawn(stepgraph: Command) -> None:
    save("old.json", response("Orders", sleep("a")))
    save("new.json", response("Orders", sleep("b")))
    run = stepgraph("diff", "old.json", "new.json", "-o", "changes.png", "-q")
    assert (run.out, run.messages) == ("", [])
    svg = stepgraph("diff", "old.json", "new.json", "-f", "svg").out
    width, height = size_of(Path("changes.png").read_bytes())
    assert f'width="{width // 2}" height="{height // 2}"' in svg


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("arguments", [("graph", "orders.py"), ("diff", "orders.py", "orders.py")])
def test_a_terminal_is_refused(stepgraph: Command, arguments: tuple[str, ...]) -> None:  # noqa: ARG001 - the folder
    write_orders()
    controller, terminal = os.openpty()
    command = [*STEPGRAPH, *arguments, "-f", "png"]
    done = subprocess.run(command, stdout=terminal, stderr=subprocess.PIPE, text=True, check=False)
    os.close(terminal)
    os.close(controller)
    assert (done.returncode, done.stderr) == (
        2,
        (
            "stepgraph: png output is binary, so it is not written to a terminal. Name a file with -o FILE.png, or"
            " redirect standard output.\n"
        ),
    )


@pytest.mark.parametrize(
    "arguments", [("graph", "missing.py"), ("render", "missing.json"), ("diff", "orders.py", "orders.py")]
)
def test_a_missing_package_is_reported_first(
    stepgraph: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    write_orders()
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert stepgraph(*arguments, "-o", "a.png") == Run(
        2,
        "",
        [
            (
                "stepgraph: PNG output requires the extra `png`, which is not installed."
                " Run `pip install 'stepgraph[png]'`, or write an SVG."
            )
        ],
    )
