"""SG1: code that fails at run time or at deployment."""
