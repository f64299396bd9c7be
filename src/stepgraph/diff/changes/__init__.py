"""Edits, put together to changes as people speak of them."""
