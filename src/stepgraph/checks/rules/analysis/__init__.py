"""SG0: inputs, settings and code that stepgraph cannot process, and suppression comments without effect."""
