"""SG0: remarks on the analysis itself."""
