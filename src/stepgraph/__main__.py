"""`python -m stepgraph` runs the command without the script on PATH.

Python puts the working directory first on the module search path, so a `stepgraph.py` or `click.py` there would run. In
an untrusted checkout, use `python -I -m stepgraph`.
"""

from stepgraph.start import run

if __name__ == "__main__":
    run()
