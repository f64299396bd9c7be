"""The match of a log with a graph: the step of each entry, and the steps that can begin next."""
