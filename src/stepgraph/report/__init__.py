"""What was found, told: to people, to programs, to GitHub. Each format is a pure function of one frozen report."""
