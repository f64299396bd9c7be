"""What rules share: deciding of durations, kinds of values, settings of steps, and of what varies or may run."""
