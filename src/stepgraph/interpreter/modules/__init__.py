"""Names and imports of modules, and the order in which their bodies run."""
