"""SVG documents as PNG, with `resvg-py`."""

from __future__ import annotations

import sys

import pytest

from stepgraph.render.png import PictureTooLargeError, PngError, png_of, require_converter
from tests.png_images import needs_png, size_of


def document(attributes: str, content: str = "") -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{content}</svg>'


@needs_png
@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="30" height="20"', (60, 40)),
        ('width="30px" height="20px"', (60, 40)),
        ('width="72pt"\n height="36pt"', (192, 96)),
    ],
)
def test_a_png_has_twice_the_size(attributes: str, size: tuple[int, int]) -> None:
    assert size_of(png_of(document(attributes))) == size


@needs_png
@pytest.mark.parametrize(("width", "height"), [(16_384, 1), (1, 16_384), (5_000, 2_501), (10**30, 10**30)])
def test_a_large_picture_is_refused(width: int, height: int) -> None:
    with pytest.raises(PictureTooLargeError):
        png_of(document(f'width="{width}" height="{height}"'))


@pytest.mark.slow
@needs_png
def test_the_largest_picture_is_drawn() -> None:
    assert size_of(png_of(document('width="5000" height="2500"'))) == (10_000, 5_000)


@needs_png
@pytest.mark.parametrize("attributes", ["", 'width="1.2.3" height="1"', 'width="100%" height="1"'])
def test_a_document_without_a_size_is_refused(attributes: str) -> None:
    with pytest.raises(PngError, match=r"^the picture has no size, so it cannot be drawn as PNG\. Write an SVG$"):
        png_of(document(attributes))


@needs_png
def test_a_broken_document_is_refused() -> None:
    with pytest.raises(PngError, match=r"^the picture cannot be drawn as PNG: .+\. Write an SVG$"):
        png_of('<svg width="1" height="1"><g>')


@needs_png
def test_deep_nesting_does_not_overflow_the_stack() -> None:
    svg = document('width="1" height="1"', "<g>" * 800 + "</g>" * 800)
    assert size_of(png_of(svg)) == (2, 2)


@pytest.mark.parametrize("package", ["resvg_py", "fontpkg_arimo", "fontpkg_roboto_mono"])
def test_each_package_is_required(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PngError, match=r"^PNG output requires the extra `png`, which is not installed\."):
        require_converter()
