"""Graphs of the functions that modules with effects call."""

from __future__ import annotations

from tests.semantics.notation import text

CALLS_A = text("""
    call a
    def a
      sleep 'a' 1
""")


CALLS_B = text("""
    call b
    def b
      sleep 'b' 1
""")


CALLS_A_B = text("""
    call a
    call b
    def a
      sleep 'a' 1
    def b
      sleep 'b' 1
""")


OBJECT = """
class Job:
    def __init__(self):
        self.run = a
        self.runs = []

    @property
    def current(self):
        return self.run

    def add(self, run):
        self.runs.append(run)
        return run

    def build(self):
        return tuple(self.runs)

job = Job()
"""


REGISTER = """
{initial}

def register(job):
    global JOBS
    JOBS = {value}
    return job

"""
