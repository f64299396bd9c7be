"""What changed between two versions of a workflow, and what that means for the instances that run it."""
