"""Drawings of analyzed workflows: the view of a workflow, its findings at nodes, and the methods of the library."""
