"""The abstract heap: values, names, classes, modules."""
