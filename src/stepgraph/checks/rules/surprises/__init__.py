"""SG2: what does something else than it says."""
