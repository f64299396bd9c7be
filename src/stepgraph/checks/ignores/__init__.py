"""Suppression comments: parsing, the match with findings, and unused comments."""
