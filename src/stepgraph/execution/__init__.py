"""Instances of workflows on their graphs: progress, failures and next steps."""
