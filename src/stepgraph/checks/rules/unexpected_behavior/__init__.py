"""SG2: code with unexpected behavior."""
