"""What a version graph says of the order of its steps. Pure functions of the payload."""
