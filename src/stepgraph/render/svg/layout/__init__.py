"""The conversion of nodes to measured figures."""
