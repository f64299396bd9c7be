"""Matching of the elements of two trees."""
