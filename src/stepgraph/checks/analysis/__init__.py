"""Analyses and edits that rules share."""
