"""The server of `stepgraph serve`: the workflows of the working tree as a live page and as the Workflows API."""
