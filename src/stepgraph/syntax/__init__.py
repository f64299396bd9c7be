"""From bytes to LibCST modules: parsing, source text, positions, and which names each scope binds."""
