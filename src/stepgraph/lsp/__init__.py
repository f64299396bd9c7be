"""The language server of `stepgraph lsp`: findings, and what the analysis knows about steps, in an editor."""
