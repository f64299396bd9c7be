"""Drawings of version graphs: outlines, SVG, pages, DOT and Mermaid. They depend on the payload only."""
