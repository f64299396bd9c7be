"""The command `stepgraph`. Results go to standard output, and messages to standard error."""
