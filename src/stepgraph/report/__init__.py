"""Reports of checks and comparisons. Each format is a pure function of one frozen report."""
