"""Parsing of source files, within the limits of the native parser."""
