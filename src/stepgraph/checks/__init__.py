"""Rules about code that fails or behaves unexpectedly at run time, and their execution."""
