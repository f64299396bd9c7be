"""Drawings of version graphs as text, pictures, pages and charts, made from a payload and its details alone."""
