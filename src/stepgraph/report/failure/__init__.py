"""The report of `stepgraph why`: the reason why an instance failed, in each output format."""
