"""LibCST modules: parsing, source text, positions, name bindings of scopes, and source edits."""
