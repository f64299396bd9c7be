"""Outlines of version graphs for the terminal."""
