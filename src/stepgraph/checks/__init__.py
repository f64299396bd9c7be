"""What will fail or surprise at run time: the rules, and running them over workflows."""
