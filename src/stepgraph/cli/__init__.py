"""The command `stepgraph`. Results go to standard output, messages to standard error."""
