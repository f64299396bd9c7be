"""The command `stepgraph`: results on standard output, everything else on standard error, and a telling exit code."""
