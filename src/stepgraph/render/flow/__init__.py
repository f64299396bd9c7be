"""Flow charts of boxes and arrows, written as DOT and as Mermaid."""
