"""From nodes to measured figures."""
