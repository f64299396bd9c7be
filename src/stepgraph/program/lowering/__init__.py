"""From syntax to program: an abstract interpreter that reads a workflow class and what it calls."""
