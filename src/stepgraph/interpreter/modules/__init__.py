"""The names and imports of modules, and the order in which module bodies run."""
