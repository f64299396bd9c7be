"""SG0: what the analysis has to say of itself."""
