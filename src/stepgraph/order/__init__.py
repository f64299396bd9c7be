"""The order of steps in a payload."""
