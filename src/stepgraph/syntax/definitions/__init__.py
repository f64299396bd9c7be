"""Definitions of variables, functions and global names, by which the code of two versions is compared."""
