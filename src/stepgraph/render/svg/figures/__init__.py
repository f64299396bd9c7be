"""Figures: what a drawing is put together from. Each knows its extents, and draws itself around its spine."""
