"""The names and imports of modules, and the execution order of module bodies."""
