"""Drawings of version graphs: outlines, SVG, pages, DOT, Mermaid. They depend on the payload only."""
