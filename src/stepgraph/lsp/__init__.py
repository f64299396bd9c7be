"""The language server of `stepgraph lsp`: findings, and facts about steps, in an editor."""
