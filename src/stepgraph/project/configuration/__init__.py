"""Parsers of wrangler's configuration files, which record the position of each value."""
