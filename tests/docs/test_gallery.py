"""The gallery shows what is drawn today."""

from __future__ import annotations

from docs.gallery import draw_svg, gallery, out_of_date


def test_the_gallery_is_up_to_date() -> None:
    assert out_of_date(gallery(draw_svg)) == [], "the gallery is out of date: run `python docs/gallery.py`"
