"""Reports of comparisons of two versions."""
