"""What changes mean for instances in flight."""
