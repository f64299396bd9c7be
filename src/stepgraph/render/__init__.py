"""Drawings of version graphs as text, pictures, pages and charts. They depend on the payload only."""
