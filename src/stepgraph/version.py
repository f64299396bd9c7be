"""The version of this package. The build and `stepgraph --version` read it here."""

__version__ = "0.1.0"
