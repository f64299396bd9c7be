"""Attributes of objects and classes: access, lookup and changes."""
