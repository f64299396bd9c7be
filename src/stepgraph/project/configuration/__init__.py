"""Parsers of wrangler's configuration and of `pyproject.toml`, which record the position of each value."""
