"""Descriptions of changes in English."""
