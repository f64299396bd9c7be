"""Groups of options that commands share. Each group is one argument of a command."""
