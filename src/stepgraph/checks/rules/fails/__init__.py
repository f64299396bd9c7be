"""SG1: what fails at run time."""
