"""Edits of source code, and their application to modules."""
